"""Fixtures that most tests use: one workspace with a member of each role, a stranger in another, and the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from campaigns.models import Campaign, Membership, Workspace
from tests import factories
from tests.strategies import kit


@pytest.fixture
def now() -> datetime:
    """The time of the test; it passes only when the test says so."""
    return factories.NOW


@pytest.fixture
def workspace(db: None) -> Workspace:
    """A workspace as new ones are."""
    return factories.WorkspaceFactory()


@pytest.fixture
def creator(workspace: Workspace) -> Membership:
    """The member who makes campaigns."""
    return factories.member("creator", workspace)


@pytest.fixture
def approver(workspace: Workspace) -> Membership:
    """The member who approves them."""
    return factories.member("approver", workspace)


@pytest.fixture
def admin_member(workspace: Workspace) -> Membership:
    """An admin of the workspace, who may also enter Django admin; not a superuser."""
    return factories.member("admin", workspace, is_staff=True)


@pytest.fixture
def stranger(db: None) -> Membership:
    """An admin of another workspace."""
    return factories.member("admin", is_staff=True)


@pytest.fixture
def in_state(
    workspace: Workspace, creator: Membership, approver: Membership, now: datetime
) -> Callable[..., Campaign]:
    """``in_state(kind, status, **values)``: a campaign of the workspace that has walked to that status."""

    def walk(kind: str, status: str, **values: Any) -> Campaign:
        return factories.in_state(status, kind, now, workspace=workspace, **values)

    return walk


@pytest.fixture
def all_strategies(settings: Any) -> None:
    """Every strategy of the tests is registered, the bad ones too; a contact may take a second and a half."""
    settings.CAMPAIGN_STRATEGIES = kit.ALL
    settings.STRATEGY_CONTACT_SECONDS = 1.5
