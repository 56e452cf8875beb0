"""The queue of drafts in the browser."""

from __future__ import annotations

from channels.models import Delivery
from tests.campaigns.drafting import journey, statuses, work
from tests.factories import MembershipFactory


def test_the_queue_shows_them_and_lets_them_go(page, creator):
    campaign = journey(creator)
    queue = page.get("/drafts/").content.decode()
    assert campaign.name in queue and "wait for you" in queue, "with the number in the sidebar"
    url = f"/campaigns/{campaign.pk}/drafts/"
    drafts = Delivery.objects.order_by("id")
    assert "Release all 3" in page.get(url).content.decode()
    shown = page.get(f"{url}{drafts[0].pk}/").content.decode()
    assert "Hello" in shown and "Release it" in shown
    assert page.post(url, {"decision": "release", "id": [drafts[0].pk]}).status_code == 302
    assert "2 drafts by Email" in page.get(f"{url}all/discard/").content.decode()
    assert page.post(f"{url}all/discard/").status_code == 302
    work(campaign)
    assert [row[0] for row in statuses(campaign)] == ["pending", "cancelled", "cancelled"]
    assert page.get(f"{url}{drafts[1].pk}/").status_code == 404
    assert page.post(url, {"decision": "eat"}).status_code == 404
    assert "No draft waits" in page.get(url).content.decode()


def test_of_another_workspace_they_are_not_there(page, db):
    other = MembershipFactory()
    campaign = journey(other)
    for url in ("", "all/release/", f"{Delivery.objects.earliest('id').pk}/"):
        assert page.get(f"/campaigns/{campaign.pk}/drafts/{url}").status_code == 404
    assert campaign.name not in page.get("/drafts/").content.decode()
