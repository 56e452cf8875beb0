"""The ways in which a message is delivered: what each needs, and everything that is wrong with one. Pure.

The shapes are those of the HTTP API. Times are ISO 8601 with an offset; durations as in durations.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.domain.durations import parse_duration_problem
from campaigns.domain.recurrence import occurrences, read_moment
from campaigns.domain.recurrence_rules import rule_problem

ONE_TIME, MULTIPLE_DATES, RECURRING = "one_time", "multiple_dates", "recurring"
ACTION, INACTION, DATE_TIME, API = "action", "inaction", "date_time", "api"
LABELS = {
    ONE_TIME: "One time",
    MULTIPLE_DATES: "Multiple dates",
    RECURRING: "Recurring",
    ACTION: "When a person does something",
    INACTION: "When a person does not do something",
    DATE_TIME: "On a date of each person",
    API: "By API",
}
TYPES = tuple(LABELS)
#: These go out in runs: each occurrence is one, over the audience of its moment.
IN_RUNS = (MULTIPLE_DATES, RECURRING)
#: These send to one person at a time, for as long as the campaign runs; it ends by a stop.
ONE_BY_ONE = (ACTION, INACTION, DATE_TIME, API)
#: These follow the stream of events.
BY_EVENT = (ACTION, INACTION, API)
MOST_DATES = 366
LONGEST_NAME = 100
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
#: Keys of each type: those that it needs, those that it may have.
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ONE_TIME: ((), ("at",)),
    MULTIPLE_DATES: (("at",), ()),
    RECURRING: (("rrule", "starts_at"), ()),
    ACTION: (("event",), ("delay",)),
    INACTION: (("event", "without", "within"), ()),
    DATE_TIME: (("attribute", "at"), ()),
    API: ((), ()),
}

Problems = dict[str, str]


def type_of(delivery: Mapping[str, Any]) -> str:
    """The delivery's type; a message without one goes out once."""
    return str(delivery.get("type") or ONE_TIME)


def delivery_problems(delivery: object, kind: str, time_zone: str = "UTC") -> Problems:
    """Everything that is wrong with a delivery, by path (``delivery.rrule``); none for {} (one time, at once)."""
    if delivery in (None, {}):
        return {}
    if kind != "message":
        return {"delivery": "Only a message has a delivery type."}
    if not isinstance(delivery, Mapping):
        return {"delivery": 'delivery must be an object such as {"type": "one_time"}.'}
    name = delivery.get("type")
    if not isinstance(name, str) or name not in _KEYS:
        return {"delivery.type": f"The delivery's type must be one of: {', '.join(TYPES)}."}
    needed, possible = _KEYS[name]
    known = ("type", *needed, *possible)
    problems = {
        f"delivery.{key}": f"Unknown key; {name} knows {', '.join(known)}."
        for key in delivery
        if key not in known
    }
    for key in (*needed, *possible):
        if delivery.get(key) in (None, "", []):
            if key in needed:
                problems[f"delivery.{key}"] = _MISSING[key]
        elif problem := _CHECKS[name, key](delivery, time_zone):
            problems[f"delivery.{key}"] = problem
    return problems


_MISSING = {
    "at": "It needs at: when it goes out.",
    "rrule": "It needs rrule: how often it goes out, such as FREQ=WEEKLY;BYDAY=MO.",
    "starts_at": "It needs starts_at: the time of the first run, from which all others are counted.",
    "event": "It needs event: the name of what a person does.",
    "without": "It needs without: the name of what the person then does not do.",
    "within": "It needs within: how long the person has for it, such as “3 days”.",
    "attribute": "It needs attribute: the key of the attribute that holds each person's date.",
}
_TIME = "must be a time with its offset from UTC, such as 2027-03-01T09:00:00+03:00"


def _moment(key: str) -> Callable[[Mapping[str, Any], str], str]:
    def check(delivery: Mapping[str, Any], time_zone: str) -> str:
        moment = read_moment(delivery[key])
        return "" if moment and 1970 <= moment.year <= 2200 else f"{key} {_TIME}."

    return check


def _dates(delivery: Mapping[str, Any], time_zone: str) -> str:
    times = delivery["at"]
    if not isinstance(times, list):
        return "at must be a list of times."
    if len(times) > MOST_DATES:
        return f"At most {MOST_DATES} dates; these are {len(times)}. Use a recurring delivery instead."
    moments = []
    for number, written in enumerate(times, start=1):
        moment = read_moment(written)
        if moment is None or not 1970 <= moment.year <= 2200:
            return f"Date {number} {_TIME}."
        if moment in moments:
            return f"Date {number} is there twice."
        moments.append(moment)
    return ""


def _rule(delivery: Mapping[str, Any], time_zone: str) -> str:
    start = read_moment(delivery.get("starts_at"))
    if start is None or not 1970 <= start.year <= 2100:
        return ""
    anchor = start.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None, fold=0)
    problem = rule_problem(delivery["rrule"], anchor)
    if not problem and not occurrences(delivery, time_zone, count=1):
        return "The rule ends before its first run."
    return problem


def _duration(key: str) -> Callable[[Mapping[str, Any], str], str]:
    return lambda delivery, time_zone: parse_duration_problem(delivery[key])


def _name(key: str) -> Callable[[Mapping[str, Any], str], str]:
    def check(delivery: Mapping[str, Any], time_zone: str) -> str:
        name = delivery[key]
        if not isinstance(name, str) or not name.strip():
            return f"{key} must be a name."
        if name.startswith("$"):
            return f"{key} must not begin with $: those names are the console's own."
        if "\x00" in name or len(name) > LONGEST_NAME:
            return f"{key} may have at most {LONGEST_NAME} characters."
        return ""

    return check


def _without(delivery: Mapping[str, Any], time_zone: str) -> str:
    if delivery["without"] == delivery.get("event"):
        return "without must be another event than the first."
    return _name("without")(delivery, time_zone)


def _clock(delivery: Mapping[str, Any], time_zone: str) -> str:
    at = delivery["at"]
    return "" if isinstance(at, str) and _CLOCK.fullmatch(at) else "at must be a time of day such as 09:00."


_CHECKS: dict[tuple[str, str], Callable[[Mapping[str, Any], str], str]] = {
    (ONE_TIME, "at"): _moment("at"),
    (MULTIPLE_DATES, "at"): _dates,
    (RECURRING, "rrule"): _rule,
    (RECURRING, "starts_at"): _moment("starts_at"),
    (ACTION, "event"): _name("event"),
    (ACTION, "delay"): _duration("delay"),
    (INACTION, "event"): _name("event"),
    (INACTION, "without"): _without,
    (INACTION, "within"): _duration("within"),
    (DATE_TIME, "attribute"): _name("attribute"),
    (DATE_TIME, "at"): _clock,
}
