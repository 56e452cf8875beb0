"""Bulk actions: the consequences of many at once, then the gateway row by row, with a report for every row."""

import pytest
from django.urls import reverse

from campaigns.admin.bulk import ACTIONS
from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Activity, Campaign

pytestmark = pytest.mark.django_db
LIST = "admin:campaigns_campaign_changelist"


def choose(client, action, campaigns, **more):
    data = {"action": action, "_selected_action": [campaign.pk for campaign in campaigns], **more}
    return client.post(reverse(LIST), data)


def confirm(client, action, page, **typed):
    """Submit the page as it was shown."""
    rows = page.context["applicable"]
    data = {"confirmed": "yes", "id": [row.campaign.pk for row in rows], **typed}
    data |= {f"version-{row.campaign.pk}": row.campaign.version for row in rows}
    return client.post(reverse("admin:campaigns_campaign_bulk", args=[action]), data)


def test_there_is_a_bulk_action_for_every_action_but_approve(admin_member, enter, in_state):
    """Nobody approves what they have not looked at."""
    assert set(ACTIONS) == {name for kind in BY_KIND.values() for name in kind.actions()} - {"approve"}
    in_state("sms", "draft")
    page = enter(admin_member).get(reverse(LIST))
    offered = {value for value, _ in page.context["action_form"].fields["action"].choices if value}
    assert offered == set(ACTIONS), "and Django's own bulk delete is not among them"


def test_it_says_to_which_it_applies_why_not_to_the_rest_and_acts_row_by_row(in_state, creator, enter):
    journey, text = in_state("journey", "running"), in_state("sms", "running")
    draft, done = in_state("sms", "draft"), in_state("sms", "completed")
    client = enter(creator)
    page = choose(client, "stop", [journey, text, draft, done])
    html = page.content.decode()
    assert {row.campaign.pk for row in page.context["applicable"]} == {journey.pk, text.pk}
    assert "It applies to 2 of 4" in " ".join(html.split())
    assert "A SMS blast campaign that is Defined has no such action." in html
    assert dict(page.context["numbers"])["people in progress"] == 3
    assert "3 people are in progress." in html
    assert Campaign.objects.get(pk=text.pk).status == "running", "nothing has happened yet"

    assert confirm(client, "stop", page).status_code == 422, "a journey with people in it asks how"
    report = confirm(client, "stop", page, mode="finish")
    assert {row.campaign.pk: row.done for row in report.context["done"]} == {
        journey.pk: "It is Stopping now.",
        text.pk: "It is Stopped now.",
    }
    rows = Activity.objects.filter(action="stop", via="admin")
    assert {row.campaign_id for row in rows} == {journey.pk, text.pk}
    assert Campaign.objects.get(pk=journey.pk).status == "stopping"


def test_one_refusal_does_not_stop_the_others(in_state, creator, enter):
    first, second = in_state("sms", "completed"), in_state("sms", "completed")
    client = enter(creator)
    page = choose(client, "archive", [first, second])
    # Somebody is faster with the first.
    client.post(
        reverse("admin:campaigns_campaign_action", args=[first.pk, "duplicate"]), {"version": first.version}
    )
    Campaign.objects.filter(pk=first.pk).update(version=first.version + 5)
    report = confirm(client, "archive", page)
    assert [row.campaign.pk for row in report.context["done"]] == [second.pk]
    assert "has changed since you opened it" in report.content.decode()
    assert Campaign.objects.get(pk=first.pk).status == "completed"


def test_deleting_many_asks_for_their_number(in_state, creator, enter):
    campaigns, client = [in_state("sms", "draft"), in_state("voice", "completed")], enter(creator)
    page = choose(client, "delete", campaigns)
    assert confirm(client, "delete", page, name="delete 3").status_code == 422
    assert not Campaign.objects.filter(deleted_at__isnull=False).exists()
    confirm(client, "delete", page, name="delete 2")
    assert Campaign.objects.filter(deleted_at__isnull=False).count() == 2
    assert Activity.objects.filter(action="delete", via="admin").count() == 2


def test_scheduling_many_takes_each_campaigns_own_clocks(in_state, creator, enter):
    campaigns = [in_state("sms", "draft", timezone=zone) for zone in ("Asia/Tokyo", "UTC")]
    client = enter(creator)
    page = choose(client, "schedule", campaigns)
    confirm(client, "schedule", page, starts_at="2031-01-01T09:00")
    hours = [Campaign.objects.get(pk=campaign.pk).starts_at.hour for campaign in campaigns]
    assert hours == [0, 9]


def test_all_that_match_can_be_taken(in_state, creator, enter):
    for _ in range(3):
        in_state("sms", "completed")
    in_state("voice", "completed")
    client = enter(creator)
    data = {"action": "archive", "select_across": 1, "_selected_action": [0]}
    page = client.post(reverse(LIST) + "?kind=sms", data)
    assert len(page.context["applicable"]) == 3


def test_roles_hold_in_bulk(in_state, creator, approver, enter):
    campaign = in_state("message", "draft")
    page = choose(enter(creator), "publish", [campaign])
    assert not page.context["applicable"]
    assert "Publish needs an approver or admin of this workspace." in page.content.decode()
    forged = {"confirmed": "yes", "id": [campaign.pk], f"version-{campaign.pk}": campaign.version}
    enter(creator).post(reverse("admin:campaigns_campaign_bulk", args=["publish"]), forged)
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"
    client = enter(approver)
    confirm(client, "publish", choose(client, "publish", [campaign]))
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


def test_ids_of_another_workspace_are_not_there(in_state, stranger, enter):
    campaign, client = in_state("sms", "running"), enter(stranger)
    forged = {
        "confirmed": "yes",
        "id": [campaign.pk, "x", "9" * 30],
        f"version-{campaign.pk}": campaign.version,
    }
    report = client.post(reverse("admin:campaigns_campaign_bulk", args=["stop"]), forged)
    assert campaign.name not in report.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).status == "running"
