"""Fifty events a second while three campaigns run: each lets its person in within two beats, none missed, none twice.

The checker compares the journal of what was sent in with the ledger and with the letters that arrived.
``EVENTS_FOR_SECONDS`` is how long it goes on: 600 for the full ten minutes.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.product import ApiCaller, Product
from tests.sinks.sink import Sink
from tests.system.test_walkthrough import connect

SECONDS = int(os.environ.get("EVENTS_FOR_SECONDS", "20"))
#: A busy machine takes minutes to start the product.
pytestmark = [pytest.mark.slow, pytest.mark.load, pytest.mark.timeout(SECONDS + 900)]

PER_SECOND = 50
#: A key may call ten times a second; five calls leave room for looking.
PER_CALL = 10
PEOPLE = 200
#: The beat of `manage.py up`, in seconds; what a busy machine may add to two of them.
BEAT, SLACK = 15.0, 15.0


@dataclass
class Journal:
    """What was sent in: (person, order, large) of each event with its time; in the order of sending."""

    name: str
    rows: list[tuple[str, str, bool, datetime]] = field(default_factory=list)
    unavailable: int = 0
    """How often a call was answered 503."""

    def send(self, api: ApiCaller) -> None:
        """One call with the next events."""
        first = len(self.rows)
        now = datetime.now(UTC)
        fresh = [
            (f"load-{(first + at) % PEOPLE}", f"{self.name}-{first + at}", at % 2 == 0, now)
            for at in range(PER_CALL)
        ]
        call = [self._event(*row) for row in fresh]
        while (answered := api.answer("POST", "/events", call))[0] == 503:
            # Not acknowledged: as every client should, it sends the same again until it is.
            self.unavailable += 1
            time.sleep(0.5)
        status, answer = answered
        assert status == 200 and answer["created"] + answer["duplicates"] == PER_CALL, answered
        self.rows += fresh
        # The same call again, as a client does whose answer was lost: nothing counts twice.
        if first % (PER_CALL * 50) == 0:
            assert api.post("/events", call)["duplicates"] == PER_CALL

    def _event(self, person: str, order: str, large: bool, now: datetime) -> dict[str, Any]:
        properties = {"order": order, "amount": 100 if large else 10}
        return {"external_id": person, "name": self.name, "id": order, "properties": properties}


def test_every_event_lets_its_person_in_within_two_beats(product: Product, smtp_sink: Sink) -> None:
    api, name = product.api(), f"order-{SECONDS}"
    connection = connect(product.api("admin"), smtp_sink, "Mail under load")
    people = [
        {"external_id": f"load-{number}", "email": f"load-{number}@example.test"} for number in range(PEOPLE)
    ]
    listed = api.list_of("Under load", people)
    everyone = start(api, connection, {"type": "event", "name": name}, "all {{ event.order }}")
    large = {"property": "amount", "op": "gte", "value": 50}
    some = start(
        api, connection, {"type": "event", "name": name, "condition": large}, "large {{ event.order }}"
    )
    start(api, connection, {"type": "segment", "in": [[listed]]}, "hello")

    journal = Journal(name)
    begun = time.monotonic()
    for call in range(SECONDS * PER_SECOND // PER_CALL):
        time.sleep(max(0.0, begun + call * PER_CALL / PER_SECOND - time.monotonic()))
        journal.send(api)
    rate = len(journal.rows) / (time.monotonic() - begun)

    expected = {everyone: journal.rows, some: [row for row in journal.rows if row[2]]}
    for campaign, rows in expected.items():
        api.until(f"/campaigns/{campaign}", sent(len(rows)), 120)
    late = {campaign: check(api, campaign, rows) for campaign, rows in expected.items()}
    letters = Counter(letter["subject"] for letter in smtp_sink.journal() if letter["to"].startswith("load-"))
    assert letters == Counter(
        [f"all {row[1]}" for row in journal.rows]
        + [f"large {row[1]}" for row in expected[some]]
        + ["hello"] * PEOPLE
    )
    product.assert_ledger_agrees()
    told = f"{len(journal.rows)} events at {rate:.1f}/s, {journal.unavailable} times 503"
    print(f"{told}; entered after at most {max(late.values()):.1f} s")
    assert max(late.values()) <= 2 * BEAT + SLACK


def sent(number: int) -> Callable[[Any], bool]:
    """Whether the campaign has sent so many."""
    return lambda found: bool(found["counts"]["sent"] >= number)


def start(api: ApiCaller, connection: int, trigger: dict[str, Any], subject: str) -> int:
    """A running journey of one message; answers its id."""
    step = {"key": "hello", "type": "message", "channel": "email", "subject": subject, "body": "Hello"}
    made = api.post("/campaigns", {
        "kind": "journey", "name": subject, "trigger": trigger, "workflow": [step],
        "channels": [{"kind": "email", "connection": connection}],
    })  # fmt: skip
    api.post(f"/campaigns/{made['id']}/actions/start")
    return int(made["id"])


def check(api: ApiCaller, campaign: int, journal: list[tuple[str, str, bool, datetime]]) -> float:
    """Each event has its row, the n-th of a person the n-th; answers the longest time from event to entering, in seconds."""
    found = {(row["person"], row["run"]): row for row in api.everything(f"/campaigns/{campaign}/deliveries")}
    before: Counter[str] = Counter()
    longest = 0.0
    for person, order, _, sent in journal:
        row = found.pop((person, before[person]), None)
        assert row is not None, f"{order} of {person} let nobody in"
        before[person] += 1
        longest = max(longest, (datetime.fromisoformat(row["due_at"]) - sent).total_seconds())
    assert found == {}, f"{len(found)} rows without an event"
    return longest
