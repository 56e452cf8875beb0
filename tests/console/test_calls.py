"""Voice in the browser: whom it calls again, how the calls ended, and every call of a person (seed 001)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.errors import NotAllowed
from campaigns.services.rendering_campaign import render_channel
from channels.engine.applying import apply_received
from channels.engine.dispatch import dispatch_channel
from channels.engine.receiving import store_receipts
from channels.models import Channel, Delivery
from channels.providers.base import Receipt
from tests.factories.campaigns import owner_of
from tests.factories.workspaces import NOW

RETRIES = {"busy": {"times": 1, "after": "5 minutes"}}


def form(campaign: Campaign, **values: str) -> dict[str, Any]:
    channel = campaign.channels.get()
    return {
        "version": Campaign.objects.get(pk=campaign.pk).version, "channels": 1, "steps": 0, "op": "save",
        "c0-id": channel.pk, "c0-kind": "voice", "c0-connection": channel.connection_id, "c0-body": "Hello", **values,
    }  # fmt: skip


def content(campaign: Campaign) -> dict[str, Any]:
    return Channel.objects.get(campaign=campaign).content


@pytest.mark.parametrize("status", ["draft", "scheduled"])
def test_whom_it_calls_again_is_chosen_with_the_content_also_while_scheduled(
    page: Client, in_state: Any, status: str
) -> None:
    campaign = in_state("voice", status)
    url = f"/campaigns/{campaign.pk}/edit/what/"
    typed = form(campaign, **{"c0-retry-busy": "2", "c0-after-busy": "10 minutes", "c0-retry-machine": "0"})
    assert page.post(url, typed).status_code == 302
    assert content(campaign)["retries"] == {"busy": {"times": 2, "after": "10 minutes"}}
    text = page.get(url).content.decode()
    assert 'value="10 minutes"' in text and '<option value="2" selected>' in text
    assert "called again up to 2 times" in page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert page.post(url, form(campaign)).status_code == 302
    assert "retries" not in content(campaign)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"c0-retry-busy": "2", "c0-after-busy": "soon"}, "from 1 minute to 7 days"),
        ({"c0-retry-machine": "9", "c0-after-machine": "5 minutes"}, "from 0 (never) to 5"),
    ],
)
def test_what_is_wrong_stands_beside_the_outcome(
    page: Client, in_state: Any, values: dict[str, str], said: str
) -> None:
    campaign = in_state("voice", "draft")
    before = content(campaign)
    response = page.post(f"/campaigns/{campaign.pk}/edit/what/", form(campaign, **values))
    assert response.status_code == 422 and said in response.content.decode()
    assert [row.error for row in response.context["blocks"][0].retries if row.error]
    assert content(campaign) == before


def test_the_start_of_a_scheduled_voice_campaign_can_be_moved(page: Client, in_state: Any) -> None:
    campaign = in_state("voice", "scheduled")
    values = {"version": campaign.version, "timezone": "UTC", "starts_at": "2030-04-01T10:00"}
    assert page.post(f"/campaigns/{campaign.pk}/edit/when/", values).status_code == 302
    assert f"{Campaign.objects.get(pk=campaign.pk).starts_at:%d.%m. %H:%M}" == "01.04. 10:00"


@pytest.fixture
def called(in_state: Any) -> Channel:
    """Three people were called: one answered, one was busy and was called again, one was not at home."""
    campaign = in_state("voice", "running")
    Channel.objects.update(content={"body": "Hello", "retries": RETRIES})
    duties.work_on(campaign.pk, NOW)
    channel = campaign.channels.get()
    dispatch_channel(channel.pk, now=NOW)
    rows = Delivery.objects.filter(channel=channel).order_by("pk")
    told = zip(rows, ("answered", "busy", "no_answer"), strict=True)
    receipts = [
        Receipt(f"r{row.pk}", row.provider_id, kind, NOW, "Line busy" if kind == "busy" else "")
        for row, kind in told
    ]  # type: ignore[arg-type]
    store_receipts(channel.connection_id, receipts, NOW)
    apply_received(NOW)
    return channel


def test_results_show_how_the_calls_ended(page: Client, called: Channel) -> None:
    text = page.get(f"/campaigns/{called.campaign_id}/").content.decode()
    assert "<b>1</b> answered" in text and "<b>1</b> no answer" in text
    assert "status=failed&amp;reason=no_answer" in text


def test_every_call_of_a_person_stands_beside_them(page: Client, called: Channel) -> None:
    text = page.get(f"/campaigns/{called.campaign_id}/messages/").content.decode()
    assert "1st call: Busy" in text and "Line busy" in text and "again" in text
    assert "1st call: Answered" in text


def test_the_api_has_the_outcomes_of_a_voice_channel(called: Channel) -> None:
    shown = render_channel(called.pk, owner_of(called.campaign))
    assert shown["calls"] == {
        "answered": 1, "busy": 0, "no_answer": 1, "machine": 0, "failed": 0, "unreported": 0,
    }  # fmt: skip


def test_an_errored_campaign_keeps_its_results_tells_why_and_is_never_restarted(
    page: Client, in_state: Any
) -> None:
    campaign = in_state("voice", "errored")
    text = page.get(f"/campaigns/{campaign.pk}/error/").content.decode()
    assert "The connection has an error." in text
    assert page.get(f"/campaigns/{campaign.pk}/messages/").status_code == 200
    for action in ("restart", "start", "schedule"):
        with pytest.raises(NotAllowed, match="has no action"):
            perform(action, campaign.pk, Actor.member(owner_of(campaign)), now=NOW)
    assert Campaign.objects.get(pk=campaign.pk).status == "errored"
