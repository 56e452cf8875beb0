"""The background work of campaigns, by turns: sweeps, enrolment, people entering and moving through journeys."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import ONE_BY_ONE
from campaigns.domain.programs import BY_STEPS
from campaigns.engine import dates, enrolment, following, journeys, sweeping
from campaigns.engine.batches import Deadline
from campaigns.models import Campaign
from campaigns.services import running, strategy_duties
from channels.domain import states as cs
from channels.models import Channel

log = logging.getLogger(__name__)

#: How long one campaign works before it is another one's turn, and for how long a beat goes on with large ones.
TURN_SECONDS, WORK_SECONDS = 0.5, 12.0


def work(now: datetime) -> dict[str, Any]:
    """Everything that actions left for the background: sweeps, enrolment, people entering and moving through journeys.

    By turns: whoever has more to do than fits into a turn waits until all the others have had theirs, and goes on while
    there is time before the next beat.
    """
    done: dict[str, int] = {"swept": 0, "enrolled": 0, "entered": 0, "moved": 0}
    deadline, waiting = Deadline(WORK_SECONDS), deque((pk, True) for pk in busy_campaigns())
    while waiting:
        campaign_id, first = waiting.popleft()
        if not first and deadline.passed():
            break
        try:
            turn = Deadline(TURN_SECONDS)
            found = work_on(campaign_id, now, TURN_SECONDS)
        except Exception:
            log.exception("The background work of campaign %s failed", campaign_id)
            continue
        for name, number in found.items():
            done[name] = done.get(name, 0) + number
        if turn.passed() and any(found.values()):
            waiting.append((campaign_id, False))
    return done


def busy_campaigns() -> list[int]:
    """Campaigns with background work: a sweep, an audience not enrolled yet, a journey that lets people in or on."""
    channels = Channel.objects.exclude(sweep="") | Channel.objects.filter(status=cs.RUNNING, enrolled=False)
    found = set(channels.values_list("campaign_id", flat=True))
    found |= set(Campaign.objects.exclude(sweep="").values_list("pk", flat=True))
    found |= set(Campaign.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True))
    live = Campaign.objects.filter(
        kind__in=(*BY_STEPS, "python"), status__in=("running", "stopping"), deleted_at__isnull=True
    )
    found |= set(live.values_list("pk", flat=True))
    following_people = Campaign.objects.filter(
        kind="message", status="running", deleted_at__isnull=True, delivery__type__in=ONE_BY_ONE
    )
    found |= set(following_people.values_list("pk", flat=True))
    return sorted(found)


def work_on(campaign_id: int, now: datetime, seconds: float = 10.0) -> dict[str, int]:
    """The background work of one campaign, for at most about ``seconds``; what is left the next call goes on with."""
    done = {"swept": sweeping.sweep(campaign_id, now, seconds=seconds)}
    campaign = Campaign.objects.filter(pk=campaign_id, deleted_at__isnull=True).first()
    if campaign is None:
        return done
    if campaign.kind in BY_STEPS:
        done["entered"] = journeys.enter_people(campaign_id, now, seconds=seconds)
        done["moved"] = journeys.advance(campaign_id, now, seconds=seconds)
    elif campaign.kind == "python":
        done |= strategy_duties.work(campaign, now, seconds)
    elif running.goes_one_by_one(campaign):
        done["enrolled"] = following.follow(campaign_id, now, seconds=seconds)
        done["enrolled"] += dates.follow_dates(campaign_id, now, seconds=seconds)
    else:
        waiting = Channel.objects.filter(campaign_id=campaign_id, status=cs.RUNNING, enrolled=False)
        reports = [
            enrolment.enrol_channel(pk, now, seconds=seconds) for pk in waiting.values_list("pk", flat=True)
        ]
        done["enrolled"] = sum(report.enrolled for report in reports)
    return done
