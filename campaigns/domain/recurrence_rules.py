"""Recurrence rules of RFC 5545: read, checked and bounded. Pure; works on the clocks' own times, without any zone.

What a rule may say is a table here. Rules that would run more than once in fifteen minutes, or never, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from dateutil.rrule import rrule, rrulestr

#: No recurring message goes out more often.
CLOSEST = timedelta(minutes=15)
LONGEST_TEXT = 500
#: So many occurrences are looked at to find two that are too close: every dense part of a rule comes within them.
_SAMPLE = 500
#: Far beyond any campaign; it keeps dates within the calendar.
LAST_YEAR = 2200
_FREQUENCIES = ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: The whole numbers that a part may have: (least, most, whether several, whether counted from the end as well).
_NUMBERS = {
    "INTERVAL": (1, 100_000, False, False), "COUNT": (1, 10_000, False, False), "BYMONTH": (1, 12, True, False),
    "BYMONTHDAY": (1, 31, True, True), "BYHOUR": (0, 23, True, False), "BYMINUTE": (0, 59, True, False),
    "BYSETPOS": (1, 366, True, True),
}  # fmt: skip
_OTHERS = ("FREQ", "UNTIL", "BYDAY", "WKST")
_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(T(\d{6})(Z?))?")
# Only these keep their phase when the start is moved on by whole steps, so only they need not be walked from it.
_STEP = {
    "MINUTELY": timedelta(minutes=1), "HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}  # fmt: skip
# The calendar repeats itself every 400 years, to the day of the week. dateutil looks for a match up to the year 9999,
# which takes seconds for a rule that never matches; counted from 7,600 years later it gives up twenty times as soon.
_CYCLES = 7600


class RuleError(ValueError):
    """The text is no rule that can be used; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's parts by name, in capitals, and where it ends."""

    parts: dict[str, str]
    until: datetime | None = None
    """Local time without a zone, or, where the rule names UTC, that moment."""

    @property
    def frequency(self) -> str:
        return self.parts["FREQ"]

    @property
    def interval(self) -> int:
        return int(self.parts.get("INTERVAL", "1"))

    @property
    def count(self) -> int | None:
        return int(self.parts["COUNT"]) if "COUNT" in self.parts else None

    def numbers(self, part: str) -> list[int]:
        """The whole numbers of a part such as BYMONTHDAY; none where the rule has no such part."""
        return [int(number) for number in self.parts[part].split(",")] if part in self.parts else []

    def ends_before(self, local: datetime, at: datetime) -> bool:
        """Whether an occurrence is past the rule's UNTIL."""
        if self.until is None:
            return False
        return (at if self.until.tzinfo else local) > self.until


