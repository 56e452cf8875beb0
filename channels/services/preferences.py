"""What a person wants to get: by kind of channel, by topic, or nothing at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from channels.domain.kinds import KINDS
from channels.engine.tokens import read_unsubscribe
from channels.models import OptOut, Suppression
from channels.services.suppression import lift, suppress


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may want or not."""

    name: str
    """``kind:sms`` or ``topic:12``."""
    label: str
    description: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything that a person can choose."""

    person_id: int
    workspace_id: int
    workspace: str
    email: str
    kinds: list[Choice]
    topics: list[Choice]

    @property
    def names(self) -> set[str]:
        """The names of all choices."""
        return {choice.name for choice in (*self.kinds, *self.topics)}


_PERSON = """
SELECT person.id, workspace.id, workspace.name, person.email, person.phone,
    EXISTS (SELECT FROM channels_site WHERE workspace_id = workspace.id)
FROM campaigns_person AS person JOIN campaigns_workspace AS workspace ON workspace.id = person.workspace_id
WHERE person.id = %s AND workspace.id = %s
"""
#: What reaches a person by something that they gave us; webhooks and audiences are no business of theirs.
_ADDRESSED = {"email": "email", "phone": "phone"}


def preferences_of(token: str) -> Preferences | None:
    """What the person of an unsubscribe link gets now; None for a forged link, or where the person is gone."""
    read = read_unsubscribe(token)
    if read is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PERSON, [read.person_id, read.workspace_id])
        row = cursor.fetchone()
        if row is None:
            return None
        person_id, workspace_id, workspace, email, phone, shows = row
        cursor.execute(
            "SELECT id, name, description FROM campaigns_topic WHERE workspace_id = %s ORDER BY name",
            [workspace_id],
        )
        topics = cursor.fetchall()
    out: set[tuple[str, int | None]] = set(
        OptOut.objects.filter(person_id=person_id).values_list("channel_kind", "topic_id")
    )
    unsubscribed = _is_unsubscribed(workspace_id, email)
    has = {"email": bool(email), "phone": bool(phone), "none": shows}
    return Preferences(
        person_id,
        workspace_id,
        workspace,
        email,
        [
            Choice(f"kind:{kind.key}", kind.label, "", not _is_out(kind.key, out, unsubscribed))
            for kind in KINDS.values()
            if kind.available and (kind.address in _ADDRESSED or kind.displayed) and has.get(kind.address)
        ],
        [Choice(f"topic:{pk}", name, description, ("", pk) not in out) for pk, name, description in topics],
    )


def _is_unsubscribed(workspace_id: int, email: str) -> bool:
    found = Suppression.objects.filter(workspace_id=workspace_id, address_kind="email", address=email)
    return bool(email) and found.filter(reason="unsubscribed").exists()


def _is_out(kind: str, out: set[tuple[str, int | None]], unsubscribed: bool) -> bool:
    return (kind, None) in out or ("", None) in out or (kind == "email" and unsubscribed)


def choose(token: str, wanted: Collection[str], now: datetime) -> Preferences | None:
    """Keep exactly these choices (names of `Choice`); holds for messages that wait already. None for a forged link."""
    found = preferences_of(token)
    if found is None:
        return None
    with transaction.atomic():
        for name in found.names:
            kind, topic = _meaning(name)
            about = Q(topic_id__isnull=True) if topic is None else Q(topic_id=topic)
            held = OptOut.objects.filter(about, person_id=found.person_id, channel_kind=kind)
            if name in wanted:
                held.delete()
            elif not held.exists():
                new = OptOut(person_id=found.person_id, channel_kind=kind, topic_id=topic, created_at=now)
                OptOut.objects.bulk_create([new], ignore_conflicts=True)
        if "kind:email" in wanted and _is_unsubscribed(found.workspace_id, found.email):
            lift(found.workspace_id, "email", found.email)
        if not wanted and found.email:
            suppress(found.workspace_id, "email", found.email, "unsubscribed")
    return preferences_of(token)


def _meaning(name: str) -> tuple[str, int | None]:
    what, _, value = name.partition(":")
    return ("", int(value)) if what == "topic" else (value, None)
