"""The changelist at two hundred thousand campaigns: the plans use indexes, whatever is asked."""

import base64
import json
import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign, Label
from config.console.admin_lists import prefer_indexes
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.load]
MANY = 200_000

#: A tenth is of every kind but most are texts; every two-hundredth is errored; names have a rare and a common word.
FILL = """
INSERT INTO campaigns_campaign (workspace_id, kind, name, status, status_reason, status_since, version, created_by_id,
    created_at, updated_at, trigger, frequency, workflow, flows, strategy, timezone, stop_mode, restart_audience, delivery,
    enter_cursor, enter_round, sweep, last_active_at)
SELECT %(workspace)s, CASE WHEN n %% 10 = 0 THEN 'voice' ELSE 'sms' END,
    CASE WHEN n %% 1000 = 0 THEN 'Harvest ' ELSE 'Newsletter ' END || n,
    CASE WHEN n %% 200 = 0 THEN 'errored' WHEN n %% 3 = 0 THEN 'archived' ELSE 'draft' END,
    '', at, 1, %(owner)s, at, at, '{}', '{}', '[]', '[]', '', 'UTC', 'exit', 'current', '{}', 0, 0, '', at
FROM generate_series(1, %(many)s) AS n, LATERAL (SELECT %(now)s::timestamptz - n * interval '5 minutes' AS at) AS created
"""


