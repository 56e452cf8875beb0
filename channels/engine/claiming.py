"""Claiming: which rows of the ledger a worker takes, and whether it may.

`look` and `claim` run in one transaction that commits before any provider is called. Between them the channel's row is
locked FOR SHARE: a stop that commits first closes the gate, one that comes later waits a few milliseconds and then
counts these rows among the claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any, NamedTuple

from django.db import connection

from channels.domain import states as s
from channels.engine.optouts import opted_out
from channels.engine.statements import run
from channels.providers.base import DeviceAddress


@dataclass(frozen=True, slots=True)
class Gate:
    """What the database says at this moment: may this channel send, and how fast."""

    now: datetime
    fence: int
    closed: str
    """Why nothing may be claimed; "" where it may."""
    stop_reason: str
    """Of a stopped channel: the reason that its unsent rows get; "" while they may wait."""
    version: tuple[str, str]
    """Changes whenever the channel or the campaign does, so that content is read again."""
    wait: float
    """Seconds until a paused connection is usable again; 0 where it is."""
    rate: float | None
    failures: int
    """Consecutive failures counted against the connection."""


_LOOK = """
SELECT coalesce(%(now)s::timestamptz, clock_timestamp()), nextval('channels_fence'), channel.status, channel.sweep_reason,
       campaign.status, campaign.deleted_at IS NOT NULL, account.status, account.paused_until, account.rate_per_second,
       account.consecutive_failures, channel.xmin::text, campaign.xmin::text
