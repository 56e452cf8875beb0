"""/campaigns/<id>/dry-run/ and the same through the API: who sees it, and what it shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership, Person
from tests.api.callers import Caller
from tests.console.conftest import Browse
from tests.factories import CampaignFactory

WORKFLOW = [
    {"key": "ask", "type": "branch", "if": {"attribute": "first_name", "op": "exists"},
     "then": [{"key": "hello", "type": "message", "channel": "email", "subject": "Hi",
               "body": "Hello {{ person.first_name }} &"}],
     "else": []},
    {"key": "end", "type": "exit"},
]  # fmt: skip


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    return CampaignFactory(created_by=creator, kind="journey", name="Welcome", workflow=WORKFLOW)


def test_a_sample_with_the_steps_they_come_to(page: Client, campaign: Campaign) -> None:
    text = page.get(f"/campaigns/{campaign.pk}/dry-run/").content.decode()
    assert "3 people on the way" in text and "Leaves at an exit." in text
    assert text.count('max="3"') == 3


def test_one_person_step_by_step(page: Client, campaign: Campaign) -> None:
    person = Person.objects.order_by("pk")[0]
    text = page.get(f"/campaigns/{campaign.pk}/dry-run/?q={person.external_id}").content.decode()
    assert f"?person={person.pk}" in text
    text = page.get(f"/campaigns/{campaign.pk}/dry-run/?person={person.pk}").content.decode()
    assert f"Hello {person.attributes['first_name']} &amp;" in text
    assert "Why not in it" in text and "The campaign is Draft." in text


@pytest.mark.parametrize("query", ["person=0", "person=x", "person=99999999999999999999", "flow=none"])
def test_what_is_not_there_is_404(page: Client, campaign: Campaign, query: str) -> None:
    assert page.get(f"/campaigns/{campaign.pk}/dry-run/?{query}").status_code == 404


def test_strangers_see_nothing(browse: Browse, stranger: Membership, campaign: Campaign) -> None:
    assert browse(stranger).get(f"/campaigns/{campaign.pk}/dry-run/").status_code == 404
    person = Person.objects.order_by("pk")[0].external_id
    theirs = Caller(stranger)
    for path in ("dry_run", f"why?person={person}"):
        assert theirs.get(f"/campaigns/{campaign.pk}/{path}").status_code == 404


def test_the_same_through_the_api(creator: Membership, campaign: Campaign) -> None:
    caller, person = Caller(creator), Person.objects.order_by("pk")[0]
    found: Any = caller.get(f"/campaigns/{campaign.pk}/dry_run?sample=2").json()
    assert found["reached"] == {"ask": 2, "hello": 2, "end": 2} and len(found["people"]) == 2
    found = caller.get(f"/campaigns/{campaign.pk}/dry_run?person={person.external_id}").json()
    steps = found["people"][0]["steps"]
    assert [step["step"] for step in steps] == ["ask", "hello", "end"]
    assert steps[1]["message"]["body"] == f"Hello {person.attributes['first_name']} &"
    why = caller.get(f"/campaigns/{campaign.pk}/why?person={person.external_id}").json()
    assert why["inside"] is False and {"words": "The campaign is Draft.", "holds": False} in why["checks"]
    assert caller.get(f"/campaigns/{campaign.pk}/why?person=nobody").status_code == 404
    assert caller.get(f"/campaigns/{campaign.pk}/why").status_code == 422
    assert caller.get(f"/campaigns/{campaign.pk}/dry_run?sample=0").status_code == 422
    assert caller.get(f"/campaigns/{campaign.pk}/dry_run?flow=none").status_code == 422
