"""The sinks are the witnesses of many tests: what they have acknowledged is in their journal, whatever happens."""

from __future__ import annotations

import http.client
import smtplib
from pathlib import Path

import pytest

from tests.sinks.sink import Sink


@pytest.mark.fault
def test_what_an_smtp_sink_acknowledged_survives_its_own_death(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with Sink("smtp", journal=journal, keep_bodies=True) as sink:
        client = smtplib.SMTP(sink.host, sink.port, local_hostname="test", timeout=10)
        for number in range(20):
            text = f"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_{number}?=\r\nMessage-ID: <{number}@test>\r\n\r\n.dot\r\n"
            client.sendmail("a@example.test", [f"p{number}@example.test"], text)
        sink.process.kill()
        sink.process.wait()
        client.close()
        records = sink.journal()
    assert [record["to"] for record in records] == [f"p{number}@example.test" for number in range(20)]
    assert records[3]["subject"] == "Grüße 3"
    assert records[3]["message_id"] == "<3@test>"
    assert records[3]["raw"].endswith(b"\r\n\r\n.dot\r\n")
    assert records[3]["began"] <= records[3]["at"]
    with Sink("smtp", journal=journal) as second:
        assert second.count() == 20, "a new sink goes on with the same journal"


@pytest.mark.fault
def test_what_an_http_sink_acknowledged_survives_its_own_death(tmp_path: Path) -> None:
    with Sink("http", journal=tmp_path / "journal") as sink:
        client = http.client.HTTPConnection(sink.host, sink.port, timeout=10)
        for number in range(20):
            client.request("POST", f"/hook/{number}", body=f"body {number} ü".encode())
            answer = client.getresponse()
            answer.read()
            assert answer.status == 200
        assert sink.connections() == 1
        sink.process.kill()
        sink.process.wait()
        client.close()
        records = sink.journal()
    assert [(r["path"], r["body"]) for r in records] == [(f"/hook/{n}", f"body {n} ü") for n in range(20)]


def test_a_sink_tells_its_journal_apart_from_what_it_refused() -> None:
    with Sink(
        "http", script=[{"match": "bad", "status": 500}, {"match": "odd", "status": 500, "accept": True}]
    ) as sink:
        client = http.client.HTTPConnection(sink.host, sink.port, timeout=10)
        for path in ("/good", "/bad", "/odd"):
            client.request("POST", path, body=b"")
            client.getresponse().read()
        client.close()
        assert [record["path"] for record in sink.journal()] == ["/good", "/odd"]
        sink.reset()
        assert sink.journal() == []