FROM channels_channel AS channel
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
LEFT JOIN channels_connection AS account ON account.id = channel.connection_id
WHERE channel.id = %(channel)s
FOR SHARE OF channel
"""


def look(channel_id: int, now: datetime | None) -> Gate | None:
    """Lock the channel's row against a stop and say whether it may send; None if there is no such channel."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"channel": channel_id, "now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    (
        moment,
        fence,
        status,
        sweep_reason,
        campaign,
        deleted,
        account,
        paused_until,
        rate,
        failures,
        *versions,
    ) = row
    wait = max(0.0, (paused_until - moment).total_seconds()) if paused_until else 0.0
    closed = ""
    if status != s.RUNNING:
        closed = f"the channel is {status}"
    elif deleted or campaign not in ("running", "stopping"):
        closed = "the campaign is deleted" if deleted else f"the campaign is {campaign}"
    elif account not in (None, s.CONNECTION_RUNNING):
        closed = (
            "the connection is stopped" if account == s.CONNECTION_STOPPED else "the connection has an error"
        )
    elif wait:
        closed = "the provider asked to wait"
    stop_reason = (sweep_reason or "stopped") if status == s.STOPPED else ""
    return Gate(moment, fence, closed, stop_reason, (versions[0], versions[1]), wait, rate, failures or 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy planned for one delivery: a text of its own, or values for the channel's."""

    stage: str
    subject: str
    body: str
    values: Mapping[str, Any]


class Claimed(NamedTuple):
    """One row of the ledger that is now ours to send, and the person it is for."""

    id: int
    fence: int
    person_id: int
    run: int
    step: str
    attempt: int
    external_id: str | None
    """None: the person has been deleted."""
    email: str
    phone: str
    timezone: str
    attributes: str | dict[str, Any]
    suppressed: str | None
    """Why the address must not be contacted, as of this claim."""
    redials: int = 0
    """Of a call: how many were placed before and reached nobody."""
    expired: bool = False
    """The time window in which it was due has passed: it must not go out any more."""
    event_id: int | None = None
    """The event that it follows."""
    devices: tuple[DeviceAddress, ...] = ()
    """Of a kind that reaches devices: the person's (see devices.py)."""
    plan: Plan | None = None
    """Of a python campaign: what its strategy planned for this delivery (see planned.py)."""
    event: Mapping[str, Any] | None = None
    """What templates see of that event (see happened.py)."""


# The order is that of the partial index delivery_claim: ordered by the primary key, each claim would walk over all
# rows already sent. MATERIALIZED keeps the planner from running the locking part twice.
_CLAIM = """
WITH picked AS MATERIALIZED (
    SELECT id FROM channels_delivery
    WHERE channel_id = %(channel)s AND status = 'pending' AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT {count} FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE channels_delivery AS delivery
    SET status = 'sending', fence = %(fence)s, attempt = delivery.attempt + 1,
        lease_until = clock_timestamp() + %(lease)s * interval '1 second'
    FROM picked WHERE delivery.id = picked.id
    RETURNING delivery.id, delivery.fence, delivery.person_id, delivery.run, delivery.step, delivery.attempt,
        delivery.redials, delivery.expires_at, delivery.event_id
)
SELECT claimed.id, claimed.fence, claimed.person_id, claimed.run, claimed.step, claimed.attempt,
       person.external_id, person.email, person.phone, person.timezone, person.attributes,
       coalesce(suppression.reason, CASE WHEN EXISTS (
           SELECT {opted}
       ) THEN 'unsubscribed' END), claimed.redials, coalesce(claimed.expires_at <= %(now)s, false), claimed.event_id
FROM claimed
LEFT JOIN campaigns_person AS person ON person.id = claimed.person_id
LEFT JOIN channels_suppression AS suppression
    ON suppression.workspace_id = person.workspace_id AND suppression.address_kind = %(address_kind)s::text
    AND suppression.address = CASE %(address_kind)s::text WHEN 'email' THEN person.email ELSE person.phone END
"""


def claim(
    channel_id: int, gate: Gate, count: int, *, address_kind: str, lease_seconds: float, kind: str = ""
) -> list[Claimed]:
    """Take up to ``count`` due rows. ``address_kind`` is email, phone or none: what suppression is looked up by;
    ``kind`` the channel's, which people may have opted out of.
    """
    values = {
        "channel": channel_id,
        "now": gate.now,
        "fence": gate.fence,
        "lease": lease_seconds,
        "address_kind": address_kind,
        "kind": kind,
    }
    return list(starmap(Claimed, run(claim_sql(count), values)))


def claim_sql(count: int) -> str:
    """The statement that claims up to ``count`` rows."""
    return _CLAIM.format(count=int(count), opted=opted_out("claimed.person_id", "%(kind)s::text"))


def give_back(fence: int) -> int:
    """Undo a claim whose commit was never confirmed: nobody has rendered, let alone sent, any of its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_delivery SET status = 'pending', attempt = attempt - 1, lease_until = NULL"
            " WHERE status = 'sending' AND fence = %s",
            [fence],
        )
        return cursor.rowcount


# LATERAL with its LIMIT is one probe of the partial index for each running channel; an EXISTS, the planner may turn
# into a join that reads the whole ledger.
_DUE = """
SELECT channel.id
FROM channels_channel AS channel
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
LEFT JOIN channels_connection AS account ON account.id = channel.connection_id
CROSS JOIN LATERAL (
    SELECT FROM channels_delivery AS delivery
    WHERE delivery.channel_id = channel.id AND delivery.status = 'pending' AND delivery.due_at <= %(now)s
    ORDER BY delivery.due_at, delivery.id LIMIT 1
) AS due
WHERE channel.status = 'running' AND campaign.status IN ('running', 'stopping') AND campaign.deleted_at IS NULL
  AND (%(connection)s::bigint IS NULL OR channel.connection_id = %(connection)s)
  AND (account.id IS NULL OR account.status = 'running'
       AND (account.paused_until IS NULL OR account.paused_until <= %(now)s))
ORDER BY random()
"""


def due_channels(now: datetime, connection_id: int | None = None) -> list[int]:
    """Channels that may send and have a row due, in random order so that none is always last.

    ``connection_id``: only those that send through it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "connection": connection_id})
        return [pk for (pk,) in cursor.fetchall()]
