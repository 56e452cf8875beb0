"""The Analytics tab of journeys and flows: the funnel through the workflow as picture, table and CSV, made of counts."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.domain.workflow import steps_in
from campaigns.engine.journeys import advance
from campaigns.models import Campaign, Journey, Membership, Person
from channels.models import Delivery
from tests.console.conftest import Browse
from tests.console.test_workflow_builder import form as editing_form
from tests.engine.world import delay, message
from tests.factories import NOW, CampaignFactory, people

GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
GOAL = {"condition": {"event": "purchase", "op": "done", "within": "7 days"}, "within": "7 days"}


def mail(key: str) -> dict[str, Any]:
    return {**message(key, "email"), "subject": "News"}


SPLIT = {
    "key": "test", "type": "split", "name": "Which text",
    "variants": [{"name": "a", "steps": [mail("to_a")]}, {"name": "b", "steps": []}],
}  # fmt: skip
WORKFLOW = [
    {**mail("hello"), "name": "=Hello"},
    {"key": "fork", "type": "branch", "if": GOLD, "then": [{"key": "out", "type": "exit"}], "else": [SPLIT]},
    delay("rest", "2 days"),
]
FLOWS = [
    {"key": "one", "name": "Welcome", "active": True, "workflow": WORKFLOW},
    {"key": "two", "name": "Birthday", "active": True, "workflow": [delay("wait", "1 day")]},
]


def url_of(campaign: Campaign, rest: str = "") -> str:
    return f"/campaigns/{campaign.pk}/analytics/{rest}"


def enter(campaign: Campaign, ids: list[int], flow: str = "") -> None:
    """They stand at the first step of the workflow, due now."""
    workflow = (
        campaign.workflow if not flow else next(f["workflow"] for f in campaign.flows if f["key"] == flow)
    )
    key = f"{flow}:{workflow[0]['key']}" if flow else workflow[0]["key"]
    Journey.objects.bulk_create(
        Journey(campaign=campaign, person_id=pk, flow=flow, step=key, due_at=NOW, entered_at=NOW)
        for pk in ids
    )


def walked(creator: Membership, number: int = 60, **values: Any) -> Campaign:
    """A third of the people is gold and leaves by the exit; the others come to the split and then rest."""
    kind = values.pop("kind", "journey")
    own = {"flows": FLOWS} if kind == "flow" else {"workflow": WORKFLOW}
    campaign = CampaignFactory(kind=kind, created_by=creator, name="Spring, sale", **own, **values)
    Campaign.objects.filter(pk=campaign.pk).update(status="running")
    campaign.channels.update(status="running")
    ids = people(campaign.workspace, number)
    Person.objects.filter(pk__in=ids[::3]).update(attributes={"plan": "gold"})
    enter(campaign, ids, "one" if kind == "flow" else "")
    advance(campaign.pk, NOW)
    return campaign


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    return walked(creator, goal=GOAL)


def rows_in(page: Client, campaign: Campaign, query: str = "") -> dict[str, Any]:
    rows = page.get(url_of(campaign) + query).context["rows"]
    return {row.own_key or row.title: row for row in rows}


def test_the_steps_in_their_order_with_who_came_and_where_they_went(page: Client, campaign: Campaign) -> None:
    rows = rows_in(page, campaign)
    assert list(rows) == ["hello", "fork", "Yes", "out", "No", "test", "a: 50 %", "to_a", "b: 50 %", "rest"]
    to_a = Delivery.objects.filter(step="to_a").count()
    assert 1 < to_a < 39
    found = {key: (row.depth, row.arrived, row.here, row.went_on, row.left) for key, row in rows.items()}
    assert found["hello"] == (0, 60, 0, 60, 0)
    assert found["fork"] == (0, 60, 0, 60, 0)
    assert found["out"] == (2, 20, 0, 0, 20), "an exit lets nobody go on"
    assert found["test"] == (2, 40, 0, 40, 0)
    assert found["to_a"] == (4, to_a, 0, to_a, 0)
    assert found["rest"] == (0, 40, 40, 0, 0)
    ways = {key: row.arrived for key, row in rows.items() if row.is_way}
    assert ways == {"Yes": 20, "No": 40, "a: 50 %": to_a, "b: 50 %": 40 - to_a}, "the empty way has the rest"


def test_after_the_last_step_people_are_at_the_end(page: Client, campaign: Campaign) -> None:
    advance(campaign.pk, NOW + timedelta(days=2))
    row = rows_in(page, campaign)["rest"]
    assert (row.arrived, row.here, row.went_on, row.finished) == (40, 0, 40, 40)


def test_the_whole_in_tiles(page: Client, campaign: Campaign) -> None:
    Delivery.objects.filter(pk=Delivery.objects.values_list("pk", flat=True)[0]).update(
        status="sent", sent_at=NOW, delivered_at=NOW, converted_at=NOW
    )
    response = page.get(url_of(campaign))
    assert [(label, value) for label, value, _ in response.context["numbers"]] == [
        ("Entered", 60), ("Inside now", 40), ("Finished", 0), ("Exited", 20), ("Converted", 1),
    ]  # fmt: skip
    hello = rows_in(page, campaign)["hello"].messages
    assert (hello["sent"], hello["delivered"], hello["converted"], hello["pending"]) == (1, 1, 1, 59)
    assert "59 waiting" in response.content.decode()


def test_the_picture_is_drawn_on_one_scale_and_says_what_it_shows(page: Client, campaign: Campaign) -> None:
    response = page.get(url_of(campaign))
    shapes = {shape.row.own_key: shape for shape in response.context["picture"].shapes if shape.row.key}
    assert shapes["out"].width == pytest.approx(shapes["hello"].width / 3, abs=0.1)
    assert (shapes["rest"].inner, shapes["hello"].inner) == (0, shapes["hello"].width)
    assert max(shape.number_x for shape in shapes.values()) < response.context["picture"].width - 90
    text = response.content.decode()
    assert 'role="img" aria-label="=Hello: 60 arrived, 60 went on; ' in text
    assert "<caption" in text and "style=" not in text and "?step=rest" in text


def test_each_flow_by_itself_and_removed_ones_too(page: Client, creator: Membership) -> None:
    campaign = walked(creator, kind="flow")
    assert rows_in(page, campaign)["hello"].arrived == 60, "the first flow, where none is chosen"
    assert list(rows_in(page, campaign, "?flow=two")) == ["wait"]
    assert rows_in(page, campaign, "?flow=two")["wait"].arrived == 0
    Campaign.objects.filter(pk=campaign.pk).update(flows=FLOWS[1:])
    response = page.get(url_of(campaign))
    assert [one.name for one in response.context["programs"]] == ["Birthday", "one (removed)"]
    assert [n for _, n, _ in page.get(url_of(campaign) + "?flow=one").context["numbers"]] == [60, 40, 0, 20]


def test_steps_that_the_workflow_has_no_more_are_still_counted(page: Client, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(workflow=WORKFLOW[1:])
    response = page.get(url_of(campaign))
    row = rows_in(page, campaign)["hello"]
    assert row.gone and row.arrived == 60 and row.messages["pending"] == 60
    assert "no more in the workflow" in response.content.decode()
    assert response.context["entered"] == 60


def test_what_the_variants_led_to_is_counted_when_asked_for(page: Client, campaign: Campaign) -> None:
    assert page.get(url_of(campaign)).context["split"] is None
    Journey.objects.filter(person_id__in=Delivery.objects.filter(step="to_a").values("person_id")[:2]).update(
        converted_at=NOW
    )
    response = page.get(url_of(campaign) + "?split=test")
    a, b = response.context["split"]["variants"]
    assert (a["converted"], b["converted"], a["entered"] + b["entered"]) == (2, 0, 60)
    assert response.context["split"]["edit_url"].endswith("/edit/what/steps/test/")
    assert page.get(response.context["split"]["edit_url"]).status_code == 200
    assert page.get(url_of(campaign) + "?split=hello").context["split"] is None


def test_a_button_sends_everybody_to_one_variant_once_the_edit_is_confirmed(
    page: Client, campaign: Campaign
) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(started_at=NOW)
    results = page.get(url_of(campaign) + "?split=test")
    assert "Send everybody to b" in results.content.decode()
    address = results.context["split"]["winner_url"]
    assert page.post(address, {"variant": "c"}).status_code == 404
    assert page.get(address).status_code == 405
    assert page.post(address, {"variant": "b"})["Location"].endswith("/edit/what/#step-test")
    assert splits_in(campaign) == [None], "nothing is saved before it is confirmed"
    form = editing_form(Campaign.objects.get(pk=campaign.pk), op="save")
    asked = page.post(f"/campaigns/{campaign.pk}/edit/what/", form)
    assert "Whoever has passed it keeps to their way" in asked.content.decode()
    confirmed = dict(asked.context["kept"]) | {"confirmed": asked.context["confirmed"]}
    page.post(f"/campaigns/{campaign.pk}/edit/what/", confirmed)
    assert splits_in(campaign) == ["b"]
    page_now = page.get(url_of(campaign) + "?split=test").content.decode()
    assert "Send everybody to a" in page_now and "Send everybody to b" not in page_now


def splits_in(campaign: Campaign) -> list[Any]:
    """The winners of its splits."""
    places = steps_in(Campaign.objects.get(pk=campaign.pk).workflow)
    return [place.step.get("winner") for place in places if place.step["type"] == "split"]


def test_the_split_of_an_inactive_flow_is_decided_in_its_workflow(page: Client, creator: Membership) -> None:
    campaign = walked(creator, kind="flow")
    Campaign.objects.filter(pk=campaign.pk).update(status="draft")
    response = page.get(url_of(campaign) + "?flow=one&split=test")
    split = response.context["split"]
    assert f'href="{split["edit_url"]}"' in response.content.decode()
    assert split["edit_url"].endswith("/edit/flows/one/steps/test/")
    assert page.get(split["edit_url"]).status_code == 200
    direct = url_of(campaign, "one/test/winner/")
    assert page.get(direct)["Location"].endswith("?flow=one&split=test"), (
        "it is not active: nothing to confirm"
    )
    assert page.post(direct, {"variant": "b"}).status_code == 409


def test_neither_journeys_nor_messages_are_read_nor_more_queries_made_for_more_people(
    page: Client, creator: Membership
) -> None:
    asked: list[int] = []
    for number, kind in ((3, "journey"), (60, "journey"), (60, "flow")):
        campaign = walked(creator, number, kind=kind)
        with CaptureQueriesContext(connection) as captured:
            page.get(url_of(campaign))
        asked.append(len(captured))
        for query in captured.captured_queries:
            assert '"campaigns_journey"' not in query["sql"] and '"channels_delivery"' not in query["sql"]
    assert asked[0] == asked[1] == asked[2] <= 14


def test_the_table_of_all_flows_as_csv(page: Client, creator: Membership) -> None:
    response = page.get(url_of(walked(creator, kind="flow"), "steps.csv"))
    assert response["Content-Disposition"] == 'attachment; filename="spring-sale-steps.csv"'
    lines = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [(row["flow"], row["step"]) for row in lines] == [
        *(("Welcome", key) for key in ("hello", "fork", "out", "test", "to_a", "rest")), ("Birthday", "wait"),
    ]  # fmt: skip
    hello = lines[0]
    assert (hello["name"], hello["arrived"], hello["went_on"], hello["pending"]) == (
        "'=Hello",
        "60",
        "60",
        "60",
    )


def test_without_a_step_it_says_so(page: Client, creator: Membership) -> None:
    for values in ({"kind": "journey", "workflow": []}, {"kind": "flow", "flows": []}):
        campaign = CampaignFactory(created_by=creator, **values)
        assert "nothing to look at" in page.get(url_of(campaign)).content.decode()


@pytest.mark.parametrize("rest", ["", "?split=test", "steps.csv"])
def test_a_stranger_finds_nothing(
    browse: Browse, campaign: Campaign, stranger: Membership, rest: str
) -> None:
    assert browse(stranger).get(url_of(campaign, rest)).status_code == 404


@pytest.mark.parametrize("kind", ["sms", "python"])
def test_the_table_of_steps_is_of_kinds_that_have_steps(page: Client, creator: Membership, kind: str) -> None:
    assert page.get(url_of(CampaignFactory(kind=kind, created_by=creator), "steps.csv")).status_code == 404
