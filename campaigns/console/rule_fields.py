"""A rule of RFC 5545 as friendly fields (every 2 weeks, on these days, until …), and back. Other rules stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.domain.recurrence_rules import Rule, RuleError, parse_rule
from campaigns.domain.recurrence_words import DAYS

CUSTOM = "custom"


def rule_text(values: Mapping[str, Any]) -> str:
    """The rule of RFC 5545 that the friendly fields mean."""
    unit = values.get("unit") or "DAILY"
    if unit == CUSTOM:
        return values["rule"].strip()
    parts = [f"FREQ={unit}"]
    if (values.get("every") or 1) > 1:
        parts.append(f"INTERVAL={values['every']}")
    if unit == "WEEKLY" and values.get("weekdays"):
        parts.append(f"BYDAY={','.join(day for day in DAYS if day in values['weekdays'])}")
    if unit == "MONTHLY":
        parts += _month_part(values)
    if values.get("ends") == "on" and values.get("until"):
        parts.append(f"UNTIL={values['until']:%Y%m%d}")
    if values.get("ends") == "after" and values.get("times"):
        parts.append(f"COUNT={values['times']}")
    return ";".join(parts)


def _month_part(values: Mapping[str, Any]) -> list[str]:
    start: datetime | None = values.get("starts_at")
    if values.get("month_day") == "last":
        return ["BYMONTHDAY=-1"]
    if values.get("month_day") == "weekday" and start:
        local = start.astimezone(ZoneInfo(values["timezone"]))
        week = (local.day - 1) // 7 + 1
        return [f"BYDAY={week if week < 5 else -1}{list(DAYS)[local.weekday()]}"]
    return []


def rule_fields(text: Any, start: datetime | None, zone: str) -> dict[str, Any]:
    """The friendly fields for a rule; a rule that they cannot say is shown as it is."""
    own = {"unit": CUSTOM, "rule": str(text or "")}
    try:
        rule = parse_rule(text)
    except RuleError:
        return own
    values = {
        "unit": rule.frequency, "every": rule.interval, "ends": _ends(rule),
        "weekdays": rule.parts.get("BYDAY", "").split(",") if rule.frequency == "WEEKLY" else [],
        "until": rule.until.date() if rule.until else None, "times": rule.count, "month_day": "same",
    }  # fmt: skip
    if rule.parts.get("BYMONTHDAY") == "-1":
        values["month_day"] = "last"
    elif rule.frequency == "MONTHLY" and "BYDAY" in rule.parts:
        values["month_day"] = "weekday"
    said = rule_text({**values, "starts_at": start, "timezone": zone})
    return values if _same(said, rule) else own


def _same(said: str, rule: Rule) -> bool:
    """Whether the fields mean exactly this rule."""
    try:
        again = parse_rule(said)
    except RuleError:
        return False
    ignored = ("INTERVAL", "UNTIL")
    kept = [{key: value for key, value in each.parts.items() if key not in ignored} for each in (again, rule)]
    return kept[0] == kept[1] and (again.interval, again.until) == (rule.interval, rule.until)


def _ends(rule: Rule) -> str:
    return "on" if rule.until else "after" if rule.count else "never"
