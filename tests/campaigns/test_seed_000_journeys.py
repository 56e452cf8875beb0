"""Seed 000, rule by rule, in its own words: statuses, stop and restart of journeys.

The text of a test is the line of the seed that it is about.
"""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Campaign, Journey, Membership
from campaigns.services import duties
from channels.models import Delivery, InAppMessage
from tests.api.callers import Caller
from tests.campaigns.journeys import DAY, ONCE_MORE, SOON, act, entered, join, journey, offered
from tests.factories import CampaignFactory
from tests.factories.workspaces import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(creator: Membership) -> Caller:
    return Caller(creator)


# --- statuses

STATUSES = ("running", "draft", "stopped", "archived")


@pytest.mark.parametrize("status", STATUSES)
def test_four_statuses(creator: Membership, api: Caller, status: str) -> None:
    """Campaigns can have one of four statuses: running, draft, stopped, archived."""
    shown = api.get(f"/campaigns/{journey(creator, status).pk}").json()
    assert (shown["status"], shown["status_label"]) == (status, status.capitalize())


def test_all_start_as_drafts(creator: Membership) -> None:
    """all campaigns start in a draft state"""
    assert CampaignFactory(kind="journey", created_by=creator).status == "draft"


@pytest.mark.parametrize("status", STATUSES)
def test_only_running_lets_people_in(creator: Membership, status: str) -> None:
    """`Running` is the only active status: customers can enter your campaign and move through your workflow."""
    campaign = journey(creator, status, people=2)
    before = entered(campaign)
    join(campaign, SOON)
    duties.work_on(campaign.pk, SOON)
    assert entered(campaign) - before == (1 if status == "running" else 0)


@pytest.mark.parametrize(
    ("status", "editable"), [("draft", True), ("running", True), ("stopped", True), ("archived", False)]
)
def test_edits(creator: Membership, api: Caller, status: str, editable: bool) -> None:
    """You can edit these campaigns while they're live; changes to draft and stopped campaigns, but not archived ones."""
    campaign = journey(creator, status)
    answer = api.patch(f"/campaigns/{campaign.pk}", {"version": campaign.version, "workflow": ONCE_MORE[:1]})
    assert answer.status_code == (200 if editable else 409), answer.content
    assert ("what" in api.get(f"/campaigns/{campaign.pk}").json()["editable_sections"]) is editable


def test_restart_of_any_stopped_campaign(creator: Membership) -> None:
    """You can restart any campaign in a `stopped` state."""
    assert act(journey(creator, "stopped"), "restart", audience="current").status == "running"


@pytest.mark.parametrize("status", ["draft", "running", "stopped"])
def test_scheduled_is_a_label(creator: Membership, api: Caller, status: str) -> None:
    """the `scheduled` label shows that a start and/or stop time is set, while the status shows the current state"""
    campaign = journey(creator, status)
    action = "schedule_stop" if status == "running" else "schedule"
    times = (
        {"stops_at": SOON + DAY}
        if status == "running"
        else {"starts_at": SOON + DAY, "stops_at": SOON + 2 * DAY}
    )
    act(campaign, action, **times)
    shown = api.get(f"/campaigns/{campaign.pk}").json()
    assert (shown["status"], shown["scheduled"]) == (status, True)


# --- stop


def test_stop_from_the_dropdown(creator: Membership, api: Caller, client: Any) -> None:
    """select Stop now or Schedule stop from the Actions dropdown; also inline with the campaign name on the list page"""
    campaign = journey(creator, "running")
    assert offered(api, campaign)[:2] == ["Stop now", "Schedule stop"]
    client.force_login(creator.user)
    listed = client.get("/campaigns/").content.decode()
    assert f"/campaigns/{campaign.pk}/actions/stop/" in listed
    assert f"/campaigns/{campaign.pk}/actions/schedule_stop/" in listed


def test_a_stop_keeps_people_out_and_the_campaign_editable(creator: Membership, api: Caller) -> None:
    """Stopping a campaign prevents people from entering the campaign. While the campaign's stopped, you can edit it."""
    campaign = act(journey(creator, "running", people=1), "stop", mode="exit")
    join(campaign, SOON)
    duties.work_on(campaign.pk, SOON + DAY)
    assert campaign.status == "stopped" and entered(campaign) == 1
    assert "what" in api.get(f"/campaigns/{campaign.pk}").json()["editable_sections"]


def test_sent_messages_go_on_producing_metrics(creator: Membership, api: Caller) -> None:
    """messages that were already sent from the campaign will continue to generate metrics normally"""
    campaign = journey(creator, "running", people=2)
    Delivery.objects.update(status="sent", sent_at=SOON)
    act(campaign, "stop", mode="exit")
    Delivery.objects.update(delivered_at=SOON, opened_at=SOON)
    counts = api.get(f"/campaigns/{campaign.pk}").json()["counts"]
    assert (counts["sent"], counts["delivered"], counts["opened"]) == (2, 2, 2)


