"""`/healthz`: whether this installation can do its work, for load balancers and people on call."""

from datetime import timedelta

from celery import current_app
from django.db import DatabaseError, connection
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_celery_beat.models import PeriodicTask

# The shortest duty runs every few seconds; a beat that was silent for this long is down.
BEAT_SILENT_AFTER = timedelta(minutes=2)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and beat are well, else 503; says which is not, and nothing else."""
    checks = {"database": database(), "broker": broker()}
    checks["beat"] = beat() if checks["database"] == "ok" else "unknown"
    well = all(answer == "ok" for answer in checks.values())
    return JsonResponse({"status": "ok" if well else "unwell", **checks}, status=200 if well else 503)


def database() -> str:
    """Ask the database for one row."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def broker() -> str:
    """Open a connection to the broker, with one short try."""
    try:
        with current_app.connection_for_write() as connection_to_broker:
            connection_to_broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except Exception:  # every transport has its own exceptions
        return "does not answer"
    return "ok"


def beat() -> str:
    """Look at when beat last rang for any duty."""
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    if last is None:
        return "has not run yet"
    return "ok" if timezone.now() - last < BEAT_SILENT_AFTER else f"silent since {last.isoformat()}"
