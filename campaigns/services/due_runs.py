"""Runs whose time has come: they begin, are skipped with the reason, or wait for a person, as the late policy says.

Everything is decided under the campaign's lock, so two beats at once handle an occurrence once; the database would
refuse a second run of one occurrence anyway.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from approvals.models import Policy
from campaigns.domain import states as s
from campaigns.domain.permissions import role_may
from campaigns.domain.recurrence import Occurrence
from campaigns.domain.schedule import lateness
from campaigns.models import Campaign, Run
from campaigns.services import actions, handover, running
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError, Forbidden, NotAllowed, NotFound

log = logging.getLogger(__name__)
#: Statuses in which a run may begin, and those in which one that falls due is skipped, with the word for it.
_MAY_BEGIN = (s.SCHEDULED, s.AWAITING_NEXT_RUN)
_WAITS = {s.PENDING_APPROVAL: "pending approval", s.REJECTED: "rejected"}


def due_campaigns(now: datetime) -> list[int]:
    """Campaigns with a planned run whose time has come, the longest overdue first."""
    found = Run.objects.filter(
        status=Run.PLANNED, occurs_at__lte=now, campaign__deleted_at__isnull=True,
        campaign__status__in=(*_MAY_BEGIN, *_WAITS),
    )  # fmt: skip
    return list(found.order_by("occurs_at").values_list("campaign_id", flat=True))


def run_due(now: datetime) -> dict[str, Any]:
    """The duty: what happened to every run that has come, by campaign."""
    done: dict[str, list[int]] = {"begun": [], "skipped": [], "asked": [], "refused": []}
    for campaign_id in due_campaigns(now):
        try:
            with transaction.atomic():
                what = _handle(campaign_id, now)
        except ActionError as refusal:
            _say(campaign_id, f"Its run could not begin: {refusal.message}")
            what = "refused"
        except Exception:
            log.exception("The due run of campaign %s failed", campaign_id)
            continue
        if what:
            done[what].append(campaign_id)
    return done


def _say(campaign_id: int, message: str) -> None:
    """Only the message: nothing has happened to the campaign."""
    others = Campaign.objects.filter(pk=campaign_id).exclude(status_reason=message[:500])
    others.update(status_reason=message[:500])


def _handle(campaign_id: int, now: datetime) -> str:
    campaign = actions.lock(campaign_id, Actor.system())
    planned = campaign.runs.filter(status=Run.PLANNED, occurs_at__lte=now).first()
    if planned is None or campaign.status not in (*_MAY_BEGIN, *_WAITS):
        return ""
    if campaign.status in _WAITS:
        return _skip_while_waiting(campaign, planned, now)
    return _decide(campaign, planned, now)


def _skip_while_waiting(campaign: Campaign, planned: Run, now: datetime) -> str:
    """Nothing unapproved goes out. Before its first run a request stays open instead: approval asks for a new time."""
    if campaign.started_at is None:
        return ""
    reason = f"It was {_WAITS[campaign.status]}."
    _skip(planned, reason)
    running.add_skipped(campaign, running.missed(campaign, planned.occurs_at, now), reason)
    _go_on(
        campaign, now, f"The run of {planned.local} was skipped: it was {_WAITS[campaign.status]}.", planned
    )
    return "skipped"


def _decide(campaign: Campaign, planned: Run, now: datetime) -> str:
    """Of what has been missed only the newest may still run: nobody gets the same message several times at once."""
    policy = Policy.objects.filter(workspace_id=campaign.workspace_id).first() or Policy()
    newest = planned
    later = running.missed(campaign, planned.occurs_at, now)
    if later:
        newest = _take_over(campaign, planned, later)
    grace = timedelta(hours=policy.grace_hours)
    if lateness(newest.occurs_at, now, grace) != "ask":
        actions.perform("launch", campaign.pk, Actor.system(), params={"run": newest.pk}, now=now)
        return "begun"
    if policy.late == Policy.SKIP:
        reason = f"It was missed by more than {policy.grace_hours} hours."
        _skip(newest, reason)
        _go_on(
            campaign, now, f"The run of {newest.local} was skipped: {reason[0].lower()}{reason[1:]}", newest
        )
        return "skipped"
    newest.status = Run.LATE
    newest.reason = f"It was missed by more than {policy.grace_hours} hours; run it now or skip it."
    newest.save()
    _go_on(campaign, now, f"It missed its run of {newest.local}: run it now or skip it.", newest)
    return "asked"


def _take_over(campaign: Campaign, planned: Run, later: list[Occurrence]) -> Run:
    """The newest of several missed occurrences gets a row; all before it are superseded."""
    *between, last = later
    reason = running.superseded_by(last.stated)
    _skip(planned, reason)
    running.add_skipped(campaign, between, reason)
    campaign.runs.filter(status=Run.LATE).update(status=Run.SKIPPED, reason=reason)
    newest = running.plan_next(campaign, last.at)
    assert newest is not None and newest.occurs_at == last.at, "the occurrence after those in between"
    return newest


def _skip(run: Run, reason: str) -> None:
    run.status, run.reason = Run.SKIPPED, reason[:300]
    run.save(update_fields=["status", "reason"])


def _go_on(
    campaign: Campaign,
    now: datetime,
    message: str,
    run: Run,
    actor: Actor | None = None,
    action: str = "miss_run",
) -> None:
    """After a run that did not happen: plan the next, say so, and end the campaign where none is left."""
    running.plan_next(campaign, now)
    if campaign.status == s.SCHEDULED and campaign.next_run_at:
        campaign.starts_at = campaign.next_run_at
    campaign.status_reason = message[:500]
    campaign.version += 1
    campaign.updated_at = now
    campaign.save(update_fields=["next_run_at", "starts_at", "status_reason", "version", "updated_at"])
    actor = actor or Actor.system()
    actions.record(actor, campaign, action, campaign.status, message, {"run": run.number}, now)
    if running.is_last(campaign):
        params = {"reason": f"{message} No other run is left."}
        actions.perform("complete", campaign.pk, Actor.system(), params=params, now=now)
    handover.after_commit(campaign, [])


def run_now(run_id: int, actor: Actor, now: datetime) -> Campaign:
    """A person decides that a late run goes out now. `NotFound`, `Forbidden` or `NotAllowed`: nothing has changed."""
    with transaction.atomic():
        campaign, run = _late_run(run_id, actor)
        if campaign.status not in _MAY_BEGIN:
            label = campaign.look.label
            raise NotAllowed(f"The campaign is {label}: a late run can go out while it waits for its next.")
        message = f"The run of {run.local} goes out now."
        actions.record(actor, campaign, "run_now", campaign.status, message, {"run": run.number}, now)
        return actions.perform(
            "launch", campaign.pk, Actor.system(actor.via), params={"run": run.pk}, now=now
        )


def skip_run(run_id: int, actor: Actor, now: datetime) -> Campaign:
    """A person decides that a late run does not go out. Errors as `run_now`."""
    with transaction.atomic():
        campaign, run = _late_run(run_id, actor)
        _skip(run, f"{actor.label} skipped it.")
        _go_on(campaign, now, f"The run of {run.local} was skipped.", run, actor, "skip_run")
        return Campaign.objects.select_related("workspace").get(pk=campaign.pk)


def _late_run(run_id: int, actor: Actor) -> tuple[Campaign, Run]:
    """The run and its campaign, locked, if this member may decide about it."""
    found = Run.objects.filter(pk=run_id).values_list("campaign_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such run in this workspace.")
    campaign = actions.lock(found, actor)
    if actor.membership is not None and not role_may(actor.membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    run = campaign.runs.select_for_update().get(pk=run_id)
    if run.status != Run.LATE:
        raise NotAllowed(
            f"The run of {run.local} is {run.get_status_display().lower()}; nothing is to decide."
        )
    return campaign, run
