"""Small worlds for the engine's tests, made in SQL: people by the thousand, lists, campaigns in any status.

The engine's own tests put rows where the gateway would have; everything else goes through the gateway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection, connections

from campaigns.models import Campaign, Entrance, Journey, Person, Segment, Workspace
from channels.models import Channel, Connection, Delivery

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
T = TypeVar("T")


def make_workspace(slug: str = "acme", time_zone: str = "UTC") -> Workspace:
    return Workspace.objects.create(name=slug.capitalize(), slug=slug, timezone=time_zone)


def make_people(workspace: Workspace, number: int, *, prefix: str = "p", added: datetime = NOW) -> list[int]:
    """People with an address and a number of their own; answers their ids in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_person (workspace_id, external_id, email, phone, timezone, attributes,
                   shares_email, shares_phone, created_at, updated_at)
               SELECT %(workspace)s, %(prefix)s || g, %(prefix)s || g || '@example.test',
                   '+447' || lpad(g::text, 9, '0'), '', jsonb_build_object('first_name', 'Person ' || g),
                   false, false, %(added)s, %(added)s
               FROM generate_series(1, %(number)s) g RETURNING id""",
            {"workspace": workspace.pk, "prefix": prefix, "number": number, "added": added},
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def make_list(
    workspace: Workspace, people: Sequence[int] = (), name: str = "List", since: datetime = NOW
) -> Segment:
    segment = Segment.objects.create(workspace=workspace, name=name)
    add_to_list(segment, people, since)
    return segment


def add_to_list(segment: Segment, people: Sequence[int], since: datetime = NOW) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_segmentmember (segment_id, person_id, since)"
            " SELECT %s, unnest(%s::bigint[]), %s",
            [segment.pk, list(people), since],
        )


def everyone(workspace: Workspace) -> Segment:
    return Segment.objects.create(workspace=workspace, name="Everyone", kind=Segment.EVERYONE)


def make_campaign(
    segment: Segment | None, kind: str = "sms", status: str = "running", **fields: Any
) -> Campaign:
    """A campaign as the gateway would have left it in this status."""
    workspace = fields.pop("workspace", None) or (segment and segment.workspace)
    times = dict.fromkeys(("status_since", "created_at", "updated_at", "last_active_at"), NOW)
    return Campaign.objects.create(
        workspace=workspace,
        kind=kind,
        status=status,
        segment=segment,
        **{"name": "Spring", **times, **fields},
    )


def make_channel(campaign: Campaign, kind: str = "sms", status: str = "running", **fields: Any) -> Channel:
    account = Connection.objects.get_or_create(
        workspace=campaign.workspace, name="Sandbox", defaults={"provider": "sandbox"}
    )[0]
    return Channel.objects.create(campaign=campaign, kind=kind, status=status, connection=account, **fields)


def message(key: str, channel: str = "sms") -> dict[str, Any]:
    return {"key": key, "type": "message", "channel": channel, "body": "Hello {{ person.first_name }}"}


def delay(key: str, duration: str) -> dict[str, Any]:
    return {"key": key, "type": "delay", "for": duration}


def make_journey(segment: Segment | None, workflow: list[dict[str, Any]], **fields: Any) -> Campaign:
    """A running journey that has just been started for current people and future additions, with an SMS channel."""
    cursor = fields.pop("enter_cursor", 0)
    fields = {"enter_since": NOW, "enter_round": 1, **fields}
    campaign = make_campaign(segment, "journey", workflow=workflow, **fields)
    Entrance.objects.create(campaign=campaign, since=NOW, cursor=cursor)
    make_channel(campaign)
    return campaign


def insert_deliveries(channel: Channel, number: int, status: str = "pending", due: datetime = NOW) -> None:
    """Ledger rows for made-up people 1…number, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail)
               SELECT %s, 0, '', g, %s, '', %s, 0, '', '' FROM generate_series(1, %s) g""",
            [channel.pk, status, due, number],
        )


def statuses(channel: Channel) -> dict[str, int]:
    """How many rows of the ledger are in each status (``skipped`` with the reason): counted, not from the tallies."""
    rows = Delivery.objects.filter(channel=channel).values_list("status", "reason")
    return dict(Counter(f"{status}:{reason}" if reason else status for status, reason in rows))


def places(campaign: Campaign) -> dict[str, int]:
    """How many people are where in a journey: ``active:step``, ``finished`` or ``exited:reason``."""
    rows = Journey.objects.filter(campaign=campaign).values_list("status", "step", "reason")
    return dict(
        Counter(
            f"active:{step}" if status == "active" else f"{status}:{reason}".rstrip(":")
            for status, step, reason in rows
        )
    )


def at_once(*work: Callable[[], T]) -> list[T]:
    """Run functions in threads of their own, each with its own connection; answers their results in order."""

    def run(function: Callable[[], T]) -> T:
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as threads:
        return [future.result() for future in [threads.submit(run, function) for function in work]]


def explain(sql: str, values: dict[str, Any]) -> str:
    """The plan of a statement, as text."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


def person(pk: int) -> Person:
    return Person.objects.get(pk=pk)
