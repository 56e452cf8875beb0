"""Who is inside a journey or flow: by status, flow, step and person; found by index, however many (seed 002, C9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.domain.moments import NEVER
from campaigns.models import Campaign, Journey, Person
from tests.engine.world import delay, message
from tests.factories import NOW, CampaignFactory, PersonFactory, people

STEPS = [{**message("hello", "email"), "subject": "Hi"}, {**delay("wait", "2 days"), "name": "A rest"}]
FLOWS = [
    {"key": "one", "name": "Welcome", "active": True, "workflow": STEPS},
    {"key": "two", "name": "Birthday", "active": True, "workflow": STEPS},
]


def inside(
    campaign: Campaign, person: Person, step: str, status: str = "active", **values: object
) -> Journey:
    flow = step.rpartition(":")[0]
    times = {"due_at": NOW + timedelta(days=2), "entered_at": NOW}
    return Journey.objects.create(
        campaign=campaign, person=person, flow=flow, step=step, status=status, **times | values
    )


@pytest.fixture
def campaign(creator):
    return CampaignFactory(kind="flow", created_by=creator, flows=FLOWS)


@pytest.fixture
def ann(campaign):
    return PersonFactory(workspace=campaign.workspace, external_id="ann", attributes={"first_name": "Ann"})


@pytest.fixture
def bob(campaign):
    return PersonFactory(workspace=campaign.workspace, external_id="bob", attributes={"first_name": "Bob"})


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("", ["Ann", "Ann", "Bob"]),
        ("?status=active", ["Ann", "Bob"]),
        ("?status=exited", ["Ann"]),
        ("?flow=two", ["Ann"]),
        ("?step=one:wait", ["Ann", "Bob"]),
        ("?q=bob", ["Bob"]),
        ("?q=ann&status=exited", ["Ann"]),
        ("?q=nobody", []),
        ("?step=one:gone&status=odd&flow=odd", ["Ann", "Ann", "Bob"]),
    ],
)
def test_they_are_listed_by_status_flow_step_and_person(page, campaign, ann, bob, query, listed):
    inside(campaign, ann, "one:wait")
    inside(campaign, bob, "one:wait", due_at=NEVER)
    inside(campaign, ann, "two:hello", "exited", reason="exit_criteria", ended_at=NOW)
    answer = page.get(f"/campaigns/{campaign.pk}/participants/{query}")
    shown = [row["journey"].person.attributes["first_name"] for row in answer.context["people"]]
    assert shown == listed
    text = answer.content.decode()
    if "Bob" in listed:
        assert "A rest" in text and "Without a limit" in text, (
            "the step's name, and that nothing ends the wait"
        )
    if not listed:
        assert "Nobody matches" in text


def test_each_row_has_the_messages_of_that_entry_and_flow(page, campaign, ann):
    inside(campaign, ann, "one:wait", entry=1)
    channel = campaign.channels.get()
    for step, run in (("one:hello", 0), ("one:hello", 1), ("two:hello", 1)):
        channel.deliveries.create(step=step, run=run, person=ann, status="sent", due_at=NOW, opened_at=NOW)
    (row,) = page.get(f"/campaigns/{campaign.pk}/participants/").context["people"]
    assert [(sent["delivery"].step, sent["delivery"].run) for sent in row["messages"]] == [("one:hello", 1)]


def test_of_another_workspace_it_is_not_there(page, stranger):
    foreign = CampaignFactory(kind="flow", created_by=stranger, flows=FLOWS)
    assert page.get(f"/campaigns/{foreign.pk}/participants/").status_code == 404


def fill(campaign: Campaign, number: int) -> None:
    """So many journeys: most wait at the same step for the same moment, a few have ended."""
    ids = people(campaign.workspace, number)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_journey (campaign_id, person_id, flow, entry, step, status, reason, due_at,
                   entered_at, ended_at)
               SELECT %s, p, 'one', 0, 'one:wait', CASE WHEN p %% 1000 = 0 THEN 'exited' ELSE 'active' END, '',
                   %s::timestamptz, %s::timestamptz, NULL FROM unnest(%s::bigint[]) AS p""",
            [campaign.pk, NOW, NOW, ids],
        )


@pytest.mark.slow
def test_a_page_is_found_by_index_however_many_there_are(page, campaign):
    fill(campaign, 200_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_journey, campaigns_person, channels_delivery")
    url = f"/campaigns/{campaign.pk}/participants/"
    for query in ("", "?status=active", "?status=exited", "?step=one:wait", "?flow=one", "?q=person-77"):
        first = page.get(url + query).context["page"]
        following = f"{'&' if query else '?'}cursor={first.next}" if first.next else ""
        with CaptureQueriesContext(connection) as captured:
            assert page.get(url + query + following).status_code == 200
        assert len(captured) <= 14, query
        for asked in captured.captured_queries:
            if "campaigns_journey" in asked["sql"] and "tally" not in asked["sql"]:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT TEXT) {asked['sql']}")
                    plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Seq Scan on campaigns_journey" not in plan, plan
                assert "Sort Method: external" not in plan and "rows=100" not in plan, plan
