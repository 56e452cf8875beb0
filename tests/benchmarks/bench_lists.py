"""The campaign list at 1,000, 100,000 and 1,000,000 campaigns: flat time, constant queries, against Django admin's own list.

    uv run python -m tests.benchmarks.bench_lists [1000,100000,1000000]

Prints one JSON line: milliseconds in the server (median), queries, and each page's ratio to the same page at the
smallest size. The floor beside it is a stock ``ModelAdmin`` changelist over the same table in the same run. Uses the
database of BENCH_DATABASE_URL and empties its campaigns.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

from tests.benchmarks import ground

ROUNDS = 9
PAGES = {
    "first page": "",
    "newest first": "?order=newest",
    "deep page": "?order=oldest&cursor={deep}",
    "archived tab": "?tab=archived",
    "status=running": "?status=running",
    "kind=voice": "?kind=voice",
    "channel=email": "?channel=email",
    "created_by": "?created_by={user}",
    "label": "?label={label}",
    "with errors": "?quick=errors",
    "search, common word": "?q=spring",
    "search, rare word": "?q=zebra",
    "status and kind": "?status=stopped&kind=sms",
}

FILL = """
WITH made AS (
    INSERT INTO campaigns_campaign (workspace_id, kind, name, status, status_reason, status_since, version,
        created_by_id, created_at, updated_at, trigger, frequency, workflow, flows, strategy, timezone, stop_mode,
        restart_audience, delivery, enter_cursor, enter_round, event_cursor, approved_hash,
        sweep, last_active_at, archive_due_at)
    SELECT %(workspace)s, (ARRAY['sms','voice','journey','outreach','message'])[1 + n %% 5],
        (ARRAY['Spring','Summer','Autumn','Winter'])[1 + n %% 4] || ' offer ' || n ||
            CASE WHEN n %% 50000 = 7 THEN ' zebra' ELSE '' END,
        (ARRAY['draft','completed','stopped','archived','completed','archived','completed'])[1 + n %% 7], '', at, 1,
        %(user)s, at, at, '{}', '{}', '[]', '[]', '', 'UTC', 'exit', 'current', '{}', 0, 0, 0, '', '', at,
        at + interval '6 months'
    FROM (SELECT n, now() - make_interval(mins => %(size)s - n) AS at FROM generate_series(%(first)s, %(size)s) n) AS row
    RETURNING id
), channel AS (
    INSERT INTO channels_channel (campaign_id, kind, position, status, status_reason, content, pauses, enrol_cursor,
        enrolled, run, winner, sweep, sweep_reason, created_at)
    SELECT id, CASE WHEN id %% 2 = 0 THEN 'email' ELSE 'sms' END, 0, 'completed', '', '{}', 0, 0, true, 0, '', '', '', now()
    FROM made RETURNING id
)
INSERT INTO channels_tally (channel_id, run, step, status, n) SELECT id, 0, '', 'sent', 1000 FROM channel
"""


def fill(first: int, size: int, workspace: Any, user: Any) -> None:
    """Grow the table to ``size`` campaigns; a few of them are running, and every hundredth has the label."""
    from django.db import connection

    values = {"first": first, "size": size, "workspace": workspace.pk, "user": user.pk}
    with connection.cursor() as cursor:
        cursor.execute(FILL, values)
        cursor.execute(
            "INSERT INTO campaigns_campaign_labels (campaign_id, label_id) SELECT id, %s FROM campaigns_campaign "
            "WHERE id %% 100 = 0 ON CONFLICT DO NOTHING",
            [workspace.labels.get().pk],
        )
        cursor.execute(
            "UPDATE campaigns_campaign SET status = 'running' WHERE id IN "
            "(SELECT id FROM campaigns_campaign WHERE status = 'completed' ORDER BY id DESC LIMIT 40)"
        )
        cursor.execute("VACUUM ANALYZE")


def measure(client: Any, url: str) -> dict[str, float]:
    """The median of the server's milliseconds for a page, and how many queries it takes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    number = len(queries)  # now: the next request forgets them
    assert answer.status_code == 200, (url, answer.status_code)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - started) * 1000)
    return {"ms": round(statistics.median(times), 1), "queries": number}


def stock_admin() -> str:
    """Serve the same table by Django admin as it comes, and answer the address of its list."""
    from django.contrib import admin
    from django.urls import path

    from campaigns.models import Campaign
    from config import urls

    site = admin.AdminSite(name="stock")
    options = {
        "list_display": ["name", "kind", "status", "created_by", "created_at"],
        "list_filter": ["status", "kind"],
        "search_fields": ["name"],
        "date_hierarchy": "created_at",
        "list_select_related": ["created_by"],
    }
    site.register(Campaign, type("Stock", (admin.ModelAdmin,), options))
    urls.urlpatterns.insert(0, path("stock/", site.urls))
    return "/stock/campaigns/campaign/"


def main(sizes: list[int]) -> None:
    """Measure every page at every size."""
    ground.prepare()
    from django.conf import settings
    from django.test import Client

    from campaigns.models import Campaign, Label
    from tests import factories

    settings.ALLOWED_HOSTS.append("testserver")
    admin_list = stock_admin()
    clear()
    member = factories.member("admin", is_staff=True, is_superuser=True)
    label = Label.objects.create(workspace=member.workspace, name="Onboarding")
    client = Client()
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    found: dict[str, dict[int, Any]] = {}
    reached = 0
    for size in sizes:
        fill(reached + 1, size, member.workspace, member.user)
        reached = size
        deep = _cursor(client, size)
        for name, query in PAGES.items():
            url = "/campaigns/" + query.format(deep=deep, user=member.user_id, label=label.pk)
            found.setdefault(name, {})[size] = measure(client, url)
        stock = {"first": "", "last": f"?p={max(1, size // 100)}", "search": "?q=zebra"}
        for name, query in stock.items():
            found.setdefault(f"stock admin, {name}", {})[size] = measure(client, admin_list + query)
        print(f"{size:,} campaigns measured ({Campaign.objects.count():,} rows)", file=sys.stderr)
    smallest, largest = sizes[0], sizes[-1]
    report = {
        name: {
            **{f"{size}": values for size, values in rows.items()},
            "ratio": round(rows[largest]["ms"] / rows[smallest]["ms"], 2),
        }
        for name, rows in found.items()
    }
    faster = found["stock admin, first"][largest]["ms"] / found["first page"][largest]["ms"]
    print(json.dumps({"bench": "lists", "times_faster_than_stock_admin": round(faster, 1), "pages": report}))


def clear() -> None:
    """Empty the tables, so that the sizes are what they say."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE campaigns_workspace, campaigns_user, channels_delivery, channels_tally CASCADE"
        )


def _cursor(client: Any, size: int) -> str:
    """The address of a page far down the list: what the list's own link says there."""
    from campaigns.models import Campaign
    from config.console.paging import keyset_page

    middle = Campaign.objects.order_by("id").values_list("id", flat=True)[size // 2]
    return keyset_page(Campaign.objects.filter(id__gte=middle), ["id"], size=1).next


if __name__ == "__main__":
    main([int(size) for size in (sys.argv[1] if len(sys.argv) > 1 else "1000,100000,1000000").split(",")])
