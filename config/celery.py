"""The Celery application: two queues of wake-up calls, `duties` (periodic work) and `dispatch` (sending).

Work itself is claimed from PostgreSQL, so a message may be lost, repeated or late without harm:
messages are acknowledged at once, carry ids as JSON, keep no result and never have an ETA.
"""

import os

from billiard import current_process
from celery import Celery
from celery.signals import worker_process_init
from django.conf import settings
from kombu import Exchange, Queue

from config.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Django's checks load every page and the API: 20 MiB in each worker that none of them needs. `check` and `migrate` run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_default_queue="duties",
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in settings.QUEUES],
    task_create_missing_queues=False,
    task_routes={"channels.tasks.*": {"queue": "dispatch"}, "campaigns.tasks.*": {"queue": "duties"}},
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    enable_utc=True,
    # A dead broker must never hold up a web request: one quick try, then the tick finds the work anyway.
    task_publish_retry=False,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    # None: a worker outlives any outage of its broker.
    broker_connection_max_retries=None,
    # So long after it was asked to, the beat stops (config/beat.py).
    beat_max_loop_interval=1,
)
app.autodiscover_tasks()


@worker_process_init.connect
def forget_inherited_connections(**_: object) -> None:
    """Drop database connections opened before the fork: a socket shared by two processes corrupts both."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.connection = None


@worker_process_init.connect
def end_with_the_worker(**_: object) -> None:
    """Celery asks for this as well, but a worker killed while its processes start would leave them behind for ever."""
    die_with_parent(parent=current_process()._parent_pid)
