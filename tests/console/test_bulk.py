"""The bulk bar: to how many it applies, why not to the rest, a report per row."""

from __future__ import annotations

from django.test import Client

from campaigns.models import Activity, Campaign, Membership
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, in_state


def test_it_says_to_how_many_it_applies_and_why_not_to_the_rest(page: Client, creator: Membership) -> None:
    running = in_state("running", "sms", workspace=creator.workspace, created_by=creator, name="Goes out")
    draft = CampaignFactory(created_by=creator, name="Not yet")
    response = page.post("/campaigns/bulk/stop/", {"id": [running.pk, draft.pk]})
    text = response.content.decode()
    assert "Stop 1 of 2 selected campaigns" in text
    assert "It is Defined; such a campaign cannot be stopped." in text
    assert Campaign.objects.get(pk=running.pk).status == "running"


def test_it_acts_row_by_row_and_reports_what_was_refused(page: Client, creator: Membership) -> None:
    first = in_state("running", "sms", workspace=creator.workspace, created_by=creator)
    stale = in_state("running", "sms", workspace=creator.workspace, created_by=creator)
    data = {
        "id": [first.pk, stale.pk], "confirmed": "yes",
        f"version-{first.pk}": first.version, f"version-{stale.pk}": stale.version - 1,
    }  # fmt: skip
    text = page.post("/campaigns/bulk/stop/", data).content.decode()
    assert "1 of 2 stopped" in text
    assert "has changed since you opened it" in text
    assert Campaign.objects.get(pk=first.pk).status == "stopped"
    assert Campaign.objects.get(pk=stale.pk).status == "running"
    assert Activity.objects.get(campaign=first, action="stop").via == "bulk"


def test_all_that_match_are_taken_by_the_lists_own_query(page: Client, creator: Membership) -> None:
    sms = [CampaignFactory(created_by=creator, name=f"Text {n}") for n in range(3)]
    other = CampaignFactory(created_by=creator, kind="message")
    page.post("/campaigns/bulk/archive/", {"all": "yes", "query": "kind=sms", "confirmed": "yes"})
    assert {Campaign.objects.get(pk=c.pk).status for c in sms} == {"archived"}
    assert Campaign.objects.get(pk=other.pk).status == "draft"


def test_a_journey_with_people_inside_finishes_if_that_was_chosen(page: Client, creator: Membership) -> None:
    campaign = in_state("stopping", "journey", workspace=creator.workspace, created_by=creator)
    response = page.post("/campaigns/bulk/stop/", {"id": [campaign.pk]})
    assert campaign.name in response.content.decode()


def test_campaigns_of_another_workspace_are_not_among_them(
    browse: Browse, creator: Membership, stranger: Membership
) -> None:
    running = in_state("running", "sms", workspace=creator.workspace, created_by=creator)
    data = {"id": [running.pk], "confirmed": "yes"}
    assert "0 of 0 stopped" in browse(stranger).post("/campaigns/bulk/stop/", data).content.decode()
    assert Campaign.objects.get(pk=running.pk).status == "running"


def test_only_stop_and_archive_are_bulk_actions(page: Client) -> None:
    assert page.post("/campaigns/bulk/delete/", {"id": ["1"]}).status_code == 404
    assert page.get("/campaigns/bulk/stop/").status_code == 405


def test_nothing_selected_is_said(page: Client) -> None:
    assert (
        "No campaign was selected." in page.post("/campaigns/bulk/archive/", {"id": ["x"]}).content.decode()
    )
