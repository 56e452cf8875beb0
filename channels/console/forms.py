"""The form of a connection: its own fields, and those that its provider names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from channels.domain.states import TRACKING_CHOICES, TRACKING_HTML
from channels.providers.base import Provider, SettingField

PREFIX = "setting-"


class ConnectionForm(forms.Form):
    """Name, limits and the provider's settings. A secret is never shown; left empty, it stays as it is."""

    name = forms.CharField(max_length=120, label="Name", help_text="For example: Newsletter SMTP.")

    def __init__(
        self,
        data: Any,
        files: Any = None,
        *,
        provider: Provider,
        secrets: Sequence[str] = (),
        initial: Any = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.provider = provider
        for setting in provider.fields:
            self.fields[PREFIX + setting.name] = _field(setting, setting.name in secrets)
        self.fields["rate_per_second"] = forms.FloatField(
            required=False, min_value=0.001, label="At most so many messages a second",
            help_text="Empty: as fast as it goes.",
        )  # fmt: skip
        self.fields["parallelism"] = forms.IntegerField(
            initial=4, min_value=1, label="Calls at once", help_text="Over all workers together."
        )
        for name, label, help_text in _HOURS:
            self.fields[name] = forms.TimeField(
                required=False,
                label=label,
                help_text=help_text,
                widget=forms.TimeInput(attrs={"type": "time"}),
            )
        if "email" in provider.kinds:
            self.fields["tracking"] = forms.ChoiceField(
                required=False, choices=TRACKING_CHOICES, initial=TRACKING_HTML, label="Count opens and clicks of",
                help_text="Links lead over this console, and HTML ends with an invisible picture.",
            )  # fmt: skip

    def payload(self) -> dict[str, Any]:
        """The API's shape."""
        values = self.cleaned_data
        settings = {
            setting.name: values[PREFIX + setting.name]
            for setting in self.provider.fields
            if values.get(PREFIX + setting.name) is not None
        }
        return {
            "name": values["name"],
            "settings": settings,
            "rate_per_second": values["rate_per_second"],
            "parallelism": values["parallelism"],
            "hours": {name: _span(values, name) for name in ("quiet", "window")},
            **({"tracking": values["tracking"]} if values.get("tracking") else {}),
        }

    def take_errors(self, fields: dict[str, str]) -> None:
        """Put the service's problems (settings.host) beside their fields."""
        for path, text in fields.items():
            name = PREFIX + path.removeprefix("settings.") if path.startswith("settings.") else path
            if path.startswith("hours."):
                name = f"{path.split('.')[1]}_until"
            self.add_error(name if name in self.fields else None, text)


_HOURS = (
    ("quiet_from", "Quiet hours from", "On each person's own clock; nothing is sent to them then."),
    ("quiet_until", "Quiet hours until", "Their messages wait, and go out afterwards at the usual rate."),
    ("window_from", "Only from", "On the clock of this workspace."),
    ("window_until", "Only until", ""),
)


def hours_initial(hours: Mapping[str, Any]) -> dict[str, str]:
    """Stored hours as the form's fields."""
    return {f"{name}_{end}": text for name, span in hours.items() for end, text in span.items()}


def _span(values: Mapping[str, Any], name: str) -> dict[str, str] | None:
    """A span in the API's shape; with one end left out, the service says what is missing."""
    ends = {end: values.get(f"{name}_{end}") for end in ("from", "until")}
    return {end: f"{value:%H:%M}" for end, value in ends.items() if value} or None


def _field(setting: SettingField, is_set: bool) -> forms.Field:
    common: dict[str, Any] = {"label": setting.label, "help_text": setting.help, "initial": setting.default}
    if setting.type == "boolean":
        return forms.BooleanField(required=False, **common)
    if setting.type == "choice":
        return forms.ChoiceField(choices=setting.choices, required=setting.required, **common)
    if setting.type == "number":
        # The provider's own check knows the limits and says them in words; here only what is no number is refused.
        return forms.FloatField(required=setting.required and setting.default is None, **common)
    if setting.type == "secret":
        widget = forms.PasswordInput(
            attrs={"autocomplete": "new-password", "placeholder": "Set; type to change it" if is_set else ""}
        )
        return forms.CharField(
            required=setting.required and not is_set,
            widget=widget,
            strip=False,
            label=setting.label,
            help_text=setting.help,
        )
    widget_of_text = (
        forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}) if setting.type == "lines" else None
    )
    return forms.CharField(
        required=setting.required and setting.default is None,
        widget=widget_of_text,
        strip=setting.type != "lines",
        **common,
    )
