"""/calendar/<campaign>/move/: another time for a start, a stop or a run, through the same service as editing *When*.

Dragging opens it with the day; the *Move* button opens it without, which is the keyboard's way.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from campaigns.console.outcomes import DONE, VERBS, Becoming, becoming
from campaigns.console.pages import OfCampaign, refusals_as_pages
from campaigns.domain.deliveries import MULTIPLE_DATES, RECURRING
from campaigns.domain.editing import EditRule, why_locked
from campaigns.domain.recurrence import read_moment
from campaigns.services.calendar import MESSAGE, RUN, START, STOP
from campaigns.services.editing import rights, save_edit
from campaigns.services.errors import ActionError, NotAllowed, Stale
from campaigns.services.send_schedule import KEY, messages_of
from config.console.local_time import LocalTimeField, comes_twice, local_text, to_moment
from config.console.views import ActionView

_WORDS = {START: "start", STOP: "stop", RUN: "run", MESSAGE: "message"}
_BY_RULE = (
    "Its runs follow from a rule, so one of them cannot be moved by itself; change the rule under When."
)


class MoveForm(forms.Form):
    """The new time, on the clocks of the workspace's zone."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    time = LocalTimeField()

    def __init__(self, data: Any = None, *, zone: str, **more: Any) -> None:
        super().__init__(data, **more)
        self.zone = zone
        self.fields["time"].label = f"New time ({zone})"

    def clean_time(self) -> datetime:
        local = self.cleaned_data["time"]
        try:
            moment = to_moment(local, self.zone)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        self.twice = comes_twice(local, self.zone)
        return moment


class Move(OfCampaign, ActionView):
    """Asks for the time and says what becomes of it; where it cannot be moved, why not."""

    template_name = "campaigns/move.html"
    write_ability = "edit_campaigns"
    refusals = (ActionError,)
    warning = ""

    @property
    def what(self) -> str:
        found = self.request.GET.get("what", START)
        if found not in _WORDS:
            raise Http404
        return found

    @cached_property
    def moved(self) -> datetime | None:
        """The time that is to change: the campaign's own, or of a run the one that the address names."""
        if self.what in (RUN, MESSAGE):
            return read_moment(self.request.GET.get("at", "").replace(" ", "+"))
        return self.campaign.starts_at if self.what == START else self.campaign.stops_at

    @property
    def rule(self) -> EditRule:
        return rights(self.campaign, self.membership, timezone.now())

    @property
    def becoming(self) -> Becoming:
        return becoming(self.campaign, "when", self.rule)

    @property
    def reason(self) -> str:
        """Why it cannot be moved; "" where it can."""
        campaign, rule = self.campaign, self.rule
        if "when" not in rule.sections:
            return rule.popup or why_locked("when", campaign.lifecycle.title, campaign.look.label)
        delivery = campaign.delivery or {}
        if delivery.get("type") == RECURRING and self.what != STOP:
            return _BY_RULE
        if self.moved is None:
            return f"It has no {_WORDS[self.what]} at a set time any more."
        if self.what == MESSAGE and not self._moved_messages():
            return "No message goes out at that time any more."
        if self._in_list() and self.moved not in map(read_moment, delivery.get("at") or []):
            return "This run is not among its dates any more."
        return ""

    def _moved_messages(self) -> list[int]:
        """The messages that go out at the time that the address names."""
        return [one.pk for one in messages_of(self.campaign) if one.sends_at == self.moved]

    def _in_list(self) -> bool:
        is_list = (self.campaign.delivery or {}).get("type") == MULTIPLE_DATES
        return is_list and self.what not in (STOP, MESSAGE)

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        zone = self.workspace.timezone
        initial = {"version": self.campaign.version, "time": self._suggested(zone)}
        return MoveForm(data, zone=zone, initial=initial)

    def _suggested(self, zone: str) -> str:
        """The time that it has; on the day on which it was dropped."""
        present = local_text(self.moved, zone)
        try:
            day = date.fromisoformat(self.request.GET.get("on", ""))
        except ValueError:
            return present
        clock = self.moved.astimezone(ZoneInfo(zone)).strftime("%H:%M") if self.moved else "09:00"
        return f"{day.isoformat()}T{clock}"

    def save(self, form: Any) -> str:
        moment, now = form.cleaned_data["time"], timezone.now()
        with refusals_as_pages():
            if self.reason:
                raise NotAllowed(self.reason)
            params = {"starts_at": moment} if self.becoming.asks_time else {}
            version = form.cleaned_data["version"]
            edited = save_edit(
                self.campaign.pk, self.actor, self._payload(moment), version, now, params=params
            )
        messages.success(
            self.request, DONE[edited.outcome].format(f"when “{self.campaign.name}” {self._verb}")
        )
        zone = ZoneInfo(self.workspace.timezone)
        return f"{reverse('calendar:calendar')}?{self._back(moment.astimezone(zone).date())}"

    @property
    def _verb(self) -> str:
        return {START: "starts", STOP: "stops", RUN: "runs", MESSAGE: "sends its message"}[self.what]

    def _payload(self, moment: datetime) -> dict[str, Any]:
        """The change in the API's shape."""
        written = moment.astimezone(UTC).isoformat()
        if self.what == MESSAGE:
            return {KEY: [{"id": pk, "sends_at": written} for pk in self._moved_messages()]}
        if self._in_list():
            delivery = self.campaign.delivery
            times = [written if read_moment(at) == self.moved else at for at in delivery["at"]]
            return {"delivery": {**delivery, "at": times}}
        return {"stops_at" if self.what == STOP else "starts_at": written}

    def _back(self, on: date) -> str:
        """The calendar as it was, at the day of the new time."""
        kept = [(key, value) for key, value in self._calendar() if key != "on"]
        return urlencode([*kept, ("on", on.isoformat())])

    def _calendar(self) -> list[tuple[str, str]]:
        """The query of the calendar that it was opened from."""
        given = QueryDict(self.request.GET.get("calendar", ""))
        return [(key, value) for key, values in given.lists() for value in values]

    def refused(self, form: forms.Form, refusal: Exception) -> HttpResponse:
        """What was typed stays; a stale version is brought up to date, so that a second press means what is shown."""
        if isinstance(refusal, Stale):
            del self._campaign
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["version"] = str(self.campaign.version)
        self.warning = str(refusal)
        return self.show(form, getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        reason = self.reason
        return {
            "title": f"Move the {_WORDS[self.what]} of “{self.campaign.name}”",
            "campaign": self.campaign,
            "moved": self.moved,
            "zone": self.workspace.timezone,
            "reason": reason,
            "warning": "" if self.warning == reason else self.warning,
            "becoming": self.becoming if not reason else None,
            "verb": "Move it"
            if self.becoming.verb == VERBS["save"]
            else self.becoming.verb.replace("Save", "Move it"),
            "when_url": reverse("campaigns:edit-when", args=[self.campaign.pk]),
            "can_edit_when": "when" in self.rule.sections,
            "back_url": f"{reverse('calendar:calendar')}?{urlencode(self._calendar())}",
        }
