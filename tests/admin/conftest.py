"""Who opens the admin: staff of every role, a superuser who is a member, one who is none, and a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from campaigns.models import Membership, User, Workspace
from tests import factories


@pytest.fixture
def enter() -> Callable[[Membership | User], Client]:
    """``enter(member)``: a browser in which this member (or user) is logged in."""

    def log_in(who: Membership | User) -> Client:
        client = Client()
        client.force_login(who.user if isinstance(who, Membership) else who)
        return client

    return log_in


@pytest.fixture
def creator(workspace: Workspace) -> Membership:
    """A creator who may enter Django admin."""
    return factories.member("creator", workspace, is_staff=True)


@pytest.fixture
def approver(workspace: Workspace) -> Membership:
    """An approver who may enter Django admin."""
    return factories.member("approver", workspace, is_staff=True)


@pytest.fixture
def root(db: None) -> User:
    """A superuser who is a member of no workspace."""
    return factories.UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def root_member(workspace: Workspace) -> Membership:
    """A superuser who is an admin of the workspace."""
    return factories.member("admin", workspace, is_staff=True, is_superuser=True)
