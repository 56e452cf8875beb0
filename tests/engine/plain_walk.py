"""The way of one person through a workflow in plain Python, step by step: what the statements are compared with.

Written from the rules alone; knows nothing of graphs, batches or SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

Steps = list[dict[str, Any]]
NEVER = datetime.max


@dataclass
class Walker:
    """One person: what is known about them, where they stand, what was written to them."""

    pk: int
    attributes: dict[str, Any]
    zone: str
    phone: bool
    todo: Steps = field(default_factory=list)
    """What still lies before them, the step they stand at first."""
    due: datetime = NEVER
    until: datetime | None = None
    status: str = "active"
    reason: str = ""
    rows: dict[str, tuple[str, str, datetime | None]] = field(default_factory=dict)
    """Step → (status, reason, expires)."""

    @property
    def place(self) -> tuple[Any, ...]:
        """What the journey's row says."""
        if self.status != "active":
            return (self.status, self.reason)
        return ("active", self.todo[0]["key"], self.due, self.until)


def meets(who: Walker, condition: dict[str, Any]) -> bool:
    """``{"attribute", "op": "eq", "value"}`` or the opposite."""
    if "not" in condition:
        return not meets(who, condition["not"])
    return bool(who.attributes.get(condition["attribute"]) == condition["value"])


def arrive(who: Walker, todo: Steps, moment: datetime, zone: str, carried: datetime | None) -> None:
    """They come to the first of these steps."""
    if not todo:
        who.status, who.todo = "finished", []
        return
    step = todo[0]
    who.todo, who.due, who.until = todo, moment, None
    if step["type"] == "delay":
        who.due = _later(moment, step["for"], zone)
    elif step["type"] == "wait_until":
        who.until = _later(moment, step["timeout"], zone) if step.get("timeout") else None
    elif step["type"] != "window":
        who.until = carried


def _later(moment: datetime, written: str, zone: str) -> datetime:
    amount, unit = written.split()
    if unit.rstrip("s") in ("minute", "hour"):
        return moment + timedelta(**{unit.rstrip("s") + "s": int(amount)})
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (
        (local + relativedelta(**{unit.rstrip("s") + "s": int(amount)}))
        .replace(tzinfo=ZoneInfo(zone))
        .astimezone(moment.tzinfo)
    )


def take(who: Walker, now: datetime, campaign: int, zone: str, rules: dict[str, Any]) -> None:
    """Everything that is due at ``now``."""
    while who.status == "active" and who.due <= now and _one(who, now, campaign, zone, rules):
        pass


def _one(who: Walker, now: datetime, campaign: int, zone: str, rules: dict[str, Any]) -> bool:
    """One step; False where they stay at it."""
    step, rest, kind = who.todo[0], who.todo[1:], who.todo[0]["type"]
    at, carried = who.due, who.until
    if kind == "exit":
        who.status, who.reason = "exited", "exit_step"
        return True
    if kind == "message":
        if rules.get("exit") and meets(who, rules["exit"]):
            who.status, who.reason = "exited", "exit_criteria"
            return True
        who.rows[step["key"]] = _row(who, step, now, rules)
        at = now
    elif kind == "branch":
        rest = (step["then"] if meets(who, step["if"]) else step["else"]) + rest
    elif kind == "split":
        rest = step["variants"][drawn(step, campaign, who.pk)]["steps"] + rest
    elif kind == "update":
        who.attributes = {
            name: value
            for name, value in {**who.attributes, **step["attributes"]}.items()
            if value is not None
        }
    elif kind == "wait_until":
        if not (meets(who, step["condition"]) or (who.until is not None and who.until <= now)):
            who.due = who.until or NEVER
            return False
        carried = None
    elif kind == "window":
        opens, closes = _opening(step, zone if step["timezone"] == "campaign" else who.zone or zone, now)
        if opens > now:
            who.due = opens
            return False
        at, carried = now, closes
    arrive(who, rest, at, zone, carried)
    return True


def _row(
    who: Walker, step: dict[str, Any], now: datetime, rules: dict[str, Any]
) -> tuple[str, str, datetime | None]:
    if who.until is not None and who.until <= now:
        return ("skipped", "window_passed", who.until)
    if rules.get("filter") and not meets(who, rules["filter"]):
        return ("skipped", "filtered", who.until)
    if not who.phone:
        return ("skipped", "no_address", who.until)
    return ("drafted" if step.get("sending") == "draft" else "pending", "", who.until)


def drawn(step: dict[str, Any], campaign: int, person: int) -> int:
    names = [variant["name"] for variant in step["variants"]]
    if step.get("winner"):
        return names.index(step["winner"])
    lots = [place for place, variant in enumerate(step["variants"]) for _ in range(variant["weight"])]
    text = f"{campaign}:{step['key']}:{person}".encode()
    return lots[int(md5(text, usedforsecurity=False).hexdigest()[:8], 16) % len(lots)]


def _opening(step: dict[str, Any], zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Minute by minute would be plainer still, but slow: day by day, for windows within one day."""
    clock = ZoneInfo(zone)
    day = now.astimezone(clock).date()
    while True:
        times = [
            datetime(day.year, day.month, day.day, int(step[name][:2]), int(step[name][3:]), tzinfo=clock)
            for name in ("from", "to")
        ]
        opens, closes = (time.astimezone(now.tzinfo) for time in times)
        # Where the clocks go forward, 02:00 to 03:00 is no time at all: that day has no such window.
        if day.strftime("%a").lower() in step["days"] and closes > max(opens, now):
            return max(opens, now), closes
        day += timedelta(days=1)
