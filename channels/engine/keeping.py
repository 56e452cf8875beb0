"""Keeps what our own providers "sent" (in-app, sandbox), in the transaction that records it as sent."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from channels.domain import states as s
from channels.engine.claiming import Gate
from channels.engine.recording import Result, storable

_SUBJECT_LENGTH, _ADDRESS_LENGTH = 300, 254

_IN_APP = """
INSERT INTO channels_inappmessage (delivery_id, channel_id, person_id, subject, body, created_at)
SELECT id, %(channel)s, person, subject, body, %(now)s
FROM unnest(%(ids)s::bigint[], %(people)s::bigint[], %(addresses)s::text[], %(subjects)s::text[], %(bodies)s::text[])
    AS sent (id, person, address, subject, body)
ON CONFLICT DO NOTHING
"""
_SANDBOX = """
INSERT INTO channels_sandboxmessage (delivery_id, connection_id, channel_id, kind, address, subject, body, created_at)
SELECT id, %(connection)s, %(channel)s, %(kind)s, address, subject, body, %(now)s
FROM unnest(%(ids)s::bigint[], %(people)s::bigint[], %(addresses)s::text[], %(subjects)s::text[], %(bodies)s::text[])
    AS sent (id, person, address, subject, body)
ON CONFLICT DO NOTHING
"""
_STATEMENTS = {"in_app": _IN_APP, "sandbox": _SANDBOX}


def keep(
    store: str,
    results: Sequence[Result],
    recorded: set[int],
    gate: Gate,
    *,
    channel_id: int,
    connection_id: int | None,
    kind: str,
) -> None:
    """Write the messages of those results that were recorded as sent. ``store`` is the provider's: "" keeps nothing."""
    sent = [r for r in results if r.status == s.SENT and r.row.id in recorded and r.message is not None]
    if store not in _STATEMENTS or not sent:
        return
    messages = [result.message for result in sent if result.message is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENTS[store],
            {
                "channel": channel_id,
                "connection": connection_id,
                "kind": kind,
                "now": gate.now,
                "ids": [result.row.id for result in sent],
                "people": [result.row.person_id for result in sent],
                "addresses": [storable(message.address, _ADDRESS_LENGTH) for message in messages],
                "subjects": [storable(message.subject, _SUBJECT_LENGTH) for message in messages],
                "bodies": [storable(message.body) for message in messages],
            },
        )
