"""Blasts for the tests of dispatch: a running campaign whose ledger is full and whose connection is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from campaigns.models import Campaign, Workspace
from channels.models import Channel, Connection, Delivery
from tests import factories
from tests.engine.world import make_campaign

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EMAIL = {"subject": "Hello {{ person.first_name }}", "body": "Dear {{ person.first_name }}, we have news."}
TEXT = {"body": "Hello {{ person.first_name }}"}


def make_blast(
    number: int,
    account: Connection | None = None,
    *,
    kind: str = "sms",
    content: Mapping[str, Any] | None = None,
    due: datetime = NOW,
    **account_fields: Any,
) -> Channel:
    """A running channel with ``number`` people, each with a pending row due at ``due``.

    ``account_fields`` change the connection (a sandbox where none is given): parallelism, rate_per_second …
    """
    workspace = account.workspace if account else factories.WorkspaceFactory()
    account = account or factories.sandbox_connection(workspace)
    if account_fields:
        Connection.objects.filter(pk=account.pk).update(**account_fields)
        account.refresh_from_db()
    campaign = make_campaign(None, "outreach", workspace=workspace, name="Spring")
    channel = Channel.objects.create(
        campaign=campaign,
        kind=kind,
        status="running",
        connection=account,
        content=dict(content or (EMAIL if kind == "email" else TEXT)),
        enrolled=True,
    )
    enrol(channel, factories.people(workspace, number), due)
    return channel


def smtp_blast(
    number: int, port: int, *, settings: Mapping[str, Any] | None = None, **fields: Any
) -> Channel:
    """A running email blast through a mail server on this machine."""
    account = factories.smtp_connection(factories.WorkspaceFactory(), port, **(settings or {}))
    return make_blast(number, account, kind="email", **fields)


def enrol(channel: Channel, people: list[int], due: datetime = NOW, step: str = "") -> None:
    """Pending rows for these people, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail)
               SELECT %s, 0, %s, person, 'pending', '', %s, 0, '', '' FROM unnest(%s::bigint[]) AS person""",
            [channel.pk, step, due, people],
        )


def ledger(channel: Channel) -> dict[str, int]:
    """How many rows are in each status (with the reason behind a colon): counted, not from the tallies."""
    rows = Delivery.objects.filter(channel=channel).values_list("status", "reason")
    return dict(Counter(f"{status}:{reason}" if reason else status for status, reason in rows))


def tallies(channel: Channel) -> dict[str, int]:
    """The same by the tallies, without reasons and zeros."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, sum(n)::int FROM channels_tally WHERE channel_id = %s GROUP BY status HAVING sum(n) <> 0",
            [channel.pk],
        )
        return dict(cursor.fetchall())


def set_channel_status(channel: Channel, status: str, **fields: Any) -> None:
    """What an action of the gateway leaves in the rows, without the gateway."""
    Channel.objects.filter(pk=channel.pk).update(status=status, **fields)


def set_campaign_status(campaign: Campaign, status: str) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(status=status)


def workspace_of(channel: Channel) -> Workspace:
    return Workspace.objects.get(campaigns__channels=channel)
