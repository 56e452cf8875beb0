"""The demo workspace that a new installation starts with: something of every kind, made as a member would make it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from approvals.models import Notification
from campaigns.domain.lifecycles import KIND_CHOICES
from campaigns.models import Campaign, Person, Segment
from campaigns.services import demo, duties
from campaigns.services.demo_content import PEOPLE
from channels.models import Delivery


@pytest.fixture
def campaigns(db: None, settings: Any, tmp_path: Path) -> dict[str, Campaign]:
    settings.DATA_DIR, settings.DEMO_CONTENT = tmp_path, True
    assert demo.load_demo() and not demo.load_demo()
    return {campaign.kind: campaign for campaign in Campaign.objects.all()}


def test_a_campaign_of_every_kind(campaigns: dict[str, Campaign]) -> None:
    assert {campaign.kind: campaign.status for campaign in campaigns.values()} == {
        "journey": "running", "message": "pending_approval", "sms": "scheduled", "voice": "draft", "outreach": "running",
        "flow": "draft", "python": "configured",
    }  # fmt: skip
    assert len(campaigns) == len(KIND_CHOICES)
    assert Person.objects.count() == PEOPLE
    # Its members have a notification in the console, and no mail is sent to addresses that nobody reads.
    assert Notification.objects.exists() and not Notification.objects.filter(mailed_at=None).exists()


def test_what_is_at_work_works(campaigns: dict[str, Campaign]) -> None:
    now = timezone.now()
    duties.keep_segments(now)
    for campaign in campaigns.values():
        duties.work_on(campaign.pk, now)
    assert Delivery.objects.filter(channel__campaign=campaigns["journey"]).count() == PEOPLE / 3
    assert Delivery.objects.filter(channel__campaign=campaigns["outreach"]).count() == PEOPLE
    assert Segment.objects.get(name="Pro customers").members.count() == PEOPLE / 3
    assert not any(duty.get("error") for duty in duties.tick(now).values())


def test_it_can_be_left_empty(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.DEMO_CONTENT = tmp_path, False
    assert demo.load_demo() and not Campaign.objects.exists() and not Person.objects.exists()
