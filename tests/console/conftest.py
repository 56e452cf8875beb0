"""Browsers without a screen: who is logged in, and what they see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from campaigns.models import Membership

Browse = Callable[..., Client]


@pytest.fixture
def browse() -> Browse:
    """``browse(member)``: a browser in which this member is logged in; ``browse(None)``: in which nobody is."""

    def enter(member: Membership | None) -> Client:
        client = Client()
        if member is not None:
            client.force_login(member.user)
        return client

    return enter


@pytest.fixture
def page(browse: Browse, creator: Membership) -> Client:
    """The creator's browser."""
    return browse(creator)