def parse_rule(text: object) -> Rule:
    """Read “FREQ=WEEKLY;BYDAY=MO,TH”. Raises `RuleError`."""
    if not isinstance(text, str) or not text.strip():
        raise RuleError("rrule must be a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO,TH.")
    if len(text) > LONGEST_TEXT:
        raise RuleError(f"A rule may have at most {LONGEST_TEXT} characters.")
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = (word.strip() for word in piece.partition("="))
        if not equals or not value:
            raise RuleError(f"“{piece}” is no part of a rule; right is NAME=VALUE, like INTERVAL=2.")
        if name in parts:
            raise RuleError(f"{name} is there twice.")
        parts[name] = _checked(name, value)
    if "FREQ" not in parts:
        raise RuleError(f"The rule needs FREQ: {', '.join(_FREQUENCIES)}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleError("A rule ends after COUNT or at UNTIL, not both.")
    if _has_numbered_days(parts) and parts["FREQ"] not in ("MONTHLY", "YEARLY"):
        raise RuleError("Only FREQ=MONTHLY and FREQ=YEARLY have numbered days such as BYDAY=2MO.")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise RuleError("BYSETPOS chooses among what another part such as BYDAY names; there is none.")
    return Rule(parts, _read_until(parts["UNTIL"]) if "UNTIL" in parts else None)


def _has_numbered_days(parts: dict[str, str]) -> bool:
    return any(len(day) > 2 for day in parts.get("BYDAY", "").split(","))


def _checked(name: str, value: str) -> str:
    if name == "FREQ":
        if value == "SECONDLY":
            raise RuleError("Nothing runs every second: at most once in 15 minutes.")
        if value not in _FREQUENCIES:
            raise RuleError(f"FREQ must be one of: {', '.join(_FREQUENCIES)}.")
    elif name in _NUMBERS:
        _check_numbers(name, value)
    elif name == "BYDAY":
        if not all(_DAY.fullmatch(day) for day in value.split(",")):
            raise RuleError("BYDAY must be days such as MO,TH or, numbered within the month, 1MO or -1FR.")
    elif name == "WKST":
        if not re.fullmatch("MO|TU|WE|TH|FR|SA|SU", value):
            raise RuleError("WKST must be the first day of the week: MO, TU, WE, TH, FR, SA or SU.")
    elif name == "UNTIL":
        _read_until(value)
    else:
        raise RuleError(f"{name} is not supported; known are {', '.join((*_OTHERS, *_NUMBERS))}.")
    return value


def _check_numbers(name: str, value: str) -> None:
    least, most, several, from_end = _NUMBERS[name]
    numbers = value.split(",")
    right = f"{'whole numbers' if several else 'a whole number'} from {least} to {most}"
    if from_end:
        right += f", or from -{most} to -1 counted from the end"
    if len(numbers) > 1 and not several:
        raise RuleError(f"{name} must be {right}.")
    for written in numbers:
        if not re.fullmatch(r"[+-]?[0-9]{1,6}", written):
            raise RuleError(f"{name} must be {right}; “{written}” is none.")
        number = int(written)
        if not (least <= number <= most or (from_end and -most <= number <= -1)):
            raise RuleError(f"{name} must be {right}; {number} is not.")


def _read_until(written: str) -> datetime:
    match = _UNTIL.fullmatch(written)
    try:
        if match is None:
            raise ValueError
        day = datetime.strptime(match[1], "%Y%m%d")
        if not match[2]:
            return day.replace(hour=23, minute=59, second=59)
        moment = datetime.strptime(match[1] + match[3], "%Y%m%d%H%M%S")
    except ValueError:
        raise RuleError("UNTIL must be a day such as 20271231 or a time such as 20271231T235959Z.") from None
    return moment.replace(tzinfo=UTC) if match[4] else moment


def local_times(rule: Rule, anchor: datetime, after: datetime | None = None) -> Iterator[datetime]:
    """The rule's local times from the anchor on, in order, those up to ``after`` left out as far as that is cheap.

    UNTIL is not looked at: it may be a moment of UTC. Raises `RuleError` where the parts contradict each other.
    """
    start = _moved_on(rule, anchor, after) if after is not None and rule.count is None else anchor
    text = ";".join(f"{name}={value}" for name, value in rule.parts.items() if name != "UNTIL")
    try:
        found = rrulestr(text, dtstart=start.replace(year=start.year + _CYCLES, second=0, microsecond=0))
    except ValueError as error:
        raise RuleError(f"The rule contradicts itself: {error}") from error
    assert isinstance(found, rrule)
    for moment in found:
        local = moment.replace(year=moment.year - _CYCLES)
        if local.year > LAST_YEAR:
            return
        yield local


def _moved_on(rule: Rule, anchor: datetime, after: datetime) -> datetime:
    """The anchor, moved on by whole steps to shortly before ``after``: the same rule, without walking years of it."""
    step = _STEP.get(rule.frequency)
    if step is None or after <= anchor:
        return anchor
    steps = (after - anchor) // (step * rule.interval) - 1
    return anchor + max(0, steps) * step * rule.interval


def rule_problem(text: object, anchor: datetime) -> str:
    """Why this rule cannot be used from the anchor (a local time) on, or ""."""
    try:
        rule = parse_rule(text)
        if not 1970 <= anchor.year <= LAST_YEAR - 100:
            return f"It must begin between the years 1970 and {LAST_YEAR - 100}."
        first = list(islice(local_times(rule, anchor), _SAMPLE))
    except RuleError as error:
        return str(error)
    if not first:
        return "The rule names a time that never comes."
    if any(later - earlier < CLOSEST for earlier, later in pairwise(first)):
        return "It would run more than once in 15 minutes; at most every 15 minutes is possible."
    if rule.until is not None and rule.until.tzinfo is None and first[0] > rule.until:
        return "It ends (UNTIL) before its first run."
    return ""
