"""SMS, seed 001: *details are locked and only the send schedule for individual messages can be adjusted*."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Activity, Campaign, Membership
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.channels import schedule_channel
from campaigns.services.errors import EditsDiscarded, Invalid, Stale
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Delivery, SandboxMessage
from tests import factories
from tests.factories.workspaces import NOW

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = NOW + DAY
PEOPLE = 4


@pytest.fixture
def draft(creator: Membership) -> Campaign:
    """Two messages: one with the start, one two hours later."""
    account = factories.sandbox_connection(creator.workspace)
    items = [
        {"kind": "sms", "connection": account.pk, "content": {"body": f"Message {number}"}}
        for number in (1, 2)
    ]
    items[1]["sends_at"] = (START + 2 * HOUR).isoformat()
    return factories.CampaignFactory(
        created_by=creator, kind="sms", channels=items, starts_at=START.isoformat(), people=PEOPLE
    )


@pytest.fixture
def scheduled(draft: Campaign, creator: Membership) -> Campaign:
    return perform("schedule", draft.pk, Actor.member(creator), now=NOW)


def messages(campaign: Campaign) -> list[Channel]:
    return list(Channel.objects.filter(campaign=campaign).order_by("position"))


def times(campaign: Campaign) -> list[datetime | None]:
    return [channel.sends_at for channel in messages(campaign)]


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def move(campaign: Campaign, member: Membership, to: Any, now: datetime = NOW, place: int = 1) -> None:
    schedule_channel(messages(campaign)[place].pk, Actor.member(member), to, None, now)


def work(campaign: Campaign, now: datetime) -> None:
    """What the beat and the workers do in a moment."""
    duties.start_due(now)
    duties.work_on(campaign.pk, now)
    for channel in messages(campaign):
        dispatch_channel(channel.pk, now=now)
    duties.settle(now)


def texts() -> Counter[str]:
    return Counter(SandboxMessage.objects.values_list("body", flat=True))


def test_each_message_goes_out_at_its_own_time_and_the_last_one_completes_it(scheduled: Campaign) -> None:
    work(scheduled, START)
    assert texts() == {"Message 1": PEOPLE}
    assert set(messages(scheduled)[1].deliveries.values_list("status", "due_at")) == {
        ("pending", START + 2 * HOUR)
    }
    work(scheduled, START + 2 * HOUR - timedelta(seconds=1))
    assert fresh(scheduled).status == "running" and texts() == {"Message 1": PEOPLE}
    work(scheduled, START + 2 * HOUR)
    assert texts() == {"Message 1": PEOPLE, "Message 2": PEOPLE}
    assert fresh(scheduled).status == "completed"


def test_while_scheduled_a_message_can_be_moved_and_nothing_else_changed(
    scheduled: Campaign, creator: Membership
) -> None:
    move(scheduled, creator, (START + 5 * HOUR).isoformat())
    assert times(scheduled) == [None, START + 5 * HOUR]
    edit = Activity.objects.filter(campaign=scheduled, action="edit").get()
    assert edit.data["changed"] == ["send_schedule"]
    first = messages(scheduled)[0]
    for payload in (
        {"channels": [{"id": first.pk, "content": {"body": "Other"}}]},
        {"channels": [{"id": first.pk, "sends_at": None, "content": {"body": "Other"}}]},
        {"audience": None},
        {"name": "Other"},
    ):
        with pytest.raises(EditsDiscarded):
            update_campaign(scheduled.pk, Actor.member(creator), payload, None, NOW)
    work(scheduled, START + 2 * HOUR)
    assert texts() == {"Message 1": PEOPLE}, "it goes out when it was moved to"
    work(scheduled, START + 5 * HOUR)
    assert fresh(scheduled).status == "completed"


def test_an_update_that_names_only_times_is_one_of_the_schedule(
    scheduled: Campaign, creator: Membership
) -> None:
    first, second = messages(scheduled)
    listed = [{"id": first.pk, "sends_at": (START + HOUR).isoformat()}, {"id": second.pk, "sends_at": None}]
    update_campaign(scheduled.pk, Actor.member(creator), {"channels": listed}, scheduled.version, NOW)
    assert times(scheduled) == [START + HOUR, None]
    with pytest.raises(Stale):
        update_campaign(scheduled.pk, Actor.member(creator), {"channels": listed}, scheduled.version, NOW)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (START - HOUR, "Message 2 cannot go out before the campaign starts, on 2030-03-05 09:00 UTC"),
        ("tomorrow", "sends_at must be a time such as"),
        ("2030-03-09T10:00:00", "needs an offset"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_words(
    scheduled: Campaign, creator: Membership, to: Any, said: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        move(scheduled, creator, to)
    assert said in refusal.value.message and "sends_at" in next(iter(refusal.value.fields))
    assert times(scheduled) == [None, START + 2 * HOUR]


def test_a_time_that_has_passed_is_refused(scheduled: Campaign, creator: Membership) -> None:
    with pytest.raises(Invalid, match="that has passed already"):
        move(scheduled, creator, START + 3 * HOUR, now=START + 4 * HOUR)


@pytest.mark.parametrize("status", ["running", "stopped", "completed"])
def test_in_any_other_status_it_is_refused(in_state: Any, creator: Membership, status: str) -> None:
    campaign = in_state("sms", status)
    with pytest.raises(EditsDiscarded, match="When cannot be edited while"):
        move(campaign, creator, START + 9 * DAY, place=0)


@pytest.mark.parametrize("kind", ["voice", "outreach", "message"])
def test_other_kinds_have_no_such_schedule(in_state: Any, creator: Membership, kind: str) -> None:
    campaign = in_state(kind, "draft")
    with pytest.raises(Invalid, match="Only the messages of an SMS campaign"):
        move(campaign, creator, START, place=0)


def test_moving_the_start_moves_the_messages_with_it(scheduled: Campaign, creator: Membership) -> None:
    update_campaign(scheduled.pk, Actor.member(creator), {"starts_at": START + DAY}, None, NOW)
    assert times(scheduled) == [None, START + DAY + 2 * HOUR]
    perform("cancel_schedule", scheduled.pk, Actor.member(creator), now=NOW)
    with pytest.raises(Invalid, match="Message 2 cannot go out before"):
        perform(
            "schedule", scheduled.pk, Actor.member(creator), params={"starts_at": START + 9 * DAY}, now=NOW
        )


def test_a_restart_keeps_the_distances_and_texts_nobody_twice(
    scheduled: Campaign, creator: Membership
) -> None:
    work(scheduled, START)
    perform("stop", scheduled.pk, Actor.member(creator), now=START + HOUR)
    work(scheduled, START + HOUR)
    assert set(messages(scheduled)[1].deliveries.values_list("status", flat=True)) == {"cancelled"}
    work(scheduled, START + 3 * HOUR)
    assert texts() == {"Message 1": PEOPLE}
    for days in (3, 6):
        again = START + days * DAY
        perform("restart", scheduled.pk, Actor.member(creator), now=again)
        assert times(scheduled) == [None, again + 2 * HOUR]
        work(scheduled, again)
        work(scheduled, again + HOUR)
        assert texts() == {"Message 1": PEOPLE}
        if days == 3:
            perform("stop", scheduled.pk, Actor.member(creator), now=again + HOUR)
            work(scheduled, again + HOUR)
    work(scheduled, START + 6 * DAY + 2 * HOUR)
    assert texts() == {"Message 1": PEOPLE, "Message 2": PEOPLE}
    assert fresh(scheduled).status == "completed"


def test_a_restart_leaves_alone_what_everybody_has(scheduled: Campaign, creator: Membership) -> None:
    work(scheduled, START)
    work(scheduled, START + 2 * HOUR - timedelta(seconds=1))
    second = messages(scheduled)[1]
    dispatch_channel(second.pk, now=START + 2 * HOUR)
    first = messages(scheduled)[0]
    Delivery.objects.filter(channel=first).update(status="pending", due_at=START + DAY)
    perform("stop", scheduled.pk, Actor.member(creator), now=START + 3 * HOUR)
    work(scheduled, START + 3 * HOUR)
    perform("restart", scheduled.pk, Actor.member(creator), now=START + 9 * DAY)
    assert times(scheduled) == [None, START + 2 * HOUR]


def test_people_enrolled_after_the_restart_wait_for_it_too(scheduled: Campaign, creator: Membership) -> None:
    duties.start_due(START)
    perform("stop", scheduled.pk, Actor.member(creator), now=START)
    duties.work_on(scheduled.pk, START)
    perform("restart", scheduled.pk, Actor.member(creator), now=START + DAY)
    duties.work_on(scheduled.pk, START + DAY)
    assert set(messages(scheduled)[1].deliveries.values_list("due_at", flat=True)) == {START + DAY + 2 * HOUR}


def test_a_copy_has_no_times_and_a_new_one_is_checked(scheduled: Campaign, creator: Membership) -> None:
    copy = perform("duplicate", scheduled.pk, Actor.member(creator), now=NOW)
    assert times(copy) == [None, None]
    early = [{"kind": "sms", "sends_at": (START - DAY).isoformat()}]
    data = {"kind": "sms", "name": "x", "starts_at": START.isoformat(), "channels": early}
    with pytest.raises(Invalid, match="Message 1 cannot go out before"):
        create_campaign(Actor.member(creator), data, NOW)


def test_what_an_approval_pins_has_the_times(scheduled: Campaign) -> None:
    from campaigns.services.snapshots import snapshot_of

    assert snapshot_of(scheduled)["when"]["send_schedule"] == [
        "with the start",
        (START + 2 * HOUR).isoformat(),
    ]
