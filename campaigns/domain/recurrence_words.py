"""A delivery in words, as a person would say it: “every 2 weeks on Monday and Thursday at 09:00 (Europe/Berlin)”. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.domain.durations import duration_words
from campaigns.domain.recurrence import occurrences, read_moment
from campaigns.domain.recurrence_rules import Rule, RuleError, parse_rule

_UNITS = {
    "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year",
}  # fmt: skip
DAYS = {
    "MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
    "SU": "Sunday",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second to last"}
#: Days that some months do not have.
_RARE_DAYS = (29, 30, 31)


def in_words(delivery: Mapping[str, Any], time_zone: str) -> str:
    """What the delivery says, as one sentence without its full stop."""
    return _WORDS[delivery.get("type") or "one_time"](delivery, time_zone)


def _one_time(delivery: Mapping[str, Any], time_zone: str) -> str:
    found = occurrences(delivery, time_zone, count=1)
    return f"Once, on {found[0].stated} ({time_zone})" if found else "Once, as soon as it is published"


def _multiple_dates(delivery: Mapping[str, Any], time_zone: str) -> str:
    times = occurrences(delivery, time_zone, count=4)
    total = len(delivery.get("at") or [])
    listed = [found.stated for found in times[:3]]
    if total > len(listed):
        listed.append(f"{total - len(listed)} more")
    return f"On {total} {'date' if total == 1 else 'dates'}: {_listed(listed)} ({time_zone})"


def _recurring(delivery: Mapping[str, Any], time_zone: str) -> str:
    start = read_moment(delivery.get("starts_at"))
    try:
        rule = parse_rule(delivery.get("rrule"))
    except RuleError:
        return "Again and again"
    anchor = start.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None) if start else None
    words = [_every(rule), _on(rule, anchor), _in_months(rule, anchor), _at(rule, anchor)]
    said = " ".join(word for word in words if word) + f" ({time_zone})"
    return "; ".join(part for part in (said, _end(rule), _left_out(rule, anchor)) if part)


def _every(rule: Rule) -> str:
    unit = _UNITS[rule.frequency]
    return f"Every {unit}" if rule.interval == 1 else f"Every {rule.interval} {unit}s"


def _on(rule: Rule, anchor: datetime | None) -> str:
    """On which days: those that the rule names, else those that follow from its start."""
    days = [_day(written) for written in rule.parts.get("BYDAY", "").split(",") if written]
    dates = [_date(number) for number in rule.numbers("BYMONTHDAY")]
    chosen = rule.numbers("BYSETPOS")
    if chosen and days:
        return f"on the {_listed(_ordinal(number) for number in chosen)} of {_listed(days)}"
    if days and dates:
        return f"on {_listed(days)} if it is {_listed(dates)}"
    if days or dates:
        return f"on {_listed(days or dates)}"
    if anchor is None:
        return ""
    if rule.frequency == "WEEKLY":
        return f"on {list(DAYS.values())[anchor.weekday()]}"
    if rule.frequency == "MONTHLY":
        return f"on {_date(anchor.day)}"
    # A rule by the year that names months keeps the day of its start; _in_months says the month.
    return f"on {_date(anchor.day)}" if rule.frequency == "YEARLY" else ""


def _in_months(rule: Rule, anchor: datetime | None) -> str:
    months = rule.numbers("BYMONTH")
    if not months and rule.frequency == "YEARLY" and anchor and not rule.parts.get("BYDAY"):
        months = [anchor.month]
    return f"in {_listed(_MONTHS[number - 1] for number in months)}" if months else ""


def _at(rule: Rule, anchor: datetime | None) -> str:
    hours = rule.numbers("BYHOUR")
    minutes = rule.numbers("BYMINUTE")
    if rule.frequency in ("MINUTELY", "HOURLY"):
        said = f"from {anchor:%Y-%m-%d %H:%M} on" if anchor else ""
        if hours:
            said += f", between {min(hours):02}:00 and {max(hours):02}:59"
        if minutes:
            said += f", at minute {_listed(str(number) for number in sorted(minutes))}"
        return said
    if anchor is None:
        return ""
    times = [f"{hour:02}:{minute:02}" for hour in sorted(hours or [anchor.hour])
             for minute in sorted(minutes or [anchor.minute])]  # fmt: skip
    return f"at {_listed(times)}"


def _end(rule: Rule) -> str:
    if rule.count is not None:
        return f"{rule.count} times" if rule.count > 1 else "once"
    if rule.until is None:
        return ""
    return f"until {rule.until:%Y-%m-%d}" + (f" {rule.until:%H:%M} UTC" if rule.until.tzinfo else "")


def _left_out(rule: Rule, anchor: datetime | None) -> str:
    """A day that not every month has: such a month is left out; the last day of each month is another rule."""
    if rule.frequency not in ("MONTHLY", "YEARLY") or rule.parts.get("BYDAY"):
        return ""
    days = rule.numbers("BYMONTHDAY") or ([anchor.day] if anchor else [])
    if rule.frequency == "YEARLY":
        months = rule.numbers("BYMONTH") or ([anchor.month] if anchor else [])
        return "only in leap years" if months == [2] and days == [29] else ""
    rare = [day for day in days if day in _RARE_DAYS]
    return f"months without a day {_listed(map(str, rare))} are left out" if rare else ""


def _day(written: str) -> str:
    number, name = written[:-2], DAYS[written[-2:]]
    return f"the {_ordinal(int(number))} {name}" if number else name


def _date(number: int) -> str:
    if number == -1:
        return "the last day"
    return f"day {number}" if number > 0 else f"the {-number}th day from the end"


def _ordinal(number: int) -> str:
    return _ORDINALS.get(number) or (f"{number}th" if number > 0 else f"{-number}th from the end")


def _listed(words: Iterable[str]) -> str:
    *rest, last = list(words) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def _action(delivery: Mapping[str, Any], time_zone: str) -> str:
    delay = duration_words(delivery["delay"]) if delivery.get("delay") else ""
    return f"{delay or 'As soon as'}{' after' if delay else ''} a person does “{delivery.get('event')}”"


def _inaction(delivery: Mapping[str, Any], time_zone: str) -> str:
    return (
        f"When a person does “{delivery.get('event')}” and then, within {duration_words(delivery.get('within'))}, "
        f"not “{delivery.get('without')}”"
    )


def _date_time(delivery: Mapping[str, Any], time_zone: str) -> str:
    return (
        f"On each person's “{delivery.get('attribute')}” at {delivery.get('at')}, by their own clock "
        f"(or {time_zone})"
    )


def _api(delivery: Mapping[str, Any], time_zone: str) -> str:
    return "Whenever a program calls its trigger"


_WORDS = {
    "one_time": _one_time, "multiple_dates": _multiple_dates, "recurring": _recurring, "action": _action,
    "inaction": _inaction, "date_time": _date_time, "api": _api,
}  # fmt: skip
