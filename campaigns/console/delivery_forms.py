"""The schedule of a message as people set it: once, again and again, on dates, or as something happens to each person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from campaigns.console.forms import FREQUENCIES, ZONES, VersionForm
from campaigns.console.rule_fields import CUSTOM, rule_fields, rule_text
from campaigns.domain.deliveries import (
    ACTION,
    API,
    DATE_TIME,
    INACTION,
    MULTIPLE_DATES,
    ONE_BY_ONE,
    RECURRING,
    delivery_problems,
    type_of,
)  # fmt: skip
from campaigns.domain.recurrence import read_moment
from campaigns.domain.recurrence_words import DAYS
from config.console.local_time import FORMAT, LocalTimeField, comes_twice, local_text, to_moment

NOW, AT = "now", "at"
MODES = [
    (NOW, "Once, as soon as it is published"),
    (AT, "Once, at a time"),
    (RECURRING, "Again and again"),
    (MULTIPLE_DATES, "On several dates"),
    (ACTION, "When a person does something"),
    (INACTION, "When a person does not do something"),
    (DATE_TIME, "On a date of each person, like a birthday"),
    (API, "When a program calls the API"),
]
UNITS = [
    ("DAILY", "days"), ("WEEKLY", "weeks"), ("MONTHLY", "months"), ("YEARLY", "years"), ("HOURLY", "hours"),
    (CUSTOM, "by a rule of RFC 5545"),
]  # fmt: skip
MONTH_DAYS = [
    ("same", "On the same day of the month as the first run"),
    ("last", "On the last day of the month"),
    ("weekday", "On the first run's weekday, such as each second Tuesday"),
]
ENDS = [("never", "Never"), ("on", "On a day"), ("after", "After some runs")]
#: Empty fields for more dates than there are.
_SPARE = 2
#: Fields that have to be filled in where they are shown.
_NEEDED = (
    "starts_at", "every", "unit", "month_day", "rule", "ends", "until", "times", "event", "without", "within",
    "attribute", "clock", "frequency", "at_most_every",
)  # fmt: skip
#: Which field a problem of the delivery belongs to, by the delivery's type and the API's key.
_FIELD = {
    "rrule": "every", "starts_at": "starts_at", "event": "event", "delay": "delay", "without": "without",
    "within": "within", "attribute": "attribute",
}  # fmt: skip


class DatesField(forms.Field):
    """Any number of local times, each in a field of its own; empty ones do not count."""

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=forms.MultipleHiddenInput, **more)

    def clean(self, value: Any) -> list[datetime]:
        one = LocalTimeField(required=False)
        return [moment for text in value or [] if (moment := one.clean(text))]


class DeliveryForm(VersionForm):
    """Every way in which a message is delivered; the parts that do not belong to the chosen one are not looked at."""

    timezone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES], label="Time zone"
    )
    mode = forms.ChoiceField(label="When does it go out?", choices=MODES, widget=forms.RadioSelect)
    starts_at = LocalTimeField(label="Start at", required=False)
    every = forms.IntegerField(label="Every", required=False, min_value=1, max_value=999, initial=1)
    unit = forms.ChoiceField(label="Unit", choices=UNITS, required=False, initial="DAILY")
    weekdays = forms.MultipleChoiceField(
        label="On these days", required=False, choices=list(DAYS.items()), widget=forms.CheckboxSelectMultiple
    )
    month_day = forms.ChoiceField(
        label="Day of the month", choices=MONTH_DAYS, required=False, initial="same"
    )
    rule = forms.CharField(
        label="Rule",
        required=False,
        max_length=500,
        help_text="For example FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
    )
    ends = forms.ChoiceField(label="Ends", choices=ENDS, required=False, initial="never")
    until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    times = forms.IntegerField(label="Number of runs", required=False, min_value=1, max_value=10_000)
    dates = DatesField(label="Dates", required=False)
    event = forms.CharField(label="Event", required=False, max_length=100, help_text="Such as purchase.")
    delay = forms.CharField(
        label="Wait before sending",
        required=False,
        max_length=40,
        help_text="Such as 2 hours; empty: at once.",
    )
    without = forms.CharField(label="and then not", required=False, max_length=100)
    within = forms.CharField(label="within", required=False, max_length=40, help_text="Such as 3 days.")
    attribute = forms.CharField(
        label="Attribute",
        required=False,
        max_length=100,
        help_text="It holds each person's date, like 2027-03-14.",
    )
    clock = forms.TimeField(
        label="At", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="By each person's own clock.",
    )  # fmt: skip
    frequency = forms.ChoiceField(choices=FREQUENCIES, label="How often may a person get it", required=False)
    at_most_every = forms.CharField(
        label="in this time", required=False, max_length=40, help_text="For example: 30 days."
    )
    stops_at = LocalTimeField(label="Stop at", required=False)

    def __init__(self, data: Any, files: Any, **more: Any) -> None:
        super().__init__(data, files, **more)
        self.twice: list[str] = []
        self.delivery: dict[str, Any] = {}

    @property
    def date_values(self) -> list[str]:
        """What the fields of the dates show: those that there are, and some empty ones for more."""
        found = self["dates"].value() or []
        return [*(str(value) for value in found if value), *[""] * _SPARE]

    def name_needed(self) -> DeliveryForm:
        """Before it is shown: what the chosen way cannot do without is not called optional."""
        for name in _NEEDED:
            self.fields[name].required = True
        self.use_required_attribute = False
        return self

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "timezone" not in values or "mode" not in values:
            return values
        for name in ("starts_at", "stops_at"):
            if values.get(name):
                values[name] = self._moment(name, values[name], values["timezone"])
        if values["mode"] == AT and not values.get("starts_at") and "starts_at" not in self.errors:
            self.add_error("starts_at", "Enter the time at which it goes out.")
        if not self.errors:
            self._build(values)
        return values

    def _moment(self, name: str, local: datetime, zone: str) -> datetime | None:
        if comes_twice(local, zone):
            self.twice.append(name)
        try:
            return to_moment(local, zone)
        except ValueError as error:
            self.add_error(name, str(error))
            return None

    def _build(self, values: dict[str, Any]) -> None:
        mode = values["mode"]
        self.delivery = _MAKERS[mode](self, values)
        for path, problem in delivery_problems(self.delivery, "message", values["timezone"]).items():
            key = path.removeprefix("delivery.")
            field = _FIELD.get(key)
            if key == "at":
                field = "clock" if mode == DATE_TIME else "dates" if mode == MULTIPLE_DATES else "starts_at"
            if key == "rrule" and values.get("unit") == CUSTOM:
                field = "rule"
            self.add_error(field, problem)

    def moments(self, values: Mapping[str, Any]) -> list[datetime]:
        """The dates as moments, each refused by itself where the clocks leap over it."""
        found = [self._moment("dates", local, values["timezone"]) for local in values.get("dates") or []]
        return [moment for moment in found if moment is not None]

    def payload(self, sections: list[str]) -> dict[str, Any]:
        """The API's shape; how often a person gets it belongs to *who*, so it is left out where that is locked."""
        values = self.cleaned_data
        found: dict[str, Any] = {"timezone": values["timezone"], "delivery": self.delivery}
        mode = values["mode"]
        if mode in ONE_BY_ONE:
            found["starts_at"] = values["starts_at"]
        if mode in (RECURRING, *ONE_BY_ONE):
            found["stops_at"] = values["stops_at"]
        if mode in (ACTION, INACTION, API) and "who" in sections:
            chosen = values["frequency"] or "once"
            found["frequency"] = (
                {"at_most_every": values["at_most_every"]} if chosen == "at_most_every" else {chosen: True}
            )
        return found


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _recurring(form: DeliveryForm, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": RECURRING, "rrule": rule_text(values), "starts_at": _text(values["starts_at"])}


def _dates(form: DeliveryForm, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": MULTIPLE_DATES, "at": [moment.isoformat() for moment in form.moments(values)]}


def _keys(kind: str, *names: str) -> Any:
    def make(form: DeliveryForm, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": kind} | {name: values[name].strip() for name in names if values[name].strip()}

    return make


def _date_time(form: DeliveryForm, values: Mapping[str, Any]) -> dict[str, Any]:
    clock = values["clock"]
    return {
        "type": DATE_TIME, "attribute": values["attribute"].strip(), "at": f"{clock:%H:%M}" if clock else "",
    }  # fmt: skip


_MAKERS: dict[str, Any] = {
    NOW: lambda form, values: {"type": "one_time"},
    AT: lambda form, values: {"type": "one_time", "at": _text(values["starts_at"])},
    RECURRING: _recurring,
    MULTIPLE_DATES: _dates,
    ACTION: _keys(ACTION, "event", "delay"),
    INACTION: _keys(INACTION, "event", "without", "within"),
    DATE_TIME: _date_time,
    API: _keys(API),
}


def initial_of(campaign: Any) -> dict[str, Any]:
    """The fields' values for a campaign."""
    delivery, zone = campaign.delivery, campaign.timezone
    name = type_of(delivery)
    values: dict[str, Any] = {
        "timezone": zone,
        "mode": name if delivery and name != "one_time" else AT if campaign.starts_at else NOW,
        "starts_at": local_text(campaign.starts_at, zone),
        "stops_at": local_text(campaign.stops_at, zone),
        "every": 1,
        **{key: delivery.get(key, "") for key in ("event", "delay", "without", "within", "attribute")},
    }
    if name == RECURRING:
        start = read_moment(delivery.get("starts_at"))
        values |= {"starts_at": local_text(start, zone), **rule_fields(delivery.get("rrule"), start, zone)}
    elif name == MULTIPLE_DATES:
        moments = [read_moment(text) for text in delivery.get("at") or []]
        values["dates"] = [moment.astimezone(ZoneInfo(zone)).strftime(FORMAT) for moment in moments if moment]
    elif name == DATE_TIME:
        values["clock"] = delivery.get("at", "")
    every = campaign.frequency.get("at_most_every")
    default = "every_time" if name == API and not campaign.frequency else "once"
    chosen = "at_most_every" if every else "every_time" if campaign.frequency.get("every_time") else default
    return {**values, "frequency": chosen, "at_most_every": every or ""}