CHANNELS = """
INSERT INTO channels_channel (campaign_id, kind, position, status, status_reason, content, pauses, enrol_cursor, enrolled,
    sweep, sweep_reason, created_at)
SELECT id, CASE WHEN id %% 100 = 0 THEN 'webhook' ELSE kind END, 0, 'ready', '', '{}', 0, 0, false, '', '', created_at
FROM campaigns_campaign
"""
LABELS = """
INSERT INTO campaigns_campaign_labels (campaign_id, label_id)
SELECT id, %s FROM campaigns_campaign WHERE id %% 100 = 0
"""


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """The creator of a workspace with many campaigns; one in a hundred has a label and a webhook. Made once, undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        owner = factories.member("creator", is_staff=True)
        label = factories.LabelFactory(workspace=owner.workspace, name="Rare")
        values = {"workspace": owner.workspace_id, "owner": owner.user_id, "many": MANY, "now": factories.NOW}
        with connection.cursor() as cursor:
            cursor.execute(FILL, values)
            cursor.execute(LABELS, [label.pk])
            cursor.execute(CHANNELS.replace("%%", "%"))
            # Here and once, not after every test.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            for table in ("campaigns_campaign", "campaigns_campaign_labels", "channels_channel"):
                cursor.execute(f"ANALYZE {table}")
        yield owner
        transaction.set_rollback(True)


@pytest.fixture
def creator(crowd, db):
    return crowd


def plans(queries):
    """What PostgreSQL does for each query on a large table, under the settings that the list asks for."""
    prefer_indexes()
    with connection.cursor() as cursor:
        for query in queries:
            if re.search(r'FROM "(campaigns_campaign|channels_channel)', query["sql"]):
                cursor.execute("EXPLAIN " + query["sql"])
                yield query["sql"], "\n".join(row[0] for row in cursor.fetchall())


QUESTIONS = [
    {}, {"status": "errored"}, {"status": "draft"}, {"kind": "voice"}, {"kind": "journey"}, {"channel": "webhook"},
    {"type": "ab"}, {"type": "property"}, {"type": "single"}, {"delivery": "recurring"}, {"delivery": "one_time"},
    {"label": "Rare"}, {"owner": "creator"}, {"q": "harv"}, {"q": "newsletter 1999"}, {"created": "2029"},
    {"created": "2029-03"}, {"created": "2029-03-14"}, {"status": "errored", "kind": "voice", "created": "2029"},
]  # fmt: skip


def test_every_list_is_answered_by_indexes(creator, enter):
    client, url = enter(creator), reverse("admin:campaigns_campaign_changelist")
    ids = {"Rare": Label.objects.get(name="Rare").pk, "creator": creator.user_id}
    numbers = set()
    for question in QUESTIONS:
        asked = {name: ids.get(value, value) for name, value in question.items()}
        with CaptureQueriesContext(
            connection,
        ) as captured:
            first = client.get(url, asked)
        assert first.status_code == 200
        numbers.add(len(captured))
        for sql, plan in plans(captured.captured_queries):
            assert "Seq Scan on campaigns_campaign " not in plan, f"{question}\n{sql}\n{plan}"
            assert "Seq Scan on channels_channel " not in plan, f"{question}\n{sql}\n{plan}"
        _second_page(client, url, asked, first.context["cl"])
    assert max(numbers) <= 18, numbers


def _second_page(client, url, asked, cl):
    """The next page goes on where this one ended, and is found by an index as well."""
    if not cl.next_query:
        return
    with CaptureQueriesContext(connection) as captured:
        page = client.get(url + cl.next_query).context["cl"]
    shown = {row.pk for row in cl.result_list}
    assert len(shown) == 100 and not shown & {row.pk for row in page.result_list}
    for sql, plan in plans(captured.captured_queries):
        assert "Seq Scan on campaigns_campaign " not in plan, f"{asked}\n{sql}\n{plan}"
    back = client.get(url + page.previous_query).context["cl"]
    assert [row.pk for row in back.result_list] == [row.pk for row in cl.result_list]


def test_counts_stop_at_ten_thousand_and_filters_find_what_there_is(creator, enter):
    client, url = enter(creator), reverse("admin:campaigns_campaign_changelist")
    assert "10,000+" in client.get(url).content.decode()
    for question, expected in (
        ({"status": "errored"}, MANY // 200),
        ({"q": "harv"}, MANY // 1000),
        ({"q": "HARVEST 1000"}, Campaign.objects.filter(name__startswith="Harvest 1000").count()),
        ({"q": "nothing-of-the-kind"}, 0),
        ({"created": "2029-03-14"}, 24 * 12),
        ({"created": "1999"}, 0),
    ):
        assert client.get(url, question).context["cl"].result_count == expected, question


def test_the_drill_down_goes_from_years_to_days(creator, enter):
    client, url = enter(creator), reverse("admin:campaigns_campaign_changelist")

    def words(**asked):
        specs = {spec.parameter_name: spec for spec in client.get(url, asked).context["cl"].filter_specs}
        cl = client.get(url, asked).context["cl"]
        return [choice["display"] for choice in specs["created"].choices(cl)]

    assert words() == ["Any date", "2030", "2029", "2028"]
    assert words(created="2030") == ["Any date", "2030", "January 2030", "February 2030", "March 2030"]
    assert words(created="2030-03") == ["Any date", "2030", "March 2030"] + [
        f"0{n} March 2030" for n in (1, 2, 3, 4)
    ]
    assert words(created="2030-03-02") == ["Any date", "2030", "March 2030", "02 March 2030"]
    for wrong in ("x", "2030-13", "2030-02-30", "2030-03-02-01", "99999"):
        assert client.get(url, {"created": wrong}).status_code == 302, wrong


def _cursor(*values):
    """One that looks like ours."""
    return base64.urlsafe_b64encode(json.dumps(["after", *values]).encode()).decode().rstrip("=")


def test_a_forged_cursor_shows_the_first_page(creator, enter):
    client, url = enter(creator), reverse("admin:campaigns_campaign_changelist")
    first = client.get(url).context["cl"].result_list
    for cursor in (
        "x",
        "WyJhZnRlciIsIngiXQ",
        "'; DROP TABLE campaigns_campaign",
        _cursor("x", "1"),
    ):
        page = client.get(url, {"cursor": cursor})
        assert [row.pk for row in page.context["cl"].result_list] == [row.pk for row in first]


def test_a_small_workspace_beside_a_crowded_one_is_fast_too(creator, stranger, enter):
    factories.CampaignFactory(workspace=stranger.workspace, created_by=stranger)
    client, url = enter(stranger), reverse("admin:campaigns_campaign_changelist")
    with CaptureQueriesContext(connection) as captured:
        assert len(client.get(url).context["cl"].result_list) == 1
    for sql, plan in plans(captured.captured_queries):
        assert "Seq Scan on campaigns_campaign " not in plan, f"{sql}\n{plan}"
        assert "campaigns_campaign_pkey" not in plan or "LIMIT 101" not in sql, f"{sql}\n{plan}"
