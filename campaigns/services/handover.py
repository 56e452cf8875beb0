"""Hands work over once the transaction has committed: rings the workers. Losing a ring costs at most one beat."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction

from campaigns.models import Campaign
from channels.domain import states as cs
from channels.models import Channel

log = logging.getLogger(__name__)


def after_commit(campaign: Campaign, channels: Iterable[Channel]) -> None:
    """Wake a worker for this campaign if an action left it something to do."""
    busy = campaign.sweep or campaign.deleted_at or any(c.sweep or c.status == cs.RUNNING for c in channels)
    if busy:
        transaction.on_commit(partial(ring_campaign, campaign.pk))


def ring_campaign(campaign_id: int) -> None:
    """Ask a worker to see to a campaign. The broker is only a doorbell: without it the next beat finds the work."""
    try:
        current_app.send_task("campaigns.tasks.work_on_campaign", args=[campaign_id])
    except Exception:
        log.warning(
            "No broker to ring for campaign %s; the next beat will find it.", campaign_id, exc_info=True
        )


def ring_import(job_id: int) -> None:
    """Ask a worker to run a queued import; without a broker the next beat finds it."""
    try:
        current_app.send_task("campaigns.tasks.run_import", args=[job_id])
    except Exception:
        log.warning("No broker to ring for import %s; the next beat will find it.", job_id, exc_info=True)


def ring_segments(workspace_id: int) -> None:
    """Ask a worker to keep the segments of a workspace; without a broker the next beat finds them."""
    try:
        current_app.send_task("campaigns.tasks.keep_segments", args=[workspace_id])
    except Exception:
        log.warning("No broker to ring for segments; the next beat will find them.", exc_info=True)
