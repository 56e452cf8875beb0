"""Floors: the shortest honest code for the same work. No leases, no fence, no limits, no suppression, no bounded doubt.

The SMTP reference claims 500 rows, renders a Django template, writes the message by hand, sends over one kept smtplib
connection (or several threads) and marks 500 rows as sent.
"""

from __future__ import annotations

import asyncio
import json
import os
import smtplib
import threading
from collections.abc import Callable
from typing import Any

import psycopg

from tests.benchmarks.ground import dsn

SCHEMA = "floor"
PARAGRAPH = (
    "Our spring collection has arrived and we saved your size for you. "
    "Reply to this message or visit the shop near you."
)
FILL = "\r\n".join([PARAGRAPH] * 14)
#: The same text for both: Liquid and Django agree on such simple templates.
HTML = (
    "<html><body><h1>Hello {{ person.first }} {{ person.last }}</h1>"
    "<p>You have {{ person.points }} points in {{ person.city }}.</p>\r\n<p>" + FILL + "</p>\r\n"
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)
SUBJECT = "{{ person.first }}, a word for you"
ATTRIBUTES = (
    "jsonb_build_object('first', 'First' || mod(n, 997), 'last', 'Last' || mod(n, 1999), 'city', 'City' || mod(n, 313),"
    " 'points', mod(n, 5000))"
)
_CLAIM = """
WITH picked AS MATERIALIZED (
    SELECT id FROM delivery WHERE campaign = 1 AND status = 'queued' AND due_at <= now()
      AND EXISTS (SELECT FROM campaign WHERE id = 1 AND status = 'running')
    ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE delivery SET status = 'claimed', lease_until = now() + interval '60 s' FROM picked
    WHERE delivery.id = picked.id RETURNING delivery.id, delivery.person
)
SELECT claimed.id, person.email, person.attributes FROM claimed JOIN person ON person.id = claimed.person
"""


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(dsn(), autocommit=True, options=f"-c search_path={SCHEMA}")


def fill(number: int) -> None:
    """A narrow queue of ``number`` rows with people to send to."""
    with connect() as database:
        database.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        database.execute(f"CREATE SCHEMA {SCHEMA}")
        database.execute("CREATE TABLE person (id bigint PRIMARY KEY, email text, attributes jsonb)")
        database.execute(
            "INSERT INTO person SELECT n, 'person' || n || '@example.test', "
            f"{ATTRIBUTES} FROM generate_series(1, {number}) n"
        )
        database.execute("CREATE TABLE campaign (id bigint PRIMARY KEY, status text)")
        database.execute("INSERT INTO campaign VALUES (1, 'running')")
        database.execute(
            "CREATE TABLE delivery (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, campaign bigint, person bigint,"
            " status text DEFAULT 'queued', due_at timestamptz DEFAULT now(), lease_until timestamptz,"
            " sent_at timestamptz, UNIQUE (campaign, person)) WITH (fillfactor = 70)"
        )
        database.execute("CREATE INDEX ON delivery (campaign, due_at, id) WHERE status = 'queued'")
        database.execute("CREATE INDEX ON delivery (lease_until) WHERE status = 'claimed'")
        database.execute(
            f"INSERT INTO delivery (campaign, person) SELECT 1, n FROM generate_series(1, {number}) n"
        )
        database.execute("VACUUM ANALYZE delivery, person")


def _renderer() -> Callable[[dict[str, Any], int], str]:
    from django.template import Context, Engine

    template = Engine().from_string(HTML)

    def render(person: dict[str, Any], delivery: int) -> str:
        url = f"https://example.test/u/{delivery}"
        return template.render(Context({"person": person, "unsubscribe_url": url}))

    return render


def _mail(delivery: int, address: str, person: dict[str, Any], html: str) -> bytes:
    head = (
        f"From: Shop <news@example.test>\r\nTo: {address}\r\nSubject: {person['first']}, a word for you\r\n"
        f"Message-ID: <{delivery}@example.test>\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return f"{head}{html}\r\n".encode()


def smtp_sender(go: Callable[[], None], port: int, connections: int) -> int:
    """One process of the SMTP reference; answers how many it sent."""
    render, database = _renderer(), connect()
    lines = [smtplib.SMTP("127.0.0.1", port, local_hostname="bench") for _ in range(connections)]

    def send(line: smtplib.SMTP, rows: list[tuple[int, str, dict[str, Any]]]) -> None:
        for delivery, address, person in rows:
            line.sendmail(
                "news@example.test", [address], _mail(delivery, address, person, render(person, delivery))
            )

    go()
    sent = 0
    while rows := database.execute(_CLAIM).fetchall():
        if connections == 1:
            send(lines[0], rows)
        else:
            parts = [
                threading.Thread(target=send, args=(line, rows[number::connections]))
                for number, line in enumerate(lines)
            ]
            for part in parts:
                part.start()
            for part in parts:
                part.join()
        ids = [row[0] for row in rows]
        database.execute("UPDATE delivery SET status = 'sent', sent_at = now() WHERE id = ANY(%s)", [ids])
        sent += len(rows)
    return sent


def http_client(go: Callable[[], None], url: str, number: int, connections: int) -> int:
    """Bare aiohttp: ``number`` signed requests over so many connections, no database, no template."""
    import aiohttp
    from standardwebhooks import Webhook

    signer = Webhook("whsec_" + "c2VjcmV0" * 4)

    async def main() -> None:
        connector = aiohttp.TCPConnector(limit=connections)
        async with aiohttp.ClientSession(connector=connector) as session:
            todo = iter(range(number))

            async def work() -> None:
                from datetime import UTC, datetime

                for n in todo:
                    body = json.dumps(
                        {"id": n, "text": "x" * 430, "person": {"email": f"person{n}@example.test"}}
                    )
                    moment = datetime.now(UTC)
                    headers = {
                        "webhook-id": f"msg{n}.{os.getpid()}",
                        "webhook-timestamp": str(int(moment.timestamp())),
                        "webhook-signature": signer.sign(f"msg{n}", moment, body),
                        "content-type": "application/json",
                    }
                    async with session.post(url, data=body, headers=headers) as response:
                        await response.read()

            await asyncio.gather(*(work() for _ in range(connections)))

    go()
    asyncio.run(main())
    return number
