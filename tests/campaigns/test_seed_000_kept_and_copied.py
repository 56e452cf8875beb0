"""Seed 000, rule by rule, in its own words: archive, duplicate, the legacy segment trigger and delete.

The text of a test is the line of the seed that it is about.
"""

from __future__ import annotations

import pytest

from campaigns.models import Campaign, Journey, Membership, Segment
from campaigns.services import duties
from channels.models import Delivery
from tests.api.callers import Caller
from tests.campaigns.journeys import DAY, ONCE_MORE, SOON, act, entered, join, journey, offered
from tests.engine.world import add_to_list
from tests.factories.people import PersonFactory, SegmentFactory
from tests.factories.workspaces import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(creator: Membership) -> Caller:
    return Caller(creator)


# --- archive and unarchive


@pytest.mark.parametrize(("status", "may"), [("running", True), ("stopped", True), ("draft", False)])
def test_what_can_be_archived(creator: Membership, api: Caller, status: str, may: bool) -> None:
    """You can archive `stopped` and `running` campaigns, not `draft`."""
    assert ("Archive" in offered(api, journey(creator, status))) is may


def test_archiving_moves_it_to_the_archived_tab(creator: Membership, api: Caller) -> None:
    """Archiving moves campaigns from your list of Active campaigns to Archived … You can still search for [them]."""
    campaign = act(journey(creator, "running", name="Summer sale"), "archive")
    for tab, there in (("active", False), ("archived", True)):
        listed = [row["id"] for row in api.everything(f"/campaigns?tab={tab}&q=Summer")]
        assert (campaign.pk in listed) is there


def test_after_archiving(creator: Membership, api: Caller) -> None:
    """People can no longer enter. We end active journeys. We delete unsent drafts. You can no longer edit the workflow…"""
    drafted = [{**ONCE_MORE[0], "sending": "draft"}, *ONCE_MORE[1:]]
    campaign = journey(creator, "running", people=2, workflow=drafted)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"drafted"}
    campaign = act(campaign, "archive")
    join(campaign, SOON)
    duties.work_on(campaign.pk, SOON + DAY)
    assert list(Journey.objects.values_list("status", flat=True)) == ["exited"] * 2
    assert not Delivery.objects.filter(status__in=("drafted", "pending")).exists()
    for section in ({"workflow": ONCE_MORE}, {"trigger": {}}, {"goal": {}}, {"exit": {}}):
        refused = api.patch(f"/campaigns/{campaign.pk}", {"version": campaign.version, **section})
        assert refused.status_code == 409, section


def test_unarchive(creator: Membership, api: Caller) -> None:
    """The campaign moves back to the Active tab, and its status updates to `stopped`."""
    campaign = act(journey(creator, "archived"), "unarchive")
    assert campaign.status == "stopped"
    assert campaign.pk in [row["id"] for row in api.everything("/campaigns?tab=active")]


@pytest.mark.parametrize("place", ["trigger", "filter", "goal", "exit"])
def test_unarchive_makes_its_segments_active_again(creator: Membership, place: str) -> None:
    """Any archived segment used in the campaign's trigger, filters, goal, or exit criteria becomes active."""
    used = SegmentFactory(workspace=creator.workspace, people=0)
    inside = {"segment": used.pk, "op": "in"}
    other = SegmentFactory(workspace=creator.workspace, people=0).pk
    trigger = {"type": "segment", "in": [[used.pk if place == "trigger" else other]], "not_in": []}
    if place == "filter":
        trigger["filter"] = inside
    settings = {"trigger": trigger, **({place: {"condition": inside}} if place in ("goal", "exit") else {})}
    if place == "goal":
        settings["goal"]["within"] = "7 days"
    campaign = journey(creator, "archived", audience=None, **settings)
    Segment.objects.filter(pk=used.pk).update(archived_at=NOW)
    act(campaign, "unarchive")
    assert Segment.objects.get(pk=used.pk).archived_at is None


# --- duplicate


