"""`/healthz` tells a load balancer which part is not well, and nothing more."""

from datetime import timedelta

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

pytestmark = pytest.mark.django_db


def ring(ago: timedelta) -> None:
    """Have beat last rung that long ago."""
    PeriodicTask.objects.update(last_run_at=timezone.now() - ago)


def test_all_is_well_while_beat_rings(client: Client) -> None:
    ring(timedelta(seconds=5))
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok", "beat": "ok"}
    assert "no-store" in answer["Cache-Control"]


def test_a_beat_that_never_rang_is_not_well(client: Client) -> None:
    PeriodicTask.objects.update(last_run_at=None)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["beat"]) == (503, "has not run yet")


def test_a_silent_beat_is_not_well(client: Client) -> None:
    ring(timedelta(minutes=3))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["beat"].startswith("silent since")


def test_a_broker_that_is_away_is_said_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ring(timedelta(seconds=5))
    address = {"broker_url": "redis://127.0.0.1:1/0", "broker_read_url": None, "broker_write_url": None}
    for name, value in address.items():
        monkeypatch.setitem(current_app.conf, name, value)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["broker"]) == (503, "does not answer")


def test_over_tls_only_health_answers_without_a_redirect(client: Client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code in {200, 503}
    assert client.get("/login/").status_code == 301
