"""Remarketing (seed 003): the outcomes of a channel, counted and promised as the table says, by index."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from campaigns.domain.remarketing import OUTCOMES, outcomes_of
from campaigns.engine import promising
from campaigns.models import Person
from channels.domain import states as cs
from channels.domain.kinds import KINDS
from channels.models import Channel
from tests.campaigns.remarketing_kit import (
    InState,
    by_hand,
    finished_channel,
    promised,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(in_state: InState) -> Channel:
    """An email channel that has completed, with a row of every sort."""
    return finished_channel(in_state)


@pytest.mark.parametrize("kind", ["email", "sms", "voice", "whatsapp", "web_popup"])
def test_each_outcome_takes_whom_the_table_says(finished: Channel, kind: str) -> None:
    """The numbers that are shown and the people who are promised are those of the table, for every kind."""
    Channel.objects.update(kind=kind)
    finished.kind = kind
    expected = {one.key: by_hand(finished, one.key) for one in outcomes_of(kind)}
    if kind != "voice":
        for one in _in_vain():  # a message has no busy line: such a row cannot be
            finished.deliveries.filter(reason=one).update(status="sent", converted_at=NOW, clicked_at=NOW)
            expected["converted"] = sorted(expected["converted"] + _of(finished, reason=one))
    numbers = promising.count_outcomes(finished)
    assert {key: taken.people for key, taken in numbers.items()} == {
        key: len(people) for key, people in expected.items()
    }
    for at, (key, people) in enumerate(expected.items()):
        assert promising.freeze(10**6 + at, finished, OUTCOMES[key]) == len(people), key
        assert promised(Channel(pk=10**6 + at)) == people, key


def _in_vain() -> tuple[str, ...]:
    return ("busy", "no_answer", "machine")


def _of(channel: Channel, **values: Any) -> list[int]:
    return list(channel.deliveries.filter(**values).order_by("person_id").values_list("person_id", flat=True))


def test_whom_the_new_kind_could_not_reach_is_counted_beside(finished: Channel) -> None:
    people = by_hand(finished, "unseen")
    Person.objects.filter(pk=people[0]).update(phone="")
    numbers = {to: promising.count_outcomes(finished, to)["unseen"] for to in ("", "sms", "email", "in_app")}
    assert [numbers[to].unreachable for to in numbers] == [0, 1, 0, 0]
    assert {taken.people for taken in numbers.values()} == {2}


def test_every_kind_has_outcomes_and_every_outcome_a_kind_and_a_sentence() -> None:
    for kind in KINDS:
        assert {"failed", "no_address", "not_sent", "unknown"} <= {one.key for one in outcomes_of(kind)}
    for one in OUTCOMES.values():
        assert one.kinds and one.meaning.endswith(".") and len(one.key) <= 24
        assert one.status in cs.DELIVERY_STATUSES and {*one.reasons, *one.but_reasons} <= set(cs.REASONS)


@pytest.mark.slow
@pytest.mark.parametrize("analysed", [True, False])
def test_counting_and_promising_go_by_index(finished: Channel, analysed: bool) -> None:
    """Beside a ledger of others, only the channel's own rows are read, whatever the planner knows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail)
               SELECT 10000000 + mod(g, 20), 0, '', g, 'sent', '', now(), 0, '', '' FROM generate_series(1, 40000) g"""
        )
        if analysed:
            cursor.execute("ANALYZE channels_delivery, campaigns_person, channels_promisedperson")
        with promising._walking():
            values = promising._values(finished) | {"promise": 7}
            for sql in (promising.count_sql("email"), promising.freeze_sql(OUTCOMES["unseen"])):
                cursor.execute(f"EXPLAIN {sql}", values)
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Seq Scan on channels_delivery" not in plan, plan
                assert "Seq Scan on campaigns_person" not in plan, plan
                assert "delivery_once" in plan and "Nested Loop" not in plan, plan
