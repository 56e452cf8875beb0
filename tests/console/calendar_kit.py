"""What the tests of the calendar share: their times, and campaigns that wait for theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.models import Campaign, Membership
from tests import factories
from tests.factories import in_state

NOW = factories.NOW
DAILY = {"type": "recurring", "rrule": "FREQ=DAILY"}


def at(days: float, hour: int = 12) -> datetime:
    """So many days after now, at that hour UTC."""
    return (NOW + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


def on(days: float) -> str:
    """That day, as addresses write it."""
    return (NOW + timedelta(days=days)).date().isoformat()


def scheduled(creator: Membership, when: datetime, name: str = "Spring", kind: str = "sms") -> Campaign:
    """A campaign that waits for its start."""
    made = in_state("scheduled", kind, workspace=creator.workspace, created_by=creator, name=name)
    Campaign.objects.filter(pk=made.pk).update(starts_at=when)
    return made
