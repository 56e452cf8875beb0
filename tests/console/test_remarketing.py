"""Remarket in the browser: whose turn it is with numbers, how they are reached, and a ready channel for exactly them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership, Person
from channels.models import Channel, PromisedPerson
from tests.campaigns.remarketing_kit import finished_channel
from tests.console.conftest import Browse


@pytest.fixture
def finished(in_state: Callable[..., Campaign]) -> Channel:
    return finished_channel(in_state)


def url_of(channel: Channel) -> str:
    return f"/campaigns/{channel.campaign_id}/channels/{channel.pk}/actions/remarket/"


def filled(page: Client, channel: Channel, **more: Any) -> dict[str, Any]:
    """The form as the page fills it in, with an outcome and a text."""
    context = page.get(url_of(channel)).context
    seen = {f"people-{row['outcome']}": row["people"] for row in context["offer"]["outcomes"]}
    return {
        "version": context["form"]["version"].value(), "op": "save", "outcome": "unseen", "channels": "1",
        "new_kind": "sms", "c0-kind": "sms", "c0-connection": channel.connection_id, "c0-body": "Hello",
        **seen, **more,
    }  # fmt: skip


def test_the_card_offers_a_page_not_a_dialog(page: Client, finished: Channel) -> None:
    text = page.get(f"/campaigns/{finished.campaign_id}/").content.decode()
    assert f'href="{url_of(finished)}">Remarket</a>' in text


def test_every_outcome_has_its_number_and_who_cannot_be_reached(page: Client, finished: Channel) -> None:
    Person.objects.filter(deliveries__reason="bounced").update(phone="")
    text = page.get(url_of(finished)).content.decode()
    for words in ("Delivered, not opened", "<b>2</b> people", "1 without a phone number", "No address"):
        assert words in text, words
    assert 'value="busy"' not in text, "an outcome of calls"


def test_without_a_goal_it_says_that_nothing_counts_as_a_conversion(page: Client, finished: Channel) -> None:
    words = "The campaign has no goal, so nothing counts as a conversion."
    assert words in page.get(url_of(finished)).content.decode()
    goal = {"condition": {"event": "purchase", "op": "done"}, "within": "7 days"}
    Campaign.objects.filter(pk=finished.campaign_id).update(goal=goal)
    assert words not in page.get(url_of(finished)).content.decode()


def test_it_makes_a_ready_channel_for_the_number_shown(page: Client, finished: Channel) -> None:
    response = page.post(url_of(finished), filled(page, finished), follow=True)
    made = Channel.objects.get(source=finished)
    assert (made.kind, made.status, made.content) == ("sms", "ready", {"body": "Hello"})
    assert PromisedPerson.objects.filter(channel=made).count() == made.promised == 2
    assert "The SMS channel for 2 people is ready" in response.content.decode()


def test_numbers_that_changed_are_shown_before_anything_is_made(page: Client, finished: Channel) -> None:
    data = filled(page, finished, **{"people-unseen": 3})
    response = page.post(url_of(finished), data)
    assert response.status_code == 409
    assert "takes 2 people now, it took 3" in response.content.decode()
    assert response.context["blocks"][0].values["body"] == "Hello", "what was typed stays"
    assert not Channel.objects.filter(source=finished).exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"outcome": ""}, "Choose whose turn it is."),
        ({"outcome": "busy"}, "outcome must be one of those of Email"),
        ({"c0-connection": "999999"}, "There is no connection 999999"),
    ],
)
def test_what_is_wrong_stands_beside_it(
    page: Client, finished: Channel, values: dict[str, str], words: str
) -> None:
    response = page.post(url_of(finished), filled(page, finished) | values)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Channel.objects.filter(source=finished).exists()


def test_another_kind_shows_its_fields_and_makes_nothing(page: Client, finished: Channel) -> None:
    for change in ({"op": "kind", "new_kind": "email"}, {"new_kind": "email"}):
        response = page.post(url_of(finished), filled(page, finished) | change)
        assert response.status_code == 200
        assert response.context["blocks"][0].kind.key == "email"
        assert response.context["form"]["outcome"].value() == "unseen"
    assert not Channel.objects.filter(source=finished).exists()


def test_an_ab_test_for_them(page: Client, finished: Channel) -> None:
    data = filled(page, finished)
    form = page.post(url_of(finished), data | {"op": "channel:ab-0"}).context["blocks"][0]
    assert (form.texts.type, [row.name for row in form.texts.rows]) == ("ab", ["A", "B"])
    texts = {"c0-texts": "ab", "c0-variants": "2"}
    for at, name in enumerate("AB"):
        texts |= {f"c0-v{at}-name": name, f"c0-v{at}-weight": "1", f"c0-v{at}-body": f"Hello {name}"}
    assert page.post(url_of(finished), data | texts).status_code == 302
    made = Channel.objects.get(source=finished)
    assert [variant["body"] for variant in made.content["variants"]] == ["Hello A", "Hello B"]


def test_a_channel_that_is_not_finished_says_why(
    page: Client, in_state: Callable[..., Campaign], creator: Membership
) -> None:
    channel = in_state("outreach", "running").channels.get()
    assert "Running has no “remarket”" in page.get(url_of(channel)).content.decode()


def test_a_stranger_finds_nothing(browse: Browse, finished: Channel, stranger: Membership) -> None:
    assert browse(stranger).get(url_of(finished)).status_code == 404
    assert browse(stranger).post(url_of(finished), {"outcome": "unseen"}).status_code == 404
