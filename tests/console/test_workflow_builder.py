"""Drawing a journey's workflow: add, move, duplicate, remove; kept until saved, and nobody's work is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Journey, Membership, WorkflowEdit
from channels.models import Connection
from tests.console.builder_kit import WORKFLOW, drawn, form, fresh, keys, url
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, MembershipFactory, in_state, sandbox_connection


@pytest.fixture
def connection(creator: Membership) -> Connection:
    return sandbox_connection(creator.workspace)


@pytest.fixture
def journey(creator: Membership, connection: Connection) -> Campaign:
    return CampaignFactory(created_by=creator, kind="journey", workflow=WORKFLOW)


def test_the_page_shows_every_step_with_what_is_inside(page: Client, journey: Campaign) -> None:
    text = page.get(url(journey)).content.decode()
    for said in ("Welcome", "plan is “pro”", "Wait 2 days", 'aria-label="Yes of step 2"'):
        assert said in text
    assert text.count('class="flow-card"') == 4


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("down:hello", ["fork", "hello", "thanks", "pause"]),
        ("up:pause", ["hello", "fork", "thanks", "pause"]),
        ("duplicate:hello", ["hello", "message-1", "fork", "thanks", "pause"]),
        ("remove:fork", ["hello", "pause"]),
        ("move:pause:workflow.1.then.0", ["hello", "fork", "pause", "thanks"]),
    ],
)
@pytest.mark.parametrize("script", [False, True])
def test_a_button_changes_the_drawing_and_nothing_of_the_campaign(
    page: Client, journey: Campaign, operation: str, expected: list[str], script: bool
) -> None:
    headers = {"HX-Request": "true"} if script else {}
    answer = page.post(url(journey), form(journey, op=f"workflow:{operation}"), headers=headers)
    assert answer.status_code == 200
    assert ("<html" in answer.content.decode()) is not script, "a script gets only the drawing"
    assert drawn(journey) == expected
    assert fresh(journey).workflow == WORKFLOW
    assert "not saved yet" in page.get(url(journey)).content.decode(), "a reload loses nothing"


def test_a_button_for_a_step_that_is_gone_says_so(page: Client, journey: Campaign) -> None:
    for operation in ("remove:gone", "move:hello:workflow.9", "sing:hello", "move"):
        answer = page.post(url(journey), form(journey, op=f"workflow:{operation}"))
        assert answer.status_code == 422, operation
        assert "note-error" in answer.content.decode()
    assert not WorkflowEdit.objects.exists()


def test_saving_puts_the_drawing_into_the_campaign(page: Client, journey: Campaign) -> None:
    page.post(url(journey), form(journey, op="workflow:remove:fork"))
    answer = page.post(url(journey), form(journey, op="save"))
    assert answer["Location"] == f"/campaigns/{journey.pk}/edit/when/"
    assert keys(fresh(journey).workflow) == ["hello", "pause"]
    assert not WorkflowEdit.objects.exists()


def test_a_step_of_every_type_is_added_where_it_was_asked_for(page: Client, journey: Campaign) -> None:
    for kind in ("message", "delay", "window", "branch", "wait_until", "update", "split", "webhook", "exit"):
        added = page.post(url(journey, "add/?at=workflow.1.else.0"), {"type": kind})
        assert added.status_code == 302
        assert page.get(added["Location"]).status_code == 200, kind
    inside = WorkflowEdit.objects.get().workflow[1]["else"]
    assert [step["type"] for step in inside][:3] == ["exit", "webhook", "split"]
    assert len(set(drawn(journey))) == len(drawn(journey)) == 13


@pytest.mark.parametrize(
    ("place", "kind"), [("workflow.9", "delay"), ("workflow.0", "party"), ("x", "delay")]
)
def test_no_step_of_no_type_or_at_no_place(page: Client, journey: Campaign, place: str, kind: str) -> None:
    answer = page.post(url(journey, f"add/?at={place}"), {"type": kind})
    assert answer.status_code == 422
    assert not WorkflowEdit.objects.exists()


def test_every_place_can_be_chosen_from_a_list(page: Client, journey: Campaign) -> None:
    text = page.get(url(journey, "steps/pause/move/")).content.decode()
    for said in ("At the very beginning", "After 1. Welcome", "In 2. plan is “pro”, Yes: at the beginning"):
        assert said in text
    page.post(url(journey, "steps/pause/move/"), {"to": "workflow.1.else.0"})
    assert WorkflowEdit.objects.get().workflow[1]["else"][0]["key"] == "pause"
    assert page.post(url(journey, "steps/fork/move/"), {"to": "workflow.1.then.0"}).status_code == 422
    assert page.get(url(journey, "steps/gone/move/")).status_code == 404


def test_steps_that_are_not_right_yet_say_what_is_missing_and_are_not_saved(
    page: Client, journey: Campaign
) -> None:
    page.post(url(journey, "add/?at=workflow.0"), {"type": "webhook"})
    text = page.get(url(journey)).content.decode()
    assert "url must be an address" in text
    assert "the campaign has no Webhook channel" in text
    answer = page.post(url(journey), form(journey, op="save"))
    assert answer.status_code == 422
    assert "is-wrong" in answer.content.decode()
    assert fresh(journey).workflow == WORKFLOW


def test_a_drawing_that_somebody_has_overtaken_is_not_saved_until_its_owner_chooses(
    page: Client, journey: Campaign
) -> None:
    page.post(url(journey), form(journey, op="workflow:remove:pause"))
    Campaign.objects.filter(pk=journey.pk).update(workflow=WORKFLOW[:1], version=journey.version + 1)
    answer = page.post(url(journey), form(journey, op="save"))
    assert answer.status_code == 409
    assert "has been changed by somebody else" in answer.content.decode()
    assert keys(fresh(journey).workflow) == ["hello"]
    page.post(url(journey), form(journey, op="workflow:insist"))
    page.post(url(journey), form(journey, op="save"))
    assert keys(fresh(journey).workflow) == ["hello", "fork", "thanks"]


def test_two_members_draw_without_seeing_each_others_work(
    page: Client, browse: Browse, journey: Campaign
) -> None:
    other = browse(MembershipFactory(workspace=journey.workspace, role="creator"))
    page.post(url(journey), form(journey, op="workflow:remove:pause"))
    assert "not saved yet" not in other.get(url(journey)).content.decode()


def test_strangers_and_readers_draw_nothing(browse: Browse, journey: Campaign) -> None:
    stranger = browse(MembershipFactory(role="creator"))
    reader = browse(MembershipFactory(workspace=journey.workspace, role="viewer"))
    for more in ("", "add/", "steps/hello/", "steps/hello/move/"):
        assert stranger.get(url(journey, more)).status_code == 404
        assert stranger.post(url(journey, more), {"op": "workflow:remove:hello"}).status_code == 404
        assert reader.post(url(journey, more), {"op": "workflow:remove:hello"}).status_code == 403
    assert not WorkflowEdit.objects.exists()


def test_a_workflow_that_is_locked_is_not_drawn(page: Client, creator: Membership) -> None:
    campaign = in_state("archived", "journey", workspace=creator.workspace, created_by=creator)
    assert page.get(url(campaign), follow=True).redirect_chain
    page.post(url(campaign), form(campaign, op="workflow:remove:hello"))
    page.post(url(campaign, "steps/wait/"), {"op": "save", "for-amount": "3", "for-unit": "day"})
    page.post(url(campaign, "add/"), {"type": "exit"})
    page.post(url(campaign, "steps/wait/move/"), {"to": "workflow.0"})
    assert not WorkflowEdit.objects.exists()


def test_two_hundred_steps_are_one_page_of_few_queries(
    page: Client, journey: Campaign, django_assert_max_num_queries: Any
) -> None:
    many = [{"key": f"d{at}", "type": "delay", "for": "1 day"} for at in range(200)]
    Campaign.objects.filter(pk=journey.pk).update(workflow=many)
    with django_assert_max_num_queries(25):
        text = page.get(url(journey)).content.decode()
    assert text.count('class="flow-card"') == 200
    answer = page.post(url(journey, "add/?at=workflow.0"), {"type": "exit"})
    assert "at most 200 steps" in answer.content.decode()


def inside(creator: Membership, people: int) -> Campaign:
    """A running journey with so many people at *pause*: the step where its people wait first."""
    given = {"workspace": creator.workspace, "created_by": creator, "workflow": WORKFLOW, "people": people}
    campaign = in_state("running", "journey", **given)
    assert Journey.objects.filter(campaign=campaign, step="pause", status="active").count() == people
    return campaign


def test_saving_with_people_inside_says_first_what_becomes_of_them(
    page: Client, creator: Membership, connection: Connection
) -> None:
    campaign = inside(creator, 3)
    page.post(url(campaign), form(campaign, op="workflow:remove:pause"))
    assert "3</strong> stand here" not in page.get(url(campaign)).content.decode()
    asked = page.post(url(campaign), form(campaign, op="save"))
    text = asked.content.decode()
    assert asked.status_code == 200
    assert "Save with 3 people inside?" in text
    assert "<b>3</b> stand there now." in text and "leaves the journey at once" in text
    assert keys(fresh(campaign).workflow) == keys(WORKFLOW), "nothing is saved before it is confirmed"
    confirmed = dict(asked.context["kept"]) | {"confirmed": asked.context["confirmed"]}
    page.post(url(campaign), confirmed)
    assert keys(fresh(campaign).workflow) == ["hello", "fork", "thanks"]


def test_what_was_confirmed_is_what_is_saved(
    page: Client, creator: Membership, connection: Connection
) -> None:
    campaign = inside(creator, 1)
    page.post(url(campaign), form(campaign, op="workflow:remove:pause"))
    asked = page.post(url(campaign), form(campaign, op="save"))
    page.post(url(campaign), form(campaign, op="workflow:remove:hello"))
    again = page.post(url(campaign), form(campaign, op="save", confirmed=asked.context["confirmed"]))
    assert "Save with 1 person inside?" in again.content.decode(), "another drawing is asked about again"
    assert keys(fresh(campaign).workflow) == keys(WORKFLOW)


def test_cards_say_who_stands_at_them_and_nobody_is_asked_where_nobody_is(
    page: Client, creator: Membership, connection: Connection
) -> None:
    assert "3</strong> stand here" in page.get(url(inside(creator, 3))).content.decode()
    empty = inside(creator, 0)
    page.post(url(empty), form(empty, op="workflow:remove:pause"))
    assert page.post(url(empty), form(empty, op="save")).status_code == 302
