"""The form of a confirmation: the fields that an action asks for, made from what its impact says.

An impact has ``needs_time`` (names of times), ``asks`` and ``choices`` (one question), ``needs_comment`` and
``needs_name``; see campaigns.services.impact.
"""

from __future__ import annotations

from typing import Any

from django import forms

from config.console.local_time import LocalTimeField, to_moment

TIME_LABELS = {"starts_at": "Start at", "stops_at": "Stop at"}
QUESTIONS = {
    "mode": "What about the people in progress?",
    "audience": "Who enters?",
    "start_now": "Its time has passed",
}


class ImpactForm(forms.Form):
    """Asks what the action needs to know. ``confirm`` is the text to type where it asks for one.

    ``zone`` is the time zone of its times; "" where they are for several campaigns, each in its own.
    """

    def __init__(self, data: Any, *, impact: Any, zone: str, confirm: str, **more: Any) -> None:
        super().__init__(data, **more)
        self.impact, self.zone, self.confirm = impact, zone, confirm
        self._ask_times()
        if impact.asks:
            # A passed start time may be answered by a new time instead.
            self.fields[impact.asks] = forms.ChoiceField(
                label=QUESTIONS.get(impact.asks, impact.asks),
                choices=[(choice.value, choice.label) for choice in impact.choices],
                widget=forms.RadioSelect,
                required=impact.asks != "start_now",
                error_messages={"required": "Choose one of them."},
            )
        if impact.needs_comment:
            widget = forms.Textarea(attrs={"rows": 3})
            self.fields["comment"] = forms.CharField(label="Comment", widget=widget, max_length=2000)
        if impact.needs_name:
            self.fields["name"] = forms.CharField(
                label=f"Type “{confirm}” to confirm",
                widget=forms.TextInput(attrs={"autocomplete": "off", "size": 40}),
            )

    def _ask_times(self) -> None:
        zone = self.zone or "each campaign's own time zone"
        for name in self.impact.needs_time:
            only = len(self.impact.needs_time) == 1 and not self.impact.asks
            self.fields[name] = LocalTimeField(label=f"{TIME_LABELS[name]} ({zone})", required=only)

    def clean_name(self) -> str:
        if self.cleaned_data["name"].strip() != self.confirm.strip():
            raise forms.ValidationError(f"Type “{self.confirm}”, exactly.")
        return self.cleaned_data["name"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name in self.impact.needs_time:
            if values.get(name) and self.zone:
                try:
                    to_moment(values[name], self.zone)
                except ValueError as error:
                    self.add_error(name, str(error))
        return values

    def params(self, zone: str = "") -> dict[str, Any]:
        """What the gateway gets, the times in ``zone`` (the form's own where none is given).

        What was left empty is left out, except times, where empty clears. ValueError for a time that the clocks of
        the zone leap over.
        """
        values = self.cleaned_data
        params: dict[str, Any] = {}
        for name in self.impact.needs_time:
            local = values.get(name)
            params[name] = to_moment(local, zone or self.zone) if local else None
        for name in (self.impact.asks, "comment"):
            if name and values.get(name):
                params[name] = values[name]
        return params
