"""Right after an import the planner knows nothing of the people yet: what is read must still grow with them, not square.

Counted in pages of the database, which the machine's speed does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from campaigns.domain.people import PersonRow
from campaigns.engine import ledger, settling
from campaigns.engine.audience import audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign, Segment, Workspace
from campaigns.services.people_merging import merge_people
from channels.models import Channel, Delivery, Suppression
from tests.engine.world import (
    NOW,
    everyone,
    make_campaign,
    make_channel,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.load]

PEOPLE = 8_000
#: Pages a person. Whoever walks all the others, or their index, for each of them reads more.
FEW = 60

_TABLES = (
    "campaigns_person, campaigns_segment, campaigns_segmentmember, campaigns_campaign, campaigns_journey,"
    " channels_delivery, channels_tally, channels_suppression"
)
_PAGES = """
    SELECT sum(pg_stat_get_xact_blocks_fetched(c.oid)) FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')"""
_SETTINGS = ("nestloop", "hashjoin", "mergejoin", "memoize", "seqscan", "bitmapscan", "sort")


@pytest.fixture(params=["never analysed", "analysed when it was small", "analysed when it was emptied"])
def workspace(request: pytest.FixtureRequest) -> Workspace:
    """A workspace without people, in tables that the planner knows nothing of, or the wrong things."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES} CASCADE")
    if request.param == "analysed when it was emptied":
        make_people(make_workspace("gone"), PEOPLE)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM campaigns_person; ANALYZE {_TABLES}")
    if request.param == "analysed when it was small":
        first = make_workspace("first")
        people = make_people(first, 12)
        Suppression.objects.create(workspace=first, address_kind="email", address="x@example.test")
        channel = make_channel(make_campaign(make_list(first, people)), started_at=NOW)
        enrol_channel(channel.pk, NOW)
        journey = make_journey(make_list(first, people, "Other"), [message("a")])
        enter_people(journey.pk, NOW)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {_TABLES}")
    return make_workspace()


@pytest.fixture
def people(workspace: Workspace) -> list[int]:
    """They come in twos with the same e-mail address; every tenth must not be written to."""
    ids = make_people(workspace, PEOPLE)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_person SET shares_email = true, email = 'both' || id / 2 || '@example.test'"
            " WHERE workspace_id = %s",
            [workspace.pk],
        )
        cursor.execute(
            "INSERT INTO channels_suppression (workspace_id, address_kind, address, reason, created_at)"
            " SELECT DISTINCT workspace_id, 'email', email, 'manual', now() FROM campaigns_person"
            " WHERE workspace_id = %s AND mod(id / 2, 10) = 0",
            [workspace.pk],
        )
    return ids


@contextmanager
def few_pages(what: str) -> Iterator[None]:
    """Fails where the block reads more than some pages for each person."""
    before = _pages()
    yield
    read = _pages() - before
    assert read < FEW * PEOPLE, f"{what}: {read / PEOPLE:.0f} pages for each person"


def _pages() -> int:
    with connection.cursor() as cursor:
        # Engine functions set these until their transaction ends, which here is the test's.
        cursor.execute("; ".join(f"SET LOCAL enable_{name} = on" for name in _SETTINGS))
        cursor.execute(_PAGES)
        return int(cursor.fetchone()[0])


def list_of(workspace: Workspace, people: list[int]) -> Segment:
    return make_list(workspace, people)


def all_of(workspace: Workspace, people: list[int]) -> Segment:
    return everyone(workspace)


@pytest.mark.parametrize("audience", [list_of, all_of])
@pytest.mark.parametrize("kind", ["sms", "email"])
def test_a_blast(
    workspace: Workspace, people: list[int], audience: Callable[[Workspace, list[int]], Segment], kind: str
) -> None:
    """Counted, enrolled, settled and proved."""
    segment = audience(workspace, people)
    channel = make_channel(make_campaign(segment), kind, started_at=NOW)
    with few_pages("the count"):
        assert count_people(audience_of(channel.campaign)) == PEOPLE
    with few_pages("the enrolment"):
        enrol_channel(channel.pk, NOW)
    assert Delivery.objects.filter(channel=channel).count() == PEOPLE
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_delivery SET status = 'sent', sent_at = due_at WHERE status = 'pending'"
        )
    with few_pages("the end"):
        assert channel.campaign_id in settling.ready_to_complete(NOW)
    Channel.objects.filter(pk=channel.pk).update(status="completed")
    Campaign.objects.filter(pk=channel.campaign_id).update(status="completed")
    assert_proved()


def test_a_journey(workspace: Workspace, people: list[int]) -> None:
    """Everybody of two lists enters, moves on and is proved."""
    segment = make_list(workspace, people)
    other = make_list(workspace, people, "Other")
    journey = make_journey(
        None, [message("a", "email")], workspace=workspace, frequency={"every_time": True},
        trigger={"type": "segment", "in": [[segment.pk], [other.pk, segment.pk]], "not_in": []},
    )  # fmt: skip
    make_channel(journey, "email")
    with few_pages("the count"):
        assert count_people(audience_of(journey)) == PEOPLE
    with few_pages("the wave"):
        assert enter_people(journey.pk, NOW) == PEOPLE
    with few_pages("the moves"):
        assert advance(journey.pk, NOW) == PEOPLE
    assert_proved()


def test_more_people(workspace: Workspace, people: list[int]) -> None:
    """They come in as a file's or a program's do: batch by batch, on a list, with addresses that others have."""
    segment = make_list(workspace, people)
    rows = [
        PersonRow(name, f"both{people[0] // 2 + number}@example.test", "", "", "{}")
        for number in range(PEOPLE)
        for name in [f"p{number}" if number % 2 else f"new{number}"]
    ]
    with few_pages("the import"):
        for first in range(0, PEOPLE, 500):
            merge_people(workspace.pk, rows[first : first + 500], NOW, segment.pk)
    assert segment.members.count() == PEOPLE * 1.5


def assert_proved() -> None:
    with few_pages("the proof"), ledger.one_snapshot():
        assert list(ledger.violations()) == []
        ledger.extent()
