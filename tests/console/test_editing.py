"""From the kind to the review: every step saves the draft, every problem stands beside its field."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from channels.models import Connection
from tests.factories import CampaignFactory, PersonFactory, SegmentFactory, in_state, sandbox_connection


@pytest.fixture
def connection(creator: Membership) -> Connection:
    return sandbox_connection(creator.workspace)


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def what(campaign: Campaign, **values: Any) -> dict[str, Any]:
    """The content form of one channel."""
    return {"version": fresh(campaign).version, "channels": 1, "steps": 0, "op": "save", **values}


def test_kind_and_name_make_a_draft_and_lead_to_who(page: Client) -> None:
    text = page.get("/campaigns/new/").content.decode()
    assert text.count('name="kind"') == 7
    assert text.count('<svg class="diagram') == 7
    response = page.post("/campaigns/new/", {"kind": "sms", "name": "Sale"})
    campaign = Campaign.objects.get(name="Sale")
    assert response["Location"] == f"/campaigns/{campaign.pk}/edit/who/"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "Sale"}, "Choose what kind"),
        ({"kind": "sms"}, "required"),
        ({"kind": "x", "name": "y"}, "valid choice"),
    ],
)
def test_a_new_campaign_needs_both(page: Client, data: dict[str, str], said: str) -> None:
    response = page.post("/campaigns/new/", data)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Campaign.objects.exists()


def test_who_counts_shows_ten_and_names_who_cannot_be_reached(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms")
    segment = SegmentFactory(workspace=creator.workspace, people=12)
    nobody = PersonFactory(workspace=creator.workspace, phone="")
    segment.members.create(person=nobody, since=campaign.created_at)
    text = page.get(f"/campaigns/{campaign.pk}/audience/?segment={segment.pk}").content.decode()
    assert ">13</span>" in text
    assert text.count("<li>") == 10
    assert "1 have no phone number" in text
    page.post(f"/campaigns/{campaign.pk}/edit/who/", {"version": campaign.version, "segment": segment.pk})
    assert fresh(campaign).segment == segment


def test_a_list_of_another_workspace_cannot_be_chosen(page: Client, creator: Membership) -> None:
    campaign, elsewhere = CampaignFactory(created_by=creator), SegmentFactory(people=5)
    response = page.post(
        f"/campaigns/{campaign.pk}/edit/who/", {"version": campaign.version, "segment": elsewhere.pk}
    )
    assert response.status_code == 422
    text = page.get(f"/campaigns/{campaign.pk}/audience/?segment={elsewhere.pk}").content.decode()
    assert "Nobody has been chosen yet." in text


def test_a_journeys_trigger_is_lists_that_people_are_in_and_not_in(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="journey", audience=None)
    first, second, third = (SegmentFactory(workspace=creator.workspace).pk for _ in range(3))
    data = {"version": campaign.version, "inside": [first], "also": [second], "outside": [third],
            "type": "segment", "frequency": "at_most_every", "every-amount": "30", "every-unit": "day"}  # fmt: skip
    page.post(f"/campaigns/{campaign.pk}/edit/who/", data)
    saved = fresh(campaign)
    assert saved.trigger == {"type": "segment", "in": [[first], [second]], "not_in": [third]}
    assert saved.frequency == {"at_most_every": "30 days"}
    response = page.post(
        f"/campaigns/{campaign.pk}/edit/who/", data | {"version": saved.version, "inside": [], "also": []}
    )
    assert response.status_code == 422
    assert "needs at least one *in*" in response.content.decode()


def test_content_is_saved_and_its_problems_stand_beside_it(
    page: Client, creator: Membership, connection: Connection
) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms", channels=[])
    url = f"/campaigns/{campaign.pk}/edit/what/"
    good = {"c0-kind": "sms", "c0-connection": connection.pk, "c0-body": "Hi {{ person.first_name }}"}
    response = page.post(url, what(campaign, **good | {"c0-body": "Hi {{ person.first_name "}))
    assert response.status_code == 422
    assert response.context["blocks"][0].errors["body"]
    assert "Hi {{ person.first_name" in response.content.decode()
    response = page.post(url, what(campaign, **good))
    assert response["Location"] == f"/campaigns/{campaign.pk}/edit/when/"
    assert campaign.channels.get().content == {"body": "Hi {{ person.first_name }}"}


def test_buttons_that_change_the_form_save_nothing(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message", channels=[])
    url = f"/campaigns/{campaign.pk}/edit/what/"
    response = page.post(url, what(campaign, channels=0, op="channel:add", new_kind="email"))
    assert [block.kind.key for block in response.context["blocks"]] == ["email"]
    typed = {"c0-kind": "email", "c0-subject": "Kept", "op": "channel:add", "new_kind": "sms"}
    response = page.post(url, what(campaign, **typed))
    assert [block.kind.key for block in response.context["blocks"]] == ["email", "sms"]
    assert "Kept" in response.content.decode()
    response = page.post(url, what(campaign, **typed | {"op": "channel:remove-0"}))
    assert response.context["blocks"] == []
    assert not campaign.channels.exists()


def test_the_preview_is_for_a_real_person(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message")
    person = PersonFactory(workspace=creator.workspace, attributes={"first_name": "Zoë"})
    data = {"prefix": "c0-", "kind": "email", "c0-subject": "Hi {{ person.first_name }}",
            "c0-body": "<b>{{ person.first_name }}</b> {{ person.shoe_size }}", "person": person.pk}  # fmt: skip
    text = page.post(f"/campaigns/{campaign.pk}/preview/", data).content.decode()
    assert "Hi Zoë" in text
    assert 'sandbox=""' in text
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in text
    assert "person.shoe_size" in text
    broken = page.post(f"/campaigns/{campaign.pk}/preview/", data | {"c0-body": "{% for %}"}).content.decode()
    assert "note-error" in broken


def test_the_preview_never_shows_a_person_of_another_workspace(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message", people=1)
    elsewhere = PersonFactory(attributes={"first_name": "Secret"})
    data = {
        "prefix": "",
        "kind": "email",
        "subject": "",
        "body": "{{ person.first_name }}",
        "person": elsewhere.pk,
    }
    assert b"Secret" not in page.post(f"/campaigns/{campaign.pk}/preview/", data).content


def test_when_reads_the_clocks_of_the_chosen_zone(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message")
    url = f"/campaigns/{campaign.pk}/edit/when/"
    data = {
        "version": campaign.version,
        "timezone": "Europe/Berlin",
        "mode": "at",
        "starts_at": "2031-07-01T09:00",
    }
    page.post(url, data)
    assert fresh(campaign).starts_at.isoformat() == "2031-07-01T07:00:00+00:00"
    data["version"] = fresh(campaign).version
    skipped = page.post(url, data | {"starts_at": "2031-03-30T02:30"})
    assert "the clocks go forward over it" in skipped.content.decode()
    twice = page.post(url, data | {"starts_at": "2031-10-26T02:30"}, follow=True)
    assert "twice on that day" in twice.content.decode()
    data["version"] = fresh(campaign).version
    assert page.post(url, data | {"starts_at": ""}).status_code == 422
    page.post(url, data | {"mode": "now", "starts_at": ""})
    assert fresh(campaign).starts_at is None


def test_a_stale_edit_is_said_and_what_was_typed_stays(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, name="Old")
    url = f"/campaigns/{campaign.pk}/edit/name/"
    Campaign.objects.filter(pk=campaign.pk).update(version=9)
    response = page.post(url, {"version": 1, "name": "New name", "labels": ""})
    assert response.status_code == 409
    assert "has changed since you opened it" in response.content.decode()
    assert response.context["form"]["name"].value() == "New name"
    assert fresh(campaign).name == "Old"
    page.post(
        url, {"version": response.context["form"]["version"].value(), "name": "New name", "labels": "A, b"}
    )
    assert fresh(campaign).name == "New name"
    assert sorted(fresh(campaign).labels.values_list("name", flat=True)) == ["A", "b"]


def test_a_forbidden_label_is_said(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator)
    data = {"version": campaign.version, "name": "A", "labels": "50% off"}
    response = page.post(f"/campaigns/{campaign.pk}/edit/name/", data)
    assert response.status_code == 422
    assert "A label may not contain %" in response.content.decode()


@pytest.mark.parametrize("section", ["who", "what", "when"])
def test_a_locked_section_sends_back_with_the_reason(page: Client, creator: Membership, section: str) -> None:
    campaign = in_state("running", "sms", workspace=creator.workspace, created_by=creator)
    response = page.get(f"/campaigns/{campaign.pk}/edit/{section}/", follow=True)
    assert (
        f"{section.capitalize()} cannot be edited while the campaign is Running." in response.content.decode()
    )
    before = fresh(campaign)
    data = {"version": before.version, "timezone": "UTC", "segment": "", "channels": 0, "steps": 0}
    assert page.post(f"/campaigns/{campaign.pk}/edit/{section}/", data).status_code == 409
    assert fresh(campaign).version == before.version


def test_the_review_warns(page: Client, creator: Membership, connection: Connection) -> None:
    content = {"subject": "Hi", "body": "Dear {{ person.frist_name }}"}
    channels = [{"kind": "email", "connection": connection.pk, "content": content}]
    campaign = CampaignFactory(created_by=creator, kind="message", channels=channels)
    text = page.get(f"/campaigns/{campaign.pk}/review/").content.decode()
    assert "no unsubscribe link" in text
    assert "person.frist_name" in text
