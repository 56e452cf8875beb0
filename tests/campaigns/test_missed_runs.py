"""The beat was down, or the campaign waited for approval, while runs fell due: each is handled as the policy says."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest

from approvals.models import Policy
from campaigns.domain import permissions
from campaigns.engine.ledger import violations
from campaigns.models import Activity, Campaign, Run
from campaigns.services import actions, due_runs
from campaigns.services.actors import Actor
from campaigns.services.errors import Forbidden, NotAllowed, NotFound
from tests import factories
from tests.campaigns.runs import (
    DAY,
    HOUR,
    NOW,
    beat,
    dates,
    fresh,
    published,
    reasons,
    recurring,
    run_at,
    runs,
    send_all,
    sent_by_run,
)
from tests.factories.campaigns import member_of, owner_of

pytestmark = pytest.mark.django_db


def with_policy(campaign: Campaign, late: str, grace_hours: int = 24) -> None:
    Policy.objects.update_or_create(
        workspace=campaign.workspace, defaults={"late": late, "grace_hours": grace_hours}
    )


def late_run(campaign: Campaign) -> Run:
    return Run.objects.get(campaign=campaign, status="late")


#: Three occurrences, a day apart, were missed; the beat comes back so long after the last of them.
COMBINATIONS = list(
    product(("ask", "skip"), (1, 24), (0, 0.5, 2, 30), ("scheduled", "awaiting_next_run"), (False, True))
)


@pytest.mark.parametrize(("late", "grace", "behind", "status", "more"), COMBINATIONS)
def test_a_beat_that_was_down_over_three_occurrences(
    late: str, grace: int, behind: float, status: str, more: bool
) -> None:
    first = status == "scheduled"
    count = 3 + (not first) + more
    campaign = published(recurring(f"FREQ=WEEKLY;COUNT={count}"))
    with_policy(campaign, late, grace)
    start = NOW + DAY
    if not first:
        run_at(start)
        start += 7 * DAY
    last = start + 14 * DAY
    done = beat(last + behind * HOUR)
    campaign = fresh(campaign)
    states = [state for _, state, _ in runs(campaign)][0 if first else 1 :]
    superseded = f"It was missed, and superseded by the run of {last:%Y-%m-%d %H:%M}."
    why = reasons(campaign)[0 if first else 1 :]
    assert states[:2] == ["skipped", "skipped"]
    assert why[:2] == [superseded, superseded]
    planned = ["planned"] if more else []
    if behind <= grace:
        assert done["begun"] == [campaign.pk]
        assert (campaign.status, states[2:]) == ("running", ["running", *planned])
        assert bool(why[2]) == bool(behind) == bool(campaign.status_reason)
        send_all(last + behind * HOUR)
        assert fresh(campaign).status == ("awaiting_next_run" if more else "completed")
    elif late == "ask":
        assert done["asked"] == [campaign.pk]
        assert (campaign.status, states[2:]) == (status, ["late", *planned])
        assert "run it now or skip it" in campaign.status_reason
        assert campaign.next_run_at == (last + 7 * DAY if more else None)
    else:
        assert done["skipped"] == [campaign.pk]
        assert states[2:] == ["skipped", *planned]
        assert why[2] == f"It was missed by more than {grace} hours."
        assert campaign.status == (status if more else "completed")
        assert "was skipped" in campaign.status_reason
    assert not any(beat(last + behind * HOUR).values())
    assert max(sent_by_run(campaign).values(), default=3) == 3
    assert list(violations()) == []


def missed(campaign: Campaign) -> datetime:
    """Let the beat come back two days after the first run of a weekly message; answers that time."""
    now = NOW + 3 * DAY
    assert beat(now)["asked"] == [campaign.pk]
    return now


def test_a_person_runs_a_late_run_now() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    now = missed(campaign)
    due_runs.run_now(late_run(campaign).pk, Actor.member(owner_of(campaign)), now)
    assert fresh(campaign).status == "running"
    assert reasons(campaign)[0] == "It began 2 days late."
    send_all(now)
    assert sent_by_run(campaign) == {1: 3}
    done = list(
        Activity.objects.filter(campaign=campaign).order_by("id").values_list("action", "actor_label")
    )
    assert done[-4:] == [
        ("miss_run", "system"), ("run_now", owner_of(campaign).user.email), ("launch", "system"),
        ("await_next_run", "system"),
    ]  # fmt: skip


def test_a_person_skips_a_late_run() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    now = missed(campaign)
    owner = owner_of(campaign)
    due_runs.skip_run(late_run(campaign).pk, Actor.member(owner), now)
    assert [status for _, status, _ in runs(campaign)] == ["skipped", "planned"]
    assert reasons(campaign)[0] == f"{owner.user.email} skipped it."
    assert (fresh(campaign).status, fresh(campaign).next_run_at) == ("scheduled", NOW + 8 * DAY)
    run_at(NOW + 8 * DAY)
    assert sent_by_run(campaign) == {2: 3}


def test_skipping_the_last_run_completes() -> None:
    campaign = published(recurring("FREQ=WEEKLY;COUNT=1"))
    now = missed(campaign)
    due_runs.skip_run(late_run(campaign).pk, Actor.member(owner_of(campaign)), now)
    assert fresh(campaign).status == "completed"
    assert "No other run is left" in fresh(campaign).status_reason


def test_a_late_run_that_nobody_decided_on_is_superseded_by_the_next() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    missed(campaign)
    run_at(NOW + 8 * DAY)
    assert [status for _, status, _ in runs(campaign)] == ["skipped", "completed", "planned"]
    assert reasons(campaign)[0].startswith("It was missed, and superseded by")


def test_what_is_decided_is_decided() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    now = missed(campaign)
    run, owner = late_run(campaign), Actor.member(owner_of(campaign))
    due_runs.run_now(run.pk, owner, now)
    for decide in (due_runs.run_now, due_runs.skip_run):
        with pytest.raises(NotAllowed, match="is running; nothing is to decide"):
            decide(run.pk, owner, now)


def test_a_late_run_waits_while_another_goes_on() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    now = missed(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(status="running")
    with pytest.raises(NotAllowed, match="while it waits for its next"):
        due_runs.run_now(late_run(campaign).pk, Actor.member(owner_of(campaign)), now)


def test_strangers_see_no_run() -> None:
    campaign = published(recurring("FREQ=WEEKLY"))
    now = missed(campaign)
    for decide in (due_runs.run_now, due_runs.skip_run):
        with pytest.raises(NotFound):
            decide(late_run(campaign).pk, Actor.member(factories.member("admin")), now)
        with pytest.raises(NotFound):
            decide(10**9, Actor.member(owner_of(campaign)), now)
    assert Forbidden.status == 403


def submitted_while_it_waits(count: int = 9) -> Campaign:
    """Its first run is done, and its creator has sent an edit for approval."""
    from campaigns.services.editing import save_edit

    campaign = published(recurring(f"FREQ=DAILY;COUNT={count}"))
    run_at(NOW + DAY)
    channel = campaign.channels.get()
    payload = {
        "channels": [{"id": channel.pk, "kind": "email", "content": {"subject": "New", "body": "New words"}}]
    }
    save_edit(campaign.pk, Actor.member(owner_of(campaign)), payload, None, NOW + DAY + HOUR)
    assert fresh(campaign).status == "pending_approval"
    return campaign


def test_a_run_due_while_pending_is_skipped_and_says_so() -> None:
    campaign = submitted_while_it_waits()
    assert beat(NOW + 3 * DAY)["skipped"] == [campaign.pk]
    assert [status for _, status, _ in runs(campaign)] == ["completed", "skipped", "skipped", "planned"]
    assert reasons(campaign)[1:3] == ["It was pending approval."] * 2
    assert fresh(campaign).status == "pending_approval"
    assert fresh(campaign).next_run_at == NOW + 4 * DAY


def test_after_approval_the_next_run_goes_out_with_what_was_approved() -> None:
    campaign = submitted_while_it_waits()
    beat(NOW + 2 * DAY)
    approver = Actor.member(member_of(campaign.workspace, permissions.APPROVER))
    actions.perform("approve", campaign.pk, approver, now=NOW + 2 * DAY + HOUR)
    assert fresh(campaign).status == "awaiting_next_run"
    run_at(NOW + 3 * DAY)
    assert sent_by_run(campaign) == {1: 3, 3: 3}
    assert campaign.runs.get(number=3).content_hash != campaign.runs.get(number=1).content_hash
    assert campaign.channels.get().content["body"] == "New words"


def test_a_run_due_while_rejected_is_skipped_and_says_so() -> None:
    campaign = submitted_while_it_waits()
    approver = Actor.member(member_of(campaign.workspace, permissions.APPROVER))
    actions.perform("reject", campaign.pk, approver, params={"comment": "No."}, now=NOW + DAY + 2 * HOUR)
    assert beat(NOW + 2 * DAY)["skipped"] == [campaign.pk]
    assert reasons(campaign)[1] == "It was rejected."


def test_no_run_left_while_pending_completes() -> None:
    campaign = submitted_while_it_waits(count=2)
    beat(NOW + 2 * DAY)
    assert fresh(campaign).status == "completed"
    assert [status for _, status, _ in runs(campaign)] == ["completed", "skipped"]


def test_thousands_of_missed_runs_are_told_in_hundreds() -> None:
    campaign = published(recurring("FREQ=MINUTELY;INTERVAL=15"))
    assert beat(NOW + 31 * DAY)["begun"] == [campaign.pk]
    assert campaign.runs.count() == 1 + 500 + 2
    first = campaign.runs.get(number=2)
    assert "So were" in first.reason
    assert [status for _, status, _ in runs(campaign)][-2:] == ["running", "planned"]


def test_dates_that_were_all_missed_are_over() -> None:
    campaign = published(dates(NOW + DAY, NOW + 2 * DAY))
    with_policy(campaign, "skip", 1)
    beat(NOW + 9 * DAY)
    assert fresh(campaign).status == "completed"
    assert [status for _, status, _ in runs(campaign)] == ["skipped", "skipped"]


def test_nothing_stays_planned_of_a_version_that_waits_before_its_first_run() -> None:
    from campaigns.services.editing import save_edit

    campaign = published(recurring())
    later = {"delivery": recurring(start=NOW + 5 * DAY)}
    save_edit(campaign.pk, Actor.member(owner_of(campaign)), later, None, NOW)
    assert (fresh(campaign).status, runs(campaign)) == ("pending_approval", [])
    approver = Actor.member(member_of(campaign.workspace, permissions.APPROVER))
    actions.perform("approve", campaign.pk, approver, now=NOW + HOUR)
    assert [(status, local) for _, status, local in runs(campaign)] == [("planned", "2030-03-09 09:00")]
