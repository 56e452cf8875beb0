"""Times that people type: a date and a time on the clocks of a named zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import forms

FORMAT = "%Y-%m-%dT%H:%M"


def to_moment(local: datetime, zone_name: str) -> datetime:
    """The moment at which the clocks of the zone show ``local`` (naive).

    Raises ValueError for a time that the clocks leap over; of a time that they show twice, the first is meant.
    """
    zone = ZoneInfo(zone_name)
    moment = local.replace(tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(
            f"{local:%H:%M} does not exist on that day in {zone_name}: the clocks go forward over it."
        )
    return moment.astimezone(UTC)


def local_text(moment: datetime | None, zone_name: str) -> str:
    """A moment as the clocks of the zone show it, in the form that the field takes; "" for none."""
    return moment.astimezone(ZoneInfo(zone_name)).strftime(FORMAT) if moment else ""


class LocalTimeField(forms.DateTimeField):
    """A date and time without a zone; the form that it is in knows the zone."""

    def __init__(self, **more: object) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=FORMAT)
        formats = [FORMAT, f"{FORMAT}:%S", "%Y-%m-%d %H:%M"]
        super().__init__(**{"input_formats": formats, "widget": widget, **more})

    def to_python(self, value: object) -> datetime | None:
        """The naive local time; Django would read it in the server's own zone."""
        if value in self.empty_values:
            return None
        for pattern in self.input_formats:
            try:
                return datetime.strptime(str(value).strip(), pattern)
            except ValueError:
                continue
        raise forms.ValidationError("Enter a date and a time, such as 2027-03-14 09:00.")

    def prepare_value(self, value: object) -> object:
        return value


def comes_twice(local: datetime, zone_name: str) -> bool:
    """Whether the clocks of the zone show this time twice (the end of daylight saving)."""
    zone = ZoneInfo(zone_name)
    return local.replace(tzinfo=zone, fold=0).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset()


def night_words(moment: datetime, zone_name: str) -> str:
    """A warning where the clocks of the zone show a time at which people sleep; else ""."""
    local = moment.astimezone(ZoneInfo(zone_name))
    if 7 <= local.hour < 21:
        return ""
    return f"It starts at {local:%H:%M} in {zone_name}: people may be asleep."
