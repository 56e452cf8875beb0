"""The messages and participants of a campaign: filters, reasons, and messages in doubt settled by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from channels.models import Channel, Delivery
from tests.console.conftest import Browse
from tests.factories import NOW, CampaignFactory, PersonFactory, in_state


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    """An outreach campaign whose channel has one message of every status."""
    made = CampaignFactory(created_by=creator, kind="outreach")
    channel = made.channels.get()
    for status, reason in (("sent", ""), ("failed", "refused"), ("failed", "template"), ("skipped", "no_address"),
                           ("unknown", "lost_worker"), ("pending", "")):  # fmt: skip
        person = PersonFactory(workspace=creator.workspace)
        Delivery.objects.create(channel=channel, person=person, status=status, reason=reason, due_at=NOW)
    return made


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 6), ("?status=failed", 2), ("?status=failed&reason=template", 1), ("?status=nonsense", 6), ("?status=opened", 0),
     ("?channel=999999", 6), ("?channel=x&status=sent", 1)],
)  # fmt: skip
def test_the_ledger_is_filtered_by_status_and_reason(
    page: Client, campaign: Campaign, query: str, number: int
) -> None:
    response = page.get(f"/campaigns/{campaign.pk}/messages/{query}")
    assert len(response.context["deliveries"]) == number


def test_every_row_says_why(page: Client, campaign: Campaign) -> None:
    text = page.get(f"/campaigns/{campaign.pk}/messages/").content.decode()
    assert "No address for this channel" in text
    assert "The message could not be personalised" in text


@pytest.mark.parametrize("kind", ["journey", "flow"])
def test_a_message_of_a_workflow_says_of_which_step_it_is(
    page: Client, creator: Membership, kind: str
) -> None:
    made = CampaignFactory(created_by=creator, kind=kind)
    step = {
        "key": "hi",
        "type": "message",
        "channel": "email",
        "subject": "Hello",
        "body": "x",
        "name": "Say hello",
    }
    flow = {"key": "one", "name": "Welcome", "workflow": [step]}
    Campaign.objects.filter(pk=made.pk).update(workflow=[step] if kind == "journey" else [], flows=[flow])
    for key in ("hi", "gone") if kind == "journey" else ("one:hi", "one:gone"):
        person = PersonFactory(workspace=creator.workspace)
        Delivery.objects.create(
            channel=made.channels.get(), person=person, status="sent", step=key, due_at=NOW
        )
    text = page.get(f"/campaigns/{made.pk}/messages/").content.decode()
    assert ">Say hello<" in text if kind == "journey" else ">Say hello (Welcome)<" in text
    assert "gone<" in text, "of a step that has been removed its key is left"


def test_counts_on_the_page_add_up(page: Client, campaign: Campaign) -> None:
    response = page.get(f"/campaigns/{campaign.pk}/messages/")
    assert (
        sum(entry["count"] for entry in response.context["statuses"])
        == response.context["chosen"].audience
        == 6
    )


def test_messages_of_several_channels_are_not_called_people(page: Client, campaign: Campaign) -> None:
    first = campaign.channels.get()
    assert page.get(f"/campaigns/{campaign.pk}/").context["tiles"][0]["label"] == "Audience"
    second = Channel.objects.create(campaign=campaign, kind="sms", connection=first.connection)
    Delivery.objects.create(
        channel=second, person=PersonFactory(workspace=campaign.workspace), status="sent", due_at=NOW
    )
    tile = page.get(f"/campaigns/{campaign.pk}/").context["tiles"][0]
    assert (tile["label"], tile["value"]) == ("Messages", 7)


def test_the_error_page_groups_failures_by_reason(page: Client, campaign: Campaign) -> None:
    failures = page.get(f"/campaigns/{campaign.pk}/error/").context["failures"]
    assert {(row["status"], row["reason"], row["n"]) for row in failures} == {
        ("failed", "refused", 1), ("failed", "template", 1), ("unknown", "lost_worker", 1),
    }  # fmt: skip


def test_participants_show_what_each_was_sent(page: Client, creator: Membership) -> None:
    campaign = in_state("running", "sms", workspace=creator.workspace, created_by=creator, people=2)
    person = campaign.segment.members.first().person
    Delivery.objects.filter(channel__campaign=campaign, person=person).delete()
    Delivery.objects.create(channel=campaign.channels.get(), person=person, status="sent", due_at=NOW)
    people = page.get(f"/campaigns/{campaign.pk}/participants/").context["people"]
    assert len(people) == 2
    assert [entry["look"] for row in people if row["person"] == person for entry in row["deliveries"]]


def doubtful(campaign: Campaign) -> Delivery:
    return Delivery.objects.get(channel__campaign=campaign, reason="lost_worker")


@pytest.mark.parametrize("settled", ["sent", "failed"])
def test_an_approver_settles_what_is_in_doubt(
    browse: Browse, approver: Membership, campaign: Campaign, settled: str
) -> None:
    row = doubtful(campaign)
    client = browse(approver)
    assert (
        "They were sent" in client.get(f"/campaigns/{campaign.pk}/messages/?status=unknown").content.decode()
    )
    response = client.post(
        f"/campaigns/{campaign.pk}/messages/resolve/", {"id": [row.pk], "as": settled}, follow=True
    )
    assert "1 message settled." in response.content.decode()
    row.refresh_from_db()
    assert row.status == settled


@pytest.mark.parametrize("answer", ["resend", "nonsense", ""])
def test_what_cannot_be_is_refused_in_words(
    browse: Browse, approver: Membership, campaign: Campaign, answer: str
) -> None:
    data: dict[str, Any] = {"id": [doubtful(campaign).pk], "as": answer}
    response = browse(approver).post(f"/campaigns/{campaign.pk}/messages/resolve/", data, follow=True)
    assert "toast-note-error" in response.content.decode()


def test_a_creator_cannot_settle(page: Client, campaign: Campaign) -> None:
    row = doubtful(campaign)
    assert (
        "They were sent"
        not in page.get(f"/campaigns/{campaign.pk}/messages/?status=unknown").content.decode()
    )
    assert (
        page.post(f"/campaigns/{campaign.pk}/messages/resolve/", {"id": [row.pk], "as": "sent"}).status_code
        == 403
    )


def test_messages_of_another_campaign_are_not_settled(
    browse: Browse, approver: Membership, campaign: Campaign
) -> None:
    other = CampaignFactory(workspace=approver.workspace, kind="outreach")
    row = doubtful(campaign)
    browse(approver).post(f"/campaigns/{other.pk}/messages/resolve/", {"id": [row.pk], "as": "sent"})
    row.refresh_from_db()
    assert row.status == "unknown"