@pytest.mark.parametrize(
    ("status", "may"), [("running", True), ("draft", True), ("stopped", True), ("archived", False)]
)
def test_what_can_be_duplicated(creator: Membership, api: Caller, status: str, may: bool) -> None:
    """You can duplicate a campaign that is running, draft or stopped. To duplicate an archived one, first unarchive it."""
    campaign = journey(creator, status)
    assert ("Duplicate" in offered(api, campaign)) is may
    answer = api.post(f"/campaigns/{campaign.pk}/actions/duplicate")
    assert answer.status_code == (201 if may else 409)


def test_the_copy(creator: Membership, api: Caller) -> None:
    """the original campaign's name prefixed with `[COPY]`, at the bottom of the campaign list in a `draft` state"""
    goal = {"condition": {"event": "purchase", "op": "done"}, "within": "7 days"}
    leave = {"condition": {"event": "unsubscribed", "op": "done"}}
    campaign = journey(creator, "running", name="Welcome", goal=goal, exit=leave, frequency={"once": True})
    copy = api.post(f"/campaigns/{campaign.pk}/actions/duplicate").json()
    assert (copy["name"], copy["status"]) == ("[COPY] Welcome", "draft")
    original = api.get(f"/campaigns/{campaign.pk}").json()
    for part in ("workflow", "trigger", "audience", "goal", "exit", "frequency"):
        assert copy[part] == original[part], part
    assert [row["id"] for row in api.everything("/campaigns")][-1] == copy["id"]
    assert entered(Campaign.objects.get(pk=copy["id"])) == 0, "must be activated before anyone can enter"


def test_only_within_the_workspace(creator: Membership, stranger: Membership) -> None:
    """You can only duplicate campaigns within a workspace"""
    campaign = journey(creator, "running")
    assert Caller(stranger).post(f"/campaigns/{campaign.pk}/actions/duplicate").status_code == 404


# --- the legacy segment trigger


def test_at_least_one_in(creator: Membership, api: Caller) -> None:
    """A segment-triggered campaign must have at least one in condition for you to save it."""
    campaign = journey(creator)
    other = SegmentFactory(workspace=creator.workspace, people=0).pk
    trigger = {"type": "segment", "in": [], "not_in": [other]}
    refused = api.patch(f"/campaigns/{campaign.pk}", {"version": campaign.version, "trigger": trigger})
    assert refused.status_code == 422 and "trigger.in" in refused.json()["error"]["fields"]


def test_and_or_not_in_and_filter(creator: Membership) -> None:
    """Use and to trigger only when people meet all of your conditions; an or condition on any of the segments. Filter."""
    workspace = creator.workspace
    names = ("a_x", "ab_x", "bc_x", "bcd_x", "bc_y")
    people = {name: PersonFactory(workspace=workspace, attributes={"plan": name[-1]}) for name in names}
    lists = {name: SegmentFactory(workspace=workspace, people=0) for name in "abcd"}
    for name in lists:
        add_to_list(lists[name], [p.pk for key, p in people.items() if name in key.split("_")[0]], NOW - DAY)
    trigger = {
        "type": "segment", "in": [[lists["a"].pk, lists["c"].pk], [lists["b"].pk]], "not_in": [lists["d"].pk],
        "filter": {"attribute": "plan", "op": "eq", "value": "x"},
    }  # fmt: skip
    campaign = journey(creator, "running", audience=None, trigger=trigger)
    inside = set(Journey.objects.filter(campaign=campaign).values_list("person_id", flat=True))
    assert {name for name, person in people.items() if person.pk in inside} == {"ab_x", "bc_x"}


# --- delete


def test_delete_is_permanent(creator: Membership, api: Caller) -> None:
    """Deleting a campaign is a permanent action: we delete all message content, settings, and metrics."""
    campaign = journey(creator, "stopped", people=2)
    assert "Delete" in offered(api, campaign)
    assert api.post(f"/campaigns/{campaign.pk}/actions/delete").status_code == 204
    assert api.get(f"/campaigns/{campaign.pk}").status_code == 404
    duties.work_on(campaign.pk, SOON)
    assert not Delivery.objects.filter(channel__campaign=campaign.pk).exists()
    assert not Journey.objects.filter(campaign=campaign.pk).exists()
    assert not Campaign.objects.filter(pk=campaign.pk).exists()
