"""How often beat rings for each duty, as rows that an admin may change; what is missing is added after each migrate."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

TASK = "campaigns.tasks.duty"

#: Seconds between two calls of a duty (a key of `duties.DUTIES`). A start or stop is at most this much late.
EVERY: dict[str, int] = {
    "start_due": 5,
    "run_due": 5,
    "stop_due": 5,
    "recover": 10,
    "keep_segments": 3,
    "work": 3,
    "settle": 3,
    "keep_configured": 5,
    "decide_splits": 60,
    "fail_broken": 10,
    "archive_old": 15,
    "compact": 30,
    "ring": 3,
    "import_files": 20,
    "forget": 3600,
    "notify": 5,
    "receive": 3,
    "recheck": 10,
}
# A call that waited longer says nothing new: the next one is behind it already.
SHORTEST_EXPIRY = 10


def fill(**_: Any) -> None:
    """Add the periodic tasks that are missing; those that exist stay as they are. Receives `post_migrate`."""
    names = {duty: f"Duty: {duty.replace('_', ' ')}" for duty in EVERY}
    existing = set(PeriodicTask.objects.filter(name__in=names.values()).values_list("name", flat=True))
    for duty, name in names.items():
        if name not in existing:
            _add(duty, name, EVERY[duty])


@transaction.atomic
def _add(duty: str, name: str, seconds: int) -> None:
    schedule = IntervalSchedule.objects.filter(every=seconds, period=IntervalSchedule.SECONDS).first()
    if schedule is None:
        schedule = IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.get_or_create(
        name=name,
        defaults={
            "task": TASK,
            "interval": schedule,
            "args": json.dumps([duty]),
            "expire_seconds": max(seconds, SHORTEST_EXPIRY),
        },
    )