def test_the_stop_says_how_many_are_in_progress(creator: Membership, api: Caller) -> None:
    """If the campaign has active journeys in progress: the modal shows that people are currently in progress"""
    told = api.get(f"/campaigns/{journey(creator, 'running', people=3).pk}/actions/stop").json()
    assert told["numbers"]["in_progress"] == 3
    assert [choice["value"] for choice in told["choices"]] == ["exit", "finish"]


def test_exit_immediately(creator: Membership) -> None:
    """Force people to exit immediately: we stop sending messages to anybody who has an active journey"""
    campaign = act(journey(creator, "running", people=3), "stop", mode="exit")
    assert campaign.status == "stopped"
    assert set(Journey.objects.values_list("status", "reason")) == {("exited", "stopped")}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"cancelled"}


def test_finish_their_journey(creator: Membership) -> None:
    """Your campaign will sit in a Stopping state until all people have exited, and then it'll switch to Stopped."""
    campaign = act(journey(creator, "running", people=3), "stop", mode="finish")
    Delivery.objects.update(status="sent", sent_at=SOON)
    for moment in (SOON, SOON + DAY):
        duties.work_on(campaign.pk, moment)
        duties.settle(moment)
        assert Campaign.objects.get(pk=campaign.pk).status == "stopping"
    duties.work_on(campaign.pk, SOON + 3 * DAY)
    assert not Journey.objects.filter(status="active").exists()
    assert Delivery.objects.filter(step="again").update(status="sent", sent_at=SOON) == 3, (
        "they get all their messages"
    )
    duties.settle(SOON + 3 * DAY)
    assert Campaign.objects.get(pk=campaign.pk).status == "stopped"


def test_nobody_in_progress_stops_at_once(creator: Membership) -> None:
    """If the campaign has active journeys in progress (else it stops without asking)."""
    assert act(journey(creator, "running", people=0), "stop", mode="finish").status == "stopped"


def test_external_messages_are_not_recalled_but_in_app_ones_are(creator: Membership) -> None:
    """emails … already Sent are likely to be delivered. Any in-app message "Sent" but not "Opened" is recalled."""
    shown = {"key": "shown", "type": "message", "channel": "in_app", "body": "Hello"}
    connection = CampaignFactory(created_by=creator).channels.get().connection_id
    channels = [{"kind": kind, "connection": connection} for kind in ("email", "in_app")]
    campaign = journey(
        creator, "running", people=2, workflow=[*ONCE_MORE[:1], shown, *ONCE_MORE[1:]], channels=channels
    )
    Delivery.objects.update(status="sent", sent_at=SOON)
    first, second = Delivery.objects.filter(step="shown").order_by("pk")
    for row, opened in ((first, SOON), (second, None)):
        InAppMessage.objects.create(
            delivery=row,
            channel=row.channel,
            person=row.person,
            subject="",
            body="Hello",
            created_at=SOON,
            opened_at=opened,
        )
    act(campaign, "stop", mode="exit")
    assert list(Delivery.objects.filter(step="hello").values_list("status", flat=True)) == ["sent", "sent"]
    assert list(Delivery.objects.filter(step="shown").order_by("pk").values_list("status", flat=True)) == [
        "sent",
        "recalled",
    ]


# --- restart


@pytest.mark.parametrize(("audience", "old", "new"), [("current", True, True), ("future", False, True)])
def test_who_enters_after_a_restart(creator: Membership, audience: str, old: bool, new: bool) -> None:
    """Current people and future additions: everybody who currently matches … Future additions only: after the restart."""
    campaign = journey(creator, "stopped", people=0)
    missed = join(campaign, NOW + DAY)[0]
    act(campaign, "restart", NOW + 2 * DAY, audience=audience)
    later = join(campaign, NOW + 3 * DAY)[0]
    duties.work_on(campaign.pk, NOW + 4 * DAY)
    inside = set(Journey.objects.filter(campaign=campaign).values_list("person_id", flat=True))
    assert (missed.pk in inside, later.pk in inside) == (old, new)


@pytest.mark.parametrize(
    ("frequency", "again"),
    [({"once": True}, 0), ({"every_time": True}, 2), ({"at_most_every": "30 days"}, 0)],
)
def test_a_restart_takes_the_frequency_into_account(
    creator: Membership, frequency: dict[str, Any], again: int
) -> None:
    """This … will also take your campaign frequency settings into account."""
    campaign = journey(creator, "stopped", people=2, frequency=frequency)
    before = entered(campaign)
    act(campaign, "restart", NOW + 2 * DAY, audience="current")
    assert entered(campaign) - before == again


def test_the_restart_asks(creator: Membership, api: Caller) -> None:
    """When restarting a campaign …, you must also decide who will enter the campaign"""
    campaign = journey(creator, "stopped")
    told = api.get(f"/campaigns/{campaign.pk}/actions/restart").json()
    assert [choice["value"] for choice in told["choices"]] == ["current", "future"]
