"""Beat rings for every duty, at intervals an admin may change."""

import json

import pytest
from django_celery_beat.models import PeriodicTask

from campaigns.services import timetable

pytestmark = pytest.mark.django_db


def rows() -> dict[str, PeriodicTask]:
    """Return the periodic tasks by the duty they ring for."""
    tasks = PeriodicTask.objects.filter(task=timetable.TASK).select_related("interval")
    return {json.loads(task.args)[0]: task for task in tasks}


def test_migrating_makes_one_row_for_every_duty() -> None:
    from campaigns.services.duties import DUTIES

    assert rows().keys() == DUTIES.keys() == timetable.EVERY.keys()
    assert {duty: task.interval.every for duty, task in rows().items()} == timetable.EVERY


def test_what_an_admin_changed_stays_and_what_was_deleted_comes_back() -> None:
    changed = rows()["ring"]
    changed.enabled = False
    changed.save()
    rows()["settle"].delete()
    timetable.fill()
    assert rows()["ring"].enabled is False
    assert "settle" in rows()
    assert PeriodicTask.objects.filter(task=timetable.TASK).count() == len(timetable.EVERY)


def test_no_row_has_an_old_call_waiting_for_long() -> None:
    assert all(task.expire_seconds <= max(task.interval.every, 10) for task in rows().values())
