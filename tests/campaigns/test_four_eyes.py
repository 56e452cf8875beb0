"""Nobody approves what they made, edited or submitted themselves."""

import pytest

from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.campaigns import update_campaign
from campaigns.services.errors import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db


def _approve(campaign, member, now):
    return perform("approve", campaign.pk, Actor.member(member), now=now).status


def test_the_author_does_not_approve_what_somebody_else_submitted(
    workspace, creator, approver, admin_member, now
):
    campaign = factories.CampaignFactory(kind="message", created_by=approver)
    perform("submit", campaign.pk, Actor.member(creator), now=now)
    with pytest.raises(NotAllowed, match="made or edited"):
        _approve(campaign, approver, now)
    assert _approve(campaign, admin_member, now) == "running"


def test_an_editor_does_not_approve_the_version_that_they_edited(
    workspace, creator, approver, admin_member, now
):
    campaign = factories.CampaignFactory(kind="message", created_by=creator)
    update_campaign(campaign.pk, Actor.member(approver), {"name": "Better"}, campaign.version, now)
    perform("submit", campaign.pk, Actor.member(creator), now=now)
    with pytest.raises(NotAllowed, match="made or edited"):
        _approve(campaign, approver, now)
    assert _approve(campaign, admin_member, now) == "running"
