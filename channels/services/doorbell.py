"""The doorbell: tells the workers that a channel has something to send. The queue itself is PostgreSQL.

A bell may be lost (the next beat rings again), rung twice or come late: whoever answers looks for what is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

TASK = "channels.tasks.dispatch"
#: A bell nobody has answered by then is dropped; the beat has rung again since.
EXPIRES_SECONDS = 60


def ring(channel_ids: Iterable[int]) -> None:
    """Wake the workers for these channels once the present transaction has committed. Never raises."""
    wanted = list(channel_ids)
    if wanted:
        transaction.on_commit(partial(_ring_now, wanted))


def _ring_now(channel_ids: list[int]) -> None:
    """One bell for each worker that may send in a channel; a channel's second bell comes after everybody's first."""
    try:
        for _ in range(max(1, settings.DISPATCH_WORKERS)):
            for channel_id in channel_ids:
                current_app.send_task(TASK, [channel_id], expires=EXPIRES_SECONDS, ignore_result=True)
    except Exception:
        # After the first failure there is no point in waiting for the broker again for each channel.
        log.warning("No broker to ring; the next beat finds channels %s", channel_ids, exc_info=True)
