"""What is made once for all tests of a file: expensive to walk to, and only read, or changed and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction


def once_for_the_file(make: Callable[[], Any]) -> Any:
    """A fixture of this name that answers what ``make()`` made for the first test of the file that asks for it.

    It lies in a transaction around these tests; each test's own is a savepoint in it, so that every test finds it as
    it was made. A file that uses it marks its tests with `django_db` and has none with ``transaction=True``. What it
    answers are ids and texts, not objects, which would remember what a test did to them.
    """

    @pytest.fixture(scope="module", name=make.__name__)
    def made_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
        with django_db_blocker.unblock(), transaction.atomic():
            made = make()
            with django_db_blocker.block():
                yield made
            transaction.set_rollback(True)

    return made_once
