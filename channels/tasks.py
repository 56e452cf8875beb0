"""Celery tasks of sending: they carry ids only, and are safe to lose, repeat, delay or run twice at once."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from channels.engine.dispatch import dispatch_channel
from channels.engine.stopping import stop_family
from channels.services import doorbell


@shared_task
def dispatch(channel_id: int) -> None:
    """Send what is due in a channel, then let the next channel have its turn."""
    doorbell.ring(dispatch_channel(channel_id).ring)


@worker_shutting_down.connect
def finish_what_has_begun(**_: Any) -> None:
    """A warm shutdown reaches only Celery's main process: tell the forked children to claim no more."""
    stop_family()
