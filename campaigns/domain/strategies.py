"""What a strategy of a python campaign is given and gives back (seed 002), and how what it gives back is read. Pure.

A strategy is a class that the installation registers. It is asked about one contact at a time and answers with the
communications that this contact is to get. Whatever else it answers is refused with a reason that names the mistake.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from logging import Logger
from typing import Any, Protocol

#: More than anybody wants to get from one campaign; an endless generator stops here.
MOST_COMMUNICATIONS = 50
LONGEST = {"stage": 40, "channel": 20, "subject": 500, "body": 100_000, "key": 40}
LONGEST_VALUES = 20_000
#: So many contacts in a row that failed, or that ended the process, mean that the strategy does not work.
MOST_FAILED_IN_A_ROW, MOST_FATAL_IN_A_ROW = 20, 3
#: In the name of a ledger's step: the stage, this, and the key or number. No stage's key has it.
STAGE_ENDS = ":"
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the strategy sees them: plain values, nothing that leads back to the database."""

    external_id: str
    email: str = ""
    phone: str = ""
    timezone: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedCommunication:
    """One message that a contact is to get.

    ``channel`` is the kind of one of the campaign's channels (email, sms …). ``subject`` and ``body`` are Liquid
    templates, as on the page; without a body the channel's own content is sent. Both see ``values`` as ``plan``.
    ``at`` (with an offset) is when it is planned for; None: as soon as a time window allows. Past ``until``, or past the
    time window that ``at`` falls into, it is skipped. ``key`` tells apart what else has the same stage and channel: what
    a contact was sent under it once is, as the campaign's frequency says, not sent again in a later run.
    """

    stage: str
    channel: str
    subject: str = ""
    body: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    until: datetime | None = None
    key: str = ""


class Strategy(Protocol):
    """The class that an installation registers; an object of it is made once, without arguments."""

    name: str
    title: str
    description: str
    stages: Iterable[tuple[str, str]]
    """(key, name) of each, in their order."""

    def load(self, contact: Contact, now: datetime, log: Logger) -> Iterable[PlannedCommunication]:
        """What this contact is to get, as of ``now``; nothing is a good answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """A planned communication as it was read: ``step`` is what the ledger calls it."""

    step: str
    stage: str
    channel: str
    subject: str
    body: str
    values: dict[str, Any]
    at: datetime | None
    until: datetime | None


class Nonsense(Exception):
    """What a strategy answered cannot be a plan; the message says what was wrong with it."""


def as_answer(planned: object) -> dict[str, Any]:
    """A planned communication as JSON, on the strategy's side. Raises `Nonsense`."""
    if not isinstance(planned, PlannedCommunication):
        raise Nonsense(f"load must give PlannedCommunication objects; it gave {_short(planned)}.")
    found: dict[str, Any] = {name: getattr(planned, name) for name in LONGEST}
    found["values"] = dict(planned.values) if isinstance(planned.values, Mapping) else planned.values
    for name in ("at", "until"):
        moment = getattr(planned, name)
        if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
            raise Nonsense(f"{name} must be a datetime with a time zone, or None; it is {_short(moment)}.")
        found[name] = moment.isoformat() if moment else None
    return found


def read_plan(answer: object, stages: Collection[str], channels: Collection[str]) -> list[Step]:
    """The plan for one contact, from `as_answer`'s JSON; the other process is not trusted. Raises `Nonsense`."""
    if not isinstance(answer, list) or len(answer) > MOST_COMMUNICATIONS:
        raise Nonsense(f"A plan is a list of at most {MOST_COMMUNICATIONS} communications.")
    numbers: dict[tuple[str, str], int] = {}
    found, taken = [], set()
    for raw in answer:
        texts = _texts(raw, stages, channels)
        place = (texts["channel"], texts["stage"])
        numbers[place] = numbers.get(place, 0) + 1
        step = f"{texts['stage']}{STAGE_ENDS}{texts['key'] or numbers[place]}"
        if (texts["channel"], step) in taken:
            raise Nonsense(f"Two communications of stage {texts['stage']} have the key {texts['key']}.")
        taken.add((texts["channel"], step))
        moments = {name: _moment(raw, name) for name in ("at", "until")}
        found.append(
            Step(
                step,
                texts["stage"],
                texts["channel"],
                texts["subject"],
                texts["body"],
                _values(raw),
                **moments,
            )
        )
    return found


def _texts(raw: object, stages: Collection[str], channels: Collection[str]) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        raise Nonsense(f"A communication cannot be {_short(raw)}.")
    texts = {}
    for name, longest in LONGEST.items():
        value = raw.get(name)
        if not isinstance(value, str) or "\0" in value:
            raise Nonsense(f"{name} must be text; it is {_short(value)}.")
        if len(value) > longest:
            raise Nonsense(f"{name} is too long: {len(value):,} of at most {longest:,} characters.")
        texts[name] = value
    if texts["stage"] not in stages:
        raise Nonsense(f"{_short(texts['stage'])} is none of the campaign's stages ({', '.join(stages)}).")
    if texts["channel"] not in channels:
        known = ", ".join(channels) or "none"
        raise Nonsense(f"The campaign has no channel {_short(texts['channel'])}; it has {known}.")
    if texts["key"] and not _KEY.fullmatch(texts["key"]):
        raise Nonsense(f"key may have a-z, 0-9, - and _; it is {_short(texts['key'])}.")
    return texts


def _values(raw: Mapping[str, Any]) -> dict[str, Any]:
    values = raw.get("values")
    if not isinstance(values, Mapping) or len(str(values)) > LONGEST_VALUES or "\0" in str(values):
        raise Nonsense(f"values must be a dict of plain values, of at most {LONGEST_VALUES:,} characters.")
    return dict(values)


def _moment(raw: Mapping[str, Any], name: str) -> datetime | None:
    value = raw.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    # The years that every database and calendar has, a day away from their ends for the zones.
    if moment is None or moment.tzinfo is None or not 1900 < moment.year < 9000:
        raise Nonsense(f"{name} must be a time with an offset; it is {_short(value)}.")
    return moment


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}…"


def cause_of_failure(*, failed_in_a_row: int, fatal_in_a_row: int, last: str, all_failed: int = 0) -> str:
    """Why the campaign cannot go on, or "" where what failed was about single contacts.

    ``last`` is what was wrong with the last one; ``all_failed`` how many contacts there are, where every one has failed.
    """
    if fatal_in_a_row >= MOST_FATAL_IN_A_ROW:
        return f"The strategy had to be ended for {fatal_in_a_row} contacts in a row. {last}"
    if failed_in_a_row >= MOST_FAILED_IN_A_ROW:
        return f"The strategy failed for {failed_in_a_row} contacts in a row. {last}"
    if all_failed:
        return f"The strategy failed for every one of the {all_failed:,} contacts. {last}"
    return ""
