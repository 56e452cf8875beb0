"""The people of all API tests, each with a key: the members of one workspace and a stranger who runs another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from campaigns.models import Membership
from tests.api.callers import Caller


@pytest.fixture(autouse=True)
def _fresh_rates(db: None) -> Iterator[None]:
    """Nobody has called yet."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def owner(creator: Membership) -> Caller:
    """A creator: whose campaigns they are."""
    return Caller(creator)


@pytest.fixture
def approver(approver: Membership) -> Caller:
    return Caller(approver)


@pytest.fixture
def admin(admin_member: Membership) -> Caller:
    return Caller(admin_member)


@pytest.fixture
def stranger(stranger: Membership) -> Caller:
    """An admin, but of another workspace."""
    return Caller(stranger)


@pytest.fixture
def nobody() -> Caller:
    """Without any key."""
    return Caller()
