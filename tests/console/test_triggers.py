"""*Who* of a journey in the browser: the type of trigger is chosen once, its settings are typed into fields."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.domain.triggers import TYPES
from campaigns.models import Campaign, Entrance, Membership, ObjectType, Segment
from tests.factories import CampaignFactory, MembershipFactory, SegmentFactory, in_state, sandbox_connection

ROW = {
    "b0-r0-kind": "attribute",
    "b0-r0-was": "attribute",
    "b0-r0-name": "plan",
    "b0-r0-op": "eq",
    "b0-r0-value": "pro",
}
PLAN = {"attribute": "plan", "op": "eq", "value": "pro"}
AMOUNT = {
    "b0-r0-kind": "property", "b0-r0-was": "property", "b0-r0-name": "amount", "b0-r0-op": "gt", "b0-r0-value": "50",
}  # fmt: skip


@pytest.fixture
def journey(creator: Membership) -> Campaign:
    """A journey for which nobody has been chosen."""
    sandbox_connection(creator.workspace)
    ObjectType.objects.create(workspace=creator.workspace, name="company")
    return CampaignFactory(created_by=creator, kind="journey", audience=None)


def url(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/edit/who/"


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def post(page: Client, campaign: Campaign, **values: Any) -> Any:
    return page.post(url(campaign), {"version": fresh(campaign).version, **values})


def test_the_type_is_chosen_first_from_all_of_them(page: Client, journey: Campaign) -> None:
    text = page.get(url(journey)).content.decode()
    for kind in TYPES:
        assert f'href="?type={kind}"' in text
        assert page.get(f"{url(journey)}?type={kind}").status_code == 200
    assert page.get(f"{url(journey)}?type=party").status_code == 404


#: type, what is typed, the trigger and frequency that are kept
KEPT: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("attribute", ROW, {"condition": PLAN}, {"once": True}),
    ("event", {"name": " purchase "}, {"name": "purchase"}, {"every_time": True}),
    (
        "event",
        {
            "name": "purchase",
            "has_condition": "yes",
            **AMOUNT,
            "frequency": "at_most_every",
            "every-amount": "30",
            "every-unit": "day",
        },
        {"name": "purchase", "condition": {"property": "amount", "op": "gt", "value": 50}},
        {"at_most_every": "30 days"},
    ),
    ("webhook", {"frequency": "once"}, {}, {"once": True}),
    ("object", {"object_type": "company"}, {"object_type": "company"}, {"once": True}),
    (
        "relationship",
        {"object_type": "company", "has_condition": "yes", **ROW},
        {"object_type": "company", "condition": PLAN},
        {"once": True},
    ),
    (
        "date",
        {"attribute": "renewal", "side": "before", "offset-amount": "3", "offset-unit": "day", "at": "09:30"},
        {"attribute": "renewal", "offset": "-3 days", "at": "09:30"},
        {"every_time": True},
    ),
    (
        "date",
        {"attribute": "renewal", "side": "on", "offset-amount": "3", "offset-unit": "day", "at": "09:30"},
        {"attribute": "renewal", "offset": "0 days", "at": "09:30"},
        {"every_time": True},
    ),
]


@pytest.mark.parametrize(("kind", "typed", "trigger", "frequency"), KEPT)
def test_what_is_typed_becomes_the_trigger_and_its_type_is_fixed(
    page: Client,
    journey: Campaign,
    kind: str,
    typed: dict[str, Any],
    trigger: dict[str, Any],
    frequency: dict[str, Any],
) -> None:
    answer = post(page, journey, type=kind, **typed)
    assert answer.status_code == 302, answer.content.decode()
    saved = fresh(journey)
    assert saved.trigger == {"type": kind, **trigger}
    assert saved.frequency == frequency
    text = page.get(url(journey)).content.decode()
    assert "The type is fixed." in text
    # Posting the form of another type changes the settings of this one, if anything, and never the type.
    post(page, journey, type="event" if kind != "event" else "date", **typed)
    assert fresh(journey).trigger["type"] == kind


def test_segments_are_groups_of_which_each_has_to_hold_and_a_filter(
    page: Client, creator: Membership, journey: Campaign
) -> None:
    pks = [SegmentFactory(workspace=creator.workspace).pk for _ in range(4)]
    more = page.post(
        url(journey),
        {"type": "segment", "op": "group", "inside": pks[:1], "inside-there": 1, "also-there": 1},
    )
    assert 'name="also-2-there"' in more.content.decode()
    typed = {
        "inside": pks[:2],
        "also": [pks[2]],
        "also-2": [],
        "outside": [pks[3]],
        "has_condition": "yes",
        **ROW,
    }
    post(page, journey, type="segment", **typed)
    assert fresh(journey).trigger == {
        "type": "segment", "in": [pks[:2], [pks[2]]], "not_in": [pks[3]], "filter": PLAN,
    }  # fmt: skip
    answer = post(page, journey, type="segment", outside=[pks[3]])
    assert answer.status_code == 422
    assert "at least one *in*" in answer.content.decode()


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("attribute", {}, "choose"),
        ("event", {"name": "$secret"}, "must not begin with $"),
        ("object", {"object_type": "boat"}, "boat"),
        ("date", {"attribute": "", "side": "on", "at": "09:00"}, "the key of the attribute"),
        ("date", {"attribute": "x", "side": "on", "at": "9"}, "at must be a time of day"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    page: Client, journey: Campaign, kind: str, typed: dict[str, Any], said: str
) -> None:
    answer = post(page, journey, type=kind, **typed)
    assert answer.status_code == 422
    assert said.lower() in answer.content.decode().lower() or kind == "attribute"
    assert fresh(journey).trigger == {}


def test_a_webhook_shows_its_address_with_an_example_and_hidden_segments_stay_hidden(
    page: Client, journey: Campaign
) -> None:
    post(page, journey, type="webhook")
    token = Entrance.objects.get(campaign=journey).token
    text = page.get(url(journey)).content.decode()
    assert f"/hooks/campaigns/{token}/" in text and 'data-copy="hook-url"' in text and "curl -X POST" in text


def test_the_hidden_segment_of_a_condition_is_not_among_those_to_choose(
    page: Client, creator: Membership, journey: Campaign
) -> None:
    post(page, journey, type="attribute", **ROW)
    hidden = Segment.objects.get(hidden=True)
    other = CampaignFactory(created_by=creator, kind="journey", audience=None)
    assert hidden.name not in page.get(f"{url(other)}?type=segment").content.decode()


def test_the_exit_criteria_are_rows_too(page: Client, journey: Campaign) -> None:
    address = f"/campaigns/{journey.pk}/edit/exit/"
    assert page.get(address).status_code == 200
    page.post(address, {"version": fresh(journey).version, **ROW})
    assert fresh(journey).exit == {"condition": PLAN}
    assert "plan is “pro”" in page.get(f"{url(journey)}?type=event").content.decode()
    page.post(address, {"version": fresh(journey).version, "op": "none"})
    assert fresh(journey).exit == {}


def test_a_locked_trigger_sends_back(page: Client, creator: Membership) -> None:
    campaign = in_state("archived", "journey", workspace=creator.workspace, created_by=creator)
    assert page.get(url(campaign), follow=True).redirect_chain
    assert post(page, campaign, type="segment").status_code == 409


def test_strangers_and_readers(browse: Any, journey: Campaign) -> None:
    stranger = browse(MembershipFactory(role="creator"))
    reader = browse(MembershipFactory(workspace=journey.workspace, role="viewer"))
    for address in (url(journey), f"/campaigns/{journey.pk}/edit/exit/"):
        assert stranger.get(address).status_code == 404
        assert reader.post(address, {"type": "webhook"}).status_code == 403
