"""Seed 002, *Python campaign statuses*: a test for every line of it that is about python campaigns; each quotes its line."""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Person, SegmentMember
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from campaigns.services.errors import NotAllowed
from campaigns.services.rendering_campaign import render_campaign
from tests.factories import SegmentFactory
from tests.strategies.kit import send, texts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_strategies")]


def now_of(campaign):
    return Campaign.objects.get(pk=campaign.pk)


def edit(campaign, creator, now, **payload):
    return save_edit(campaign.pk, Actor.member(creator), payload, None, now).campaign


def act(action, campaign, creator, now):
    return perform(action, campaign.pk, Actor.member(creator), now=now)


def offered(campaign, creator):
    return {entry["name"]: entry for entry in render_campaign(campaign.pk, creator)["actions"]}


@pytest.mark.parametrize(
    ("status", "word", "colour"),
    [
        ("draft", "Created", "secondary"), ("configured", "Configured", "orange"), ("running", "Running", "green"),
        ("errored", "Error", "red"),
    ],
)  # fmt: skip
def test_the_table_of_statuses_and_colours(status, word, colour, in_state):
    """| Created | Gray … | Configured | Orange … | Running | Green … | Error | Red |"""
    look = in_state("python", status).look
    assert (look.label, look.colour) == (word, colour)


def test_created_is_where_a_new_campaign_begins(in_state, workspace, creator):
    """Created: "not ready to run — contacts or a Data Load strategy are still missing. A new campaign is created here." """
    campaign = in_state("python", "draft", audience=None)
    assert campaign.look.label == "Created"
    assert offered(campaign, creator)["start"]["reason"] == "Start needs contacts and a strategy."


def test_configured_as_soon_as_it_has_both_and_created_when_it_loses_one(in_state, creator, workspace, now):
    """ "The campaign has both contacts and a Data Load strategy": both ways, in the transaction of the edit."""
    campaign = in_state("python", "draft", audience=None)
    people = SegmentFactory(workspace=workspace, people=1).pk
    assert edit(campaign, creator, now, strategy="everyone_at_once").status == "draft"
    assert edit(campaign, creator, now, audience={"segment": people}).status == "configured"
    assert edit(campaign, creator, now, strategy="").status == "draft"
    assert edit(campaign, creator, now, strategy="three_stages").status == "configured"
    assert edit(campaign, creator, now, audience=None).status == "draft"


def test_uploaded_contacts_configure_it_by_themselves(in_state, creator, workspace, now):
    """ "Add stages, upload a Data Load strategy, and upload contacts": an empty list has none."""
    campaign = in_state("python", "draft", strategy="everyone_at_once", people=0)
    assert now_of(campaign).status == "draft"
    assert offered(campaign, creator)["start"]["reason"] == "Start needs contacts."
    person = Person.objects.create(workspace=workspace, external_id="new", email="new@example.test")
    SegmentMember.objects.create(segment_id=campaign.segment_id, person=person, since=now)
    assert duties.DUTIES["keep_configured"](now) == {"configured": [campaign.pk], "unconfigured": []}
    SegmentMember.objects.all().delete()
    assert duties.DUTIES["keep_configured"](now) == {"configured": [], "unconfigured": [campaign.pk]}
    assert now_of(campaign).status == "draft"


def test_start_stays_unavailable_until_the_campaign_has_contacts(in_state, creator, now):
    """ "Start stays unavailable until the campaign has contacts." """
    campaign = in_state("python", "draft", strategy="everyone_at_once", audience=None)
    with pytest.raises(NotAllowed, match="Start needs contacts"):
        act("start", campaign, creator, now)
    assert not offered(campaign, creator)["start"]["enabled"]


def test_the_button_changes_with_the_status(in_state, creator):
    """ "The button reads Start for Created and Configured, Stop for Running, and Force stop for Error." """
    for status, button in (
        ("draft", "start"),
        ("configured", "start"),
        ("running", "stop"),
        ("errored", "force_stop"),
    ):
        actions = offered(in_state("python", status), creator)
        assert [name for name in ("start", "stop", "force_stop") if name in actions] == [button], status


def test_start_processes_contacts_and_sends_in_the_planned_windows(in_state, creator, now):
    """Running: "processing contacts and sending communications in their planned time windows." """
    campaign = in_state("python", "configured", people=3)
    assert act("start", campaign, creator, now).look.label == "Running"
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    assert len(texts(campaign)) == 3


def test_progress_is_tracked_on_the_contacts_tab(in_state, creator, client, now):
    """ "Track progress on the Contacts tab." """
    campaign = in_state("python", "running", people=2)
    duties.work_on(campaign.pk, now)
    client.force_login(creator.user)
    page = client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert reverse("campaigns:contacts", args=[campaign.pk]) in page
    contacts = client.get(reverse("campaigns:contacts", args=[campaign.pk])).content.decode()
    assert "2 of 2 contacts have been asked about" in " ".join(contacts.split())


def test_stop_pauses_and_start_goes_on_with_whoever_was_not_sent_to(in_state, creator, now):
    """ "Click Stop to pause." and "There is no separate restart action — click Stop, then Start." """
    campaign = in_state("python", "running", people=2)
    assert "restart" not in offered(campaign, creator)
    duties.work_on(campaign.pk, now)
    assert act("stop", campaign, creator, now).look.label == "Configured"
    duties.work_on(campaign.pk, now)
    act("start", campaign, creator, now)
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    assert len(texts(campaign)) == 2


def test_recover_from_error(in_state, creator, client, now):
    """ "Hover over the Error tag to read the message. Click Force stop to halt processing. Fix the cause — open Show Logs
    from the header to read the campaign engine log, including strategy output and exceptions. Click Start to run the
    campaign again."
    """
    campaign = in_state("python", "running", people=2, strategy="raises")
    duties.work_on(campaign.pk, now)
    client.force_login(creator.user)
    page = client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()
    assert "the customer system does not answer" in page, "the tag's message names the cause"
    logs = reverse("campaigns:logs", args=[campaign.pk])
    assert logs in page
    assert "RuntimeError" in client.get(logs).content.decode()
    assert act("force_stop", campaign, creator, now).look.label == "Configured"
    duties.work_on(campaign.pk, now)
    edit(campaign, creator, now, strategy="everyone_at_once")
    act("start", campaign, creator, now)
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    assert len(texts(campaign)) == 2


def test_the_status_tag_carries_a_message_in_every_status(in_state, creator):
    """ "The status tag in both systems carries a message." """
    for status in ("draft", "configured", "running", "errored"):
        assert render_campaign(in_state("python", status).pk, creator)["message"].strip()
