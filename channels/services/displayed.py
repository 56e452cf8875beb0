"""What an app or a site shows a person: served from our own database, so that a stop takes effect at the next look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from channels.domain.identity import is_vouched_for
from channels.models import Site
from channels.services.errors import ChannelError
from channels.services.sites import secret_of

MOST_MESSAGES = 50
MOST_EVENTS = 100
#: What a page may report, in the order in which it is applied.
EVENTS = ("opened", "clicked")
#: Shown once, and gone when they have been.
_ONCE = ("web_popup", "web_exit_intent")


class NoSuchSite(ChannelError):
    """No workspace has this key."""

    code, status = "not_found", 404


class NotVouchedFor(ChannelError):
    """The signature is not that of the person."""

    code, status = "forbidden", 403


class InvalidReport(ChannelError):
    """A call that cannot be read."""

    code, status = "invalid", 422


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who looks; ``person_id`` is None for somebody whom we do not know (yet)."""

    workspace_id: int
    person_id: int | None


def viewer_of(key: str, person: Any, signature: Any) -> Viewer:
    """Who looks, if the customer's server vouches for them. Raises `NoSuchSite` or `NotVouchedFor`."""
    site = Site.objects.filter(key=key).first()
    if site is None:
        raise NoSuchSite("There is no site with this key.")
    secret = secret_of(site)
    known = isinstance(person, str) and isinstance(signature, str) and 0 < len(person) <= 150
    if not secret or not known or not is_vouched_for(secret, person, signature):
        raise NotVouchedFor("The signature is not that of this person.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM campaigns_person WHERE workspace_id = %s AND external_id = %s",
            [site.workspace_id, person.replace("\0", "")],
        )
        row = cursor.fetchone()
    return Viewer(site.workspace_id, row[0] if row else None)


# What was taken back is not there; nor is what nobody has opened of a channel or campaign that was stopped, whether or
# not the recall in the background has come to it.
_THERE = """
    message.person_id = %(person)s AND message.recalled_at IS NULL AND campaign.deleted_at IS NULL
    AND (message.opened_at IS NOT NULL
         OR channel.status <> 'stopped' AND campaign.status NOT IN ('stopped', 'archived'))
"""
_LIST = f"""
SELECT message.delivery_id, channel.kind, message.subject, message.body, coalesce(channel.content ->> 'slot', ''),
    message.created_at, message.opened_at IS NOT NULL
FROM channels_inappmessage AS message
JOIN channels_channel AS channel ON channel.id = message.channel_id
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
WHERE {_THERE} AND (message.opened_at IS NULL OR channel.kind <> ALL(%(once)s))
ORDER BY message.created_at DESC, message.delivery_id DESC LIMIT %(most)s
"""
_OPEN = f"""
UPDATE channels_inappmessage AS message SET opened_at = %(now)s
FROM channels_channel AS channel JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
WHERE channel.id = message.channel_id AND message.delivery_id = ANY(%(ids)s) AND message.opened_at IS NULL AND {_THERE}
"""
_TAKEN = f"""
SELECT message.delivery_id FROM channels_inappmessage AS message
JOIN channels_channel AS channel ON channel.id = message.channel_id
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
WHERE message.delivery_id = ANY(%(ids)s) AND message.opened_at IS NOT NULL AND {_THERE}
"""
_MARK = """
UPDATE channels_delivery SET opened_at = least(opened_at, %(now)s),
    clicked_at = CASE WHEN id = ANY(%(clicked)s) THEN least(clicked_at, %(now)s) ELSE clicked_at END
WHERE id = ANY(%(ids)s) AND status = 'sent'
"""


def messages_for(viewer: Viewer) -> list[dict[str, Any]]:
    """What is there for the person now, newest first."""
    if viewer.person_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LIST, {"person": viewer.person_id, "once": list(_ONCE), "most": MOST_MESSAGES})
        rows = cursor.fetchall()
    names = ("id", "kind", "title", "body", "slot", "created_at", "opened")
    return [dict(zip(names, row, strict=True)) for row in rows]


def report(viewer: Viewer, events: Any, now: datetime) -> list[int]:
    """Note what the person has opened and clicked (which is opening, too); answers the ids that are still there.

    Raises `InvalidReport`. The first time counts; what has been taken back meanwhile is not in the answer.
    """
    ids, clicked = _read(events)
    if viewer.person_id is None or not ids:
        return []
    values: dict[str, Any] = {"person": viewer.person_id, "ids": ids, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        cursor.execute(_TAKEN, values)
        taken = sorted(pk for (pk,) in cursor.fetchall())
        cursor.execute(_MARK, {"ids": taken, "clicked": clicked, "now": now})
    return taken


def _read(events: Any) -> tuple[list[int], list[int]]:
    if not isinstance(events, Sequence) or isinstance(events, str) or len(events) > MOST_EVENTS:
        raise InvalidReport(f"events must be a list of at most {MOST_EVENTS}.")
    ids: dict[str, list[int]] = {kind: [] for kind in EVENTS}
    for index, event in enumerate(events):
        kind, pk = (event.get("kind"), event.get("id")) if isinstance(event, dict) else (None, None)
        if kind not in EVENTS:
            raise InvalidReport(f"events.{index}.kind must be opened or clicked.")
        if isinstance(pk, bool) or not isinstance(pk, int) or not 0 < pk < 2**63:
            raise InvalidReport(f"events.{index}.id must be the number of a message.")
        ids[kind].append(pk)
    return sorted({*ids["opened"], *ids["clicked"]}), ids["clicked"]
