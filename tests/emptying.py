"""How the database is emptied after a test that committed: as Django does it, less what is made again each time.

Django empties every table and then makes content types, permissions and periodic tasks once more, which takes longer
than the emptying. Here their tables are left alone, unless a test has changed them.
"""

from __future__ import annotations

from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase

#: What follows from the code, and is there after a migration.
STANDING = (
    "auth_permission", "django_celery_beat_clockedschedule", "django_celery_beat_crontabschedule",
    "django_celery_beat_intervalschedule", "django_celery_beat_periodictask", "django_celery_beat_periodictasks",
    "django_celery_beat_solarschedule", "django_content_type",
)  # fmt: skip

_django_empties: Any = TransactionTestCase._fixture_teardown
_stood: list[tuple[str, ...]] = []


def standing() -> tuple[str, ...]:
    """What these tables hold, in short."""
    told = ", ".join(
        f"(SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t)"
        for table in STANDING
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {told}")
        row: tuple[str, ...] = cursor.fetchone()
        return row


def empty(case: TransactionTestCase) -> None:
    """Empty what a test filled; everything, as Django does it, where it changed what stands."""
    if not _stood or standing() != _stood[-1]:
        _django_empties(case)
        _stood.append(standing())
        return
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    filled = [name for name in names if name not in STANDING]
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), filled))


def pytest_configure() -> None:
    """From now on."""
    TransactionTestCase._fixture_teardown = empty  # type: ignore[method-assign]
