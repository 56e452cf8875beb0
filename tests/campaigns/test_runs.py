"""Messages that go out in runs: scheduled → running → awaiting next run → … → completed, each occurrence exactly once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from campaigns.engine.ledger import violations
from campaigns.models import Activity, Campaign, Run
from campaigns.services import actions, duties
from campaigns.services.actors import Actor
from campaigns.services.errors import Invalid
from channels.models import Channel, Delivery
from tests.campaigns.runs import (
    DAY,
    HOUR,
    NOW,
    beat,
    dates,
    fresh,
    message,
    publish,
    published,
    reasons,
    recurring,
    run_at,
    runs,
    send_all,
    sent_by_run,
)  # fmt: skip
from tests.factories.campaigns import owner_of
from tests.factories.people import enlist, people

pytestmark = pytest.mark.django_db


def test_a_recurring_message_goes_its_whole_way() -> None:
    campaign = published(recurring("FREQ=DAILY;COUNT=3"))
    assert (campaign.status, campaign.starts_at, campaign.next_run_at) == ("scheduled", NOW + DAY, NOW + DAY)
    assert runs(campaign) == [(1, "planned", "2030-03-05 09:00")]

    assert beat(NOW + DAY - timedelta(seconds=1))["begun"] == []
    assert beat(NOW + DAY)["begun"] == [campaign.pk]
    campaign = fresh(campaign)
    assert (campaign.status, campaign.starts_at, campaign.next_run_at) == ("running", None, NOW + 2 * DAY)

    send_all(NOW + DAY + HOUR)
    campaign = fresh(campaign)
    assert (campaign.status, campaign.next_run_at) == ("awaiting_next_run", NOW + 2 * DAY)

    run_at(NOW + 2 * DAY)
    run_at(NOW + 3 * DAY)
    campaign = fresh(campaign)
    assert (campaign.status, campaign.next_run_at) == ("completed", None)
    assert [status for _, status, _ in runs(campaign)] == ["completed"] * 3
    assert sent_by_run(campaign) == {1: 3, 2: 3, 3: 3}
    assert list(violations()) == []
    walked = Activity.objects.filter(campaign=campaign).exclude(from_status="").order_by("id")
    assert [(row.from_status, row.to_status) for row in walked] == [
        ("draft", "scheduled"), ("scheduled", "running"), ("running", "awaiting_next_run"),
        ("awaiting_next_run", "running"), ("running", "awaiting_next_run"), ("awaiting_next_run", "running"),
        ("running", "completed"),
    ]  # fmt: skip


def test_multiple_dates_run_once_each_and_then_it_is_complete() -> None:
    campaign = published(dates(NOW + 3 * DAY, NOW + DAY))
    assert fresh(campaign).starts_at == NOW + DAY
    run_at(NOW + DAY)
    assert fresh(campaign).status == "awaiting_next_run"
    run_at(NOW + 3 * DAY)
    assert fresh(campaign).status == "completed"
    assert sent_by_run(campaign) == {1: 3, 2: 3}


def test_a_run_goes_to_the_audience_of_its_moment() -> None:
    campaign = published(recurring("FREQ=DAILY;COUNT=2"))
    run_at(NOW + DAY)
    assert campaign.segment is not None
    enlist(campaign.segment, people(campaign.workspace, 2, now=NOW + DAY), NOW + DAY + HOUR)
    run_at(NOW + 2 * DAY)
    assert sent_by_run(campaign) == {1: 3, 2: 5}
    assert list(violations()) == []


def test_the_ledger_check_finds_somebody_lost_in_a_run() -> None:
    campaign = published(recurring("FREQ=DAILY;COUNT=3"))
    run_at(NOW + DAY)
    run_at(NOW + 2 * DAY)
    gone = Delivery.objects.filter(channel__campaign=campaign, run=1).order_by("person_id").first()
    assert gone is not None
    gone.delete()
    found = list(violations())
    assert len(found) == 1
    assert "run 1" in found[0] and f"person {gone.person_id}" in found[0]


def test_two_beats_begin_a_run_once() -> None:
    campaign = published(recurring())
    assert beat(NOW + DAY)["begun"] == [campaign.pk]
    assert beat(NOW + DAY)["begun"] == []
    duties.work(NOW + DAY)
    duties.work(NOW + DAY)
    assert Delivery.objects.filter(channel__campaign=campaign).count() == 3


def test_the_database_refuses_a_second_run_of_one_occurrence() -> None:
    campaign = published(recurring())
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(campaign=campaign, number=2, occurs_at=NOW + DAY, local="2030-03-05 09:00")


def test_a_run_that_falls_due_while_the_last_one_goes_on_begins_when_that_is_done() -> None:
    campaign = published(recurring("FREQ=HOURLY"))
    beat(NOW + DAY)
    duties.work(NOW + DAY)
    assert beat(NOW + DAY + HOUR)["begun"] == []
    send_all(NOW + DAY + 1.5 * HOUR)
    assert fresh(campaign).status == "awaiting_next_run"
    run_at(NOW + DAY + 1.5 * HOUR)
    assert [status for _, status, _ in runs(campaign)] == ["completed", "completed", "planned"]
    assert reasons(campaign)[1] == "It began 30 minutes late."
    assert sent_by_run(campaign) == {1: 3, 2: 3}


def test_no_run_begins_after_the_stop() -> None:
    campaign = published(recurring(), stops_at=(NOW + 2.5 * DAY).isoformat())
    run_at(NOW + DAY)
    run_at(NOW + 2 * DAY)
    assert fresh(campaign).status == "completed"
    assert [status for _, status, _ in runs(campaign)] == ["completed", "completed"]


def test_a_stop_during_a_run_is_for_good() -> None:
    campaign = published(recurring())
    beat(NOW + DAY)
    duties.work(NOW + DAY)
    actions.perform("stop", campaign.pk, Actor.member(owner_of(campaign)), now=NOW + DAY + HOUR)
    duties.work(NOW + DAY + HOUR)
    assert fresh(campaign).status == "stopped"
    assert fresh(campaign).next_run_at is None
    assert [status for _, status, _ in runs(campaign)] == ["stopped", "skipped"]
    assert reasons(campaign)[1] == "The campaign was stopped."
    assert beat(NOW + 2 * DAY)["begun"] == []
    assert sent_by_run(campaign) == {}
    assert list(violations()) == []


def test_a_stop_while_it_waits_leaves_nothing_planned() -> None:
    campaign = published(recurring())
    run_at(NOW + DAY)
    actions.perform("stop", campaign.pk, Actor.member(owner_of(campaign)), now=NOW + DAY + HOUR)
    assert [status for _, status, _ in runs(campaign)] == ["completed", "skipped"]


def test_the_stated_local_time_holds_over_a_change_of_clocks() -> None:
    start = datetime.fromisoformat("2030-03-30T02:30:00+01:00")
    campaign = published(recurring("FREQ=DAILY;COUNT=3", start), timezone="Europe/Berlin")
    for moment in (start, start + DAY, start + 2 * DAY):
        run_at(moment)
    kept = Run.objects.filter(campaign=campaign).order_by("number")
    assert [run.local for run in kept] == [f"2030-03-{day} 02:30" for day in (30, 31)] + ["2030-04-01 02:30"]
    assert "there is no 02:30 that day, so it runs at 03:30" in kept[1].note
    assert [run.occurs_at.isoformat() for run in kept] == [
        "2030-03-30T01:30:00+00:00", "2030-03-31T01:30:00+00:00", "2030-04-01T00:30:00+00:00",
    ]  # fmt: skip


def test_publishing_after_the_first_run_has_passed_asks() -> None:
    campaign = message(recurring(start=NOW - 1.5 * DAY))
    with pytest.raises(Invalid) as refusal:
        publish(campaign)
    assert "has passed; send start_now" in refusal.value.fields["start_now"]
    assert "its next run: 2030-03-04 21:00 UTC" in refusal.value.message


def test_publishing_with_start_now_runs_the_newest_that_has_passed() -> None:
    campaign = publish(message(recurring(start=NOW - 1.5 * DAY)), start_now=True)
    assert campaign.status == "running"
    assert runs(campaign) == [(1, "running", "2030-03-03 21:00"), (2, "planned", "2030-03-04 21:00")]


def test_publishing_with_a_time_goes_on_with_the_first_run_from_then() -> None:
    campaign = publish(message(recurring(start=NOW - 1.5 * DAY)), starts_at=NOW + DAY)
    assert (campaign.status, campaign.next_run_at) == ("scheduled", NOW + 1.5 * DAY)
    assert campaign.delivery["starts_at"] == (NOW - 1.5 * DAY).isoformat()


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (dates(NOW - DAY, NOW - 2 * DAY), "has passed"),
        (recurring("FREQ=DAILY;COUNT=1", NOW - DAY), "has passed"),
        ({"type": "recurring", "rrule": "FREQ=DAILY"}, "no time at which it runs"),
    ],
)
def test_what_has_no_run_left_is_not_published(delivery: dict[str, object], said: str) -> None:
    campaign = message(recurring())
    Campaign.objects.filter(pk=campaign.pk).update(delivery=delivery)
    with pytest.raises(Invalid, match=said):
        publish(campaign)
    with pytest.raises(Invalid):
        publish(campaign, starts_at=NOW + DAY)


def test_a_copy_keeps_how_often_but_no_time_that_has_passed() -> None:
    cases = [
        (recurring("FREQ=DAILY", NOW + DAY), recurring("FREQ=DAILY", NOW + DAY)),
        (recurring("FREQ=DAILY", NOW - DAY), {"type": "recurring", "rrule": "FREQ=DAILY"}),
        (dates(NOW - DAY, NOW + DAY), dates(NOW + DAY)),
        ({"type": "action", "event": "purchase"}, {"type": "action", "event": "purchase"}),
    ]
    for delivery, kept in cases:
        campaign = message(delivery)
        copy = actions.perform("duplicate", campaign.pk, Actor.member(owner_of(campaign)), now=NOW)
        assert copy.delivery == kept
        assert (copy.status, copy.starts_at, copy.runs.count()) == ("draft", None, 0)


def test_a_copy_of_a_scheduled_message_sends_nothing_by_itself() -> None:
    campaign = published(recurring())
    copy = actions.perform("duplicate", campaign.pk, Actor.member(owner_of(campaign)), now=NOW)
    run_at(NOW + DAY)
    assert fresh(copy).status == "draft"
    assert sent_by_run(copy) == {}


def test_an_edit_of_the_content_reaches_the_next_run() -> None:
    campaign = published(recurring())
    run_at(NOW + DAY)
    before = campaign.runs.get(number=1).content_hash
    Channel.objects.filter(campaign=campaign).update(content={"subject": "New", "body": "New"})
    run_at(NOW + 2 * DAY)
    assert before
    assert campaign.runs.get(number=2).content_hash not in ("", before)


def test_a_run_that_cannot_begin_says_why_and_begins_when_it_can() -> None:
    campaign = published(recurring())
    segment = campaign.segment
    Campaign.objects.filter(pk=campaign.pk).update(segment=None)
    assert beat(NOW + DAY)["refused"] == [campaign.pk]
    assert fresh(campaign).status_reason.startswith("Its run could not begin: Start needs contacts")
    Campaign.objects.filter(pk=campaign.pk).update(segment=segment)
    assert beat(NOW + DAY + HOUR)["begun"] == [campaign.pk]


def test_one_failing_campaign_never_stops_the_others() -> None:
    first, second = published(recurring()), published(recurring())
    Campaign.objects.filter(pk=first.pk).update(delivery={"type": "recurring", "rrule": 5, "starts_at": 5})
    assert second.pk in beat(NOW + DAY)["begun"]


def test_a_deleted_message_runs_no_more() -> None:
    campaign = published(recurring())
    actions.perform("stop", campaign.pk, Actor.member(owner_of(campaign)), now=NOW)
    actions.perform("delete", campaign.pk, Actor.member(owner_of(campaign)), now=NOW)
    assert beat(NOW + DAY)["begun"] == []
    duties.work(NOW + DAY)
    assert not Run.objects.filter(campaign_id=campaign.pk).exists()


def test_a_one_time_message_needs_no_runs() -> None:
    campaign = published({"type": "one_time", "at": (NOW + DAY).isoformat()})
    run_at(NOW + DAY)
    assert fresh(campaign).status == "completed"
    assert runs(campaign) == []
    assert sent_by_run(campaign) == {0: 3}
