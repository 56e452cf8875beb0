"""The README's story as a program lives it, over the HTTP API of the running product."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.people.files import HEADER, people_rows
from tests.product import ApiCaller, Product
from tests.sinks.sink import Sink

pytestmark = pytest.mark.slow

PEOPLE = 200
#: The beat looks for starts and stops every five seconds, and this machine may be busy.
LATE_AT_MOST = timedelta(seconds=45)


def csv_file(rows: list[list[str]]) -> bytes:
    """A file as a spreadsheet saves it."""
    file = io.StringIO()
    csv.writer(file).writerows([HEADER, *rows])
    return file.getvalue().encode("utf-8-sig")


def has(status: str) -> Any:
    """Whether the campaign (or the import) has this status."""
    return lambda found: found["status"] == status


def test_from_the_file_to_the_archive(product: Product, smtp_sink: Sink) -> None:
    """Import, connect, write, start, look at every delivery, stop what is over, archive."""
    api = product.api()
    rows = people_rows(PEOPLE, seed=5)
    listed = import_file(api, rows)
    campaign = write(api, connect(product.api("admin"), smtp_sink), listed)
    path = f"/campaigns/{campaign['id']}"
    api.post(f"/channels/{campaign['channels'][0]['id']}/actions/start")
    done = api.until(path, has("completed"))

    assert done["counts"]["audience"] == done["counts"]["sent"] == PEOPLE
    assert {row["person"]: row["status"] for row in api.everything(f"{path}/deliveries")} == {
        row[1]: "sent" for row in rows
    }
    assert Counter((letter["to"], letter["subject"]) for letter in smtp_sink.journal()) == Counter(
        (row[5], f"Only for you, {row[2]}") for row in rows
    )
    assert api.answer("POST", f"{path}/actions/stop", {})[0] == 409
    archive_and_copy(api, path)
    product.assert_ledger_agrees()


def import_file(api: ApiCaller, rows: list[list[str]]) -> int:
    """Upload the rows and one that cannot come in; answers the list."""
    listed = api.post("/lists", {"name": "Walkthrough"})["id"]
    broken = ["x", "broken-1", "No", "Address", "Male", "nobody-at-example", "", "1990-01-01", "Baker"]
    job = api.post(f"/imports?list={listed}&region=US", csv_file([*rows, broken]))
    done = api.until(f"/imports/{job['id']}", has("done"))
    assert (done["records"], done["created"], done["refused"]) == (PEOPLE + 1, PEOPLE, 1)
    assert api.get(f"/segments/{listed}")["count"] == PEOPLE
    return listed


def connect(admin: ApiCaller, sink: Sink, name: str = "Walkthrough mail") -> int:
    """Make the connection to the mail server, check it; answers its id."""
    settings = {
        "host": sink.host,
        "port": sink.port,
        "security": "none",
        "from_address": "news@example.test",
    }
    made = admin.post("/connections", {"name": name, "provider": "smtp", "settings": settings})
    checked = admin.post(f"/connections/{made['id']}/check")
    assert checked["status"] == "running"
    return made["id"]


def write(api: ApiCaller, connection: int, listed: int) -> dict[str, Any]:
    """Make the draft."""
    content = {"subject": "Only for you, {{ person.first_name }}", "body": "Dear {{ person.first_name }}."}
    return api.post(
        "/campaigns",
        {
            "kind": "outreach",
            "name": "Walkthrough",
            "audience": {"segment": listed},
            "channels": [{"kind": "email", "connection": connection, "content": content}],
        },
    )


def archive_and_copy(api: ApiCaller, path: str) -> None:
    """It leaves the active ones and comes back as a draft that has sent nothing."""
    version = api.get(path)["version"]
    assert api.answer("POST", f"{path}/actions/archive", {"version": version - 1})[0] == 409
    archived = api.post(f"{path}/actions/archive", {"version": version})
    assert archived["status"] == "archived"
    assert archived["id"] in {item["id"] for item in api.everything("/campaigns?tab=archived")}
    assert archived["id"] not in {item["id"] for item in api.everything("/campaigns?tab=active")}
    assert api.post(f"{path}/actions/unarchive")["status"] == "completed"
    copy = api.post(f"{path}/actions/duplicate")
    assert (copy["status"], copy["counts"]["audience"]) == ("draft", 0)


def test_the_beat_starts_and_stops_a_blast_at_its_times(product: Product) -> None:
    """Never early; what is unsent at the stop is cancelled; a restart sends only the rest."""
    api = product.api()
    campaign = slow_blast(api, product.api("admin"))
    path = f"/campaigns/{campaign['id']}"
    starts_at = datetime.now(UTC) + timedelta(seconds=4)
    stops_at = starts_at + timedelta(seconds=8)
    times = {"starts_at": starts_at.isoformat(), "stops_at": stops_at.isoformat()}
    assert api.post(f"{path}/actions/schedule", times)["status"] == "scheduled"

    api.until(path, has("running"))
    assert starts_at <= datetime.now(UTC) <= starts_at + LATE_AT_MOST
    api.until(path, has("stopped"))
    assert stops_at <= datetime.now(UTC) <= stops_at + LATE_AT_MOST
    at_rest = api.until(path, lambda found: not found["counts"]["pending"] + found["counts"]["sending"])
    counts = at_rest["counts"]
    assert counts["sent"] > 0 and counts["sent"] + counts["cancelled"] == counts["audience"] <= PEOPLE

    times = [row["sent_at"] for row in api.everything(f"{path}/deliveries?status=sent")]
    assert starts_at <= min(map(datetime.fromisoformat, times))
    product.assert_ledger_agrees()


def slow_blast(api: ApiCaller, admin: ApiCaller) -> dict[str, Any]:
    """A blast that would take longer than it is given."""
    people = [{"external_id": f"walk-{n}", "phone": f"+44770092{n:04}"} for n in range(PEOPLE)]
    listed = api.list_of("Walkthrough texts", people)
    texts = admin.post(
        "/connections",
        {"name": "Walkthrough texts", "provider": "sandbox", "settings": {}, "rate_per_second": 3},
    )
    return api.post(
        "/campaigns",
        {
            "kind": "sms",
            "name": "Walkthrough texts",
            "audience": {"segment": listed},
            "channels": [{"kind": "sms", "connection": texts["id"], "content": {"body": "Hello"}}],
        },
    )
