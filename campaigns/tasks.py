"""Celery tasks of the campaigns app: a line or two each; all of them are safe to lose, repeat, delay or run at once."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from campaigns.services import duties, importing, segments


@shared_task
def duty(name: str) -> object:
    """One periodic duty by its name (a key of ``duties.DUTIES``), as of now."""
    return duties.DUTIES[name](timezone.now())


@shared_task
def work_on_campaign(campaign_id: int) -> object:
    """The background work that an action left behind, then ring the senders."""
    now = timezone.now()
    done = duties.work_on(campaign_id, now)
    duties.ring(now)
    return done


@shared_task
def run_import(job_id: int) -> None:
    """One CSV import, from wherever it got to."""
    importing.run_import(job_id)


@shared_task
def keep_segments(workspace_id: int) -> None:
    """The segments by condition of one workspace, and what its campaigns watch."""
    segments.keep_workspace(workspace_id, timezone.now())
