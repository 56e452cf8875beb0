"""Drafts over the API."""

from __future__ import annotations

from channels.models import Delivery
from tests.campaigns.drafting import journey


def test_the_api_releases_and_discards(owner):
    campaign = journey(owner.membership)
    ids = list(Delivery.objects.order_by("id").values_list("pk", flat=True))
    url = f"/campaigns/{campaign.pk}/drafts"
    assert owner.post(f"{url}/release", {"ids": ids[:1]}).json() == {"decided": 1, "following": 0}
    assert owner.post(f"{url}/discard", {"all": True}).json() == {"decided": 0, "following": 2}
    for body in ({}, {"ids": [1], "all": True}, {"ids": ["x"]}, {"all": False}, {"every": True}):
        assert owner.post(f"{url}/release", body).status_code == 422, body
    assert owner.post("/campaigns/999999/drafts/release", {"all": True}).status_code == 404
