"""Hints where they are read: on the channel's card, in the API, and before a stop."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from campaigns.domain.hints import MANY_PAUSES
from campaigns.models import Campaign, Membership
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import perform_channel
from campaigns.services.rendering_campaign import render_campaign, render_channel
from channels.models import Delivery
from tests.factories import NOW


def test_they_are_on_the_card_in_the_api_and_before_a_stop(
    page: Client, in_state: Callable[..., Campaign], creator: Membership
) -> None:
    campaign = in_state("outreach", "running", timezone="UTC")
    channel = campaign.channels.get()
    for _ in range(MANY_PAUSES):
        for action in ("pause", "resume"):
            perform_channel(action, channel.pk, Actor.member(creator), now=NOW)
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "It has been paused 3 times" in text
    for shown in (
        render_campaign(campaign.pk, creator)["channels"][0],
        render_channel(channel.pk, creator),
    ):
        assert "many_pauses" in [hint["code"] for hint in shown["hints"]]
    Delivery.objects.create(channel=channel, person_id=1, status="sent", due_at=NOW)
    stop = page.get(f"/campaigns/{campaign.pk}/channels/{channel.pk}/actions/stop/").content.decode()
    assert "Look at the results before you stop: 1 sent so far" in stop
    assert f"/campaigns/{campaign.pk}/analytics/" in stop
