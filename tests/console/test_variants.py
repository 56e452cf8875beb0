"""Variants in the browser: the editor of a channel and of a step, the results, and choosing a winner."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from channels.models import Channel
from tests.factories import CampaignFactory, sandbox_connection

AB = {
    "variants": [
        {"name": "A", "weight": 3, "subject": "one", "body": "first"},
        {"name": "B", "weight": 1, "subject": "two", "body": "second"},
    ]
}
PLAIN = {"subject": "Hello", "body": "News"}


def message(creator: Membership, content: dict[str, Any]) -> Campaign:
    sandbox = sandbox_connection(creator.workspace)
    channels = [{"kind": "email", "connection": sandbox.pk, "content": content}]
    return CampaignFactory(created_by=creator, kind="message", channels=channels)


def form(campaign: Campaign, **values: Any) -> dict[str, Any]:
    """The content form of the campaign's only channel."""
    channel = Channel.objects.get(campaign=campaign)
    return {
        "version": Campaign.objects.get(pk=campaign.pk).version, "channels": 1, "steps": 0, "op": "save",
        "c0-id": channel.pk, "c0-kind": "email", "c0-connection": channel.connection_id, **values,
    }  # fmt: skip


def rows(kind: str, *texts: tuple[str, str, str, str], **own: str) -> dict[str, Any]:
    """The fields of variants (name, weight, subject, body)."""
    found: dict[str, Any] = {
        "c0-texts": kind,
        "c0-variants": len(texts),
        **{f"c0-{k}": v for k, v in own.items()},
    }
    for index, values in enumerate(texts):
        names = ("name", "weight", "subject", "body")
        found |= {f"c0-v{index}-{name}": value for name, value in zip(names, values, strict=True)}
    return found


def content_of(campaign: Campaign) -> dict[str, Any]:
    content: dict[str, Any] = Channel.objects.get(campaign=campaign).content
    return content


def what(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/edit/what/"


def test_one_message_becomes_a_test_and_nothing_typed_is_lost(page: Client, creator: Membership) -> None:
    campaign = message(creator, PLAIN)
    typed = form(campaign, op="channel:ab-0", **{"c0-subject": "Typed", "c0-body": "New text"})
    text = page.post(what(campaign), typed).content.decode()
    assert 'name="c0-v0-name" value="A"' in text and 'name="c0-v1-name" value="B"' in text
    assert text.count('value="Typed"') == 2 and text.count(">New text</textarea>") == 2
    assert content_of(campaign) == PLAIN
    two = rows("ab", ("A", "1", "Typed", "x"), ("B", "1", "Typed", "y"))
    text = page.post(what(campaign), form(campaign, op="channel:more-0", **two)).content.decode()
    assert 'name="c0-v2-name" value="C"' in text
    text = page.post(what(campaign), form(campaign, op="channel:less-0-0", **two)).content.decode()
    assert 'name="c0-v1-name" value="B"' in text, "a test keeps two variants"
    three = rows("ab", ("A", "1", "", "x"), ("B", "1", "", "y"), ("C", "1", "", "z"))
    text = page.post(what(campaign), form(campaign, op="channel:less-0-0", **three)).content.decode()
    assert 'name="c0-v0-name" value="B"' in text and 'name="c0-v2-name"' not in text
    text = page.post(what(campaign), form(campaign, op="channel:single-0", **two)).content.decode()
    assert 'name="c0-subject"' in text and ">x</textarea>" in text


def test_a_test_is_saved_and_shown_again(page: Client, creator: Membership) -> None:
    campaign = message(creator, PLAIN)
    posted = rows("ab", ("A", "3", "one", "first"), ("B", "1", "two", "second"))
    assert page.post(what(campaign), form(campaign, **posted)).status_code == 302
    assert content_of(campaign) == AB
    text = page.get(what(campaign)).content.decode()
    assert 'name="c0-v0-weight" value="3"' in text and "75 %</output>" in text
    for tab in ("content/", "review/"):
        text = page.get(f"/campaigns/{campaign.pk}/{tab}").content.decode()
        assert "first" in text and "second" in text


def test_a_property_decides(page: Client, creator: Membership) -> None:
    campaign = message(creator, PLAIN)
    posted = rows(
        "property", ("tr", "", "Merhaba", ""), ("de", "", "", "Neues"), **PLAIN, property="language"
    )
    assert page.post(what(campaign), form(campaign, **posted)).status_code == 302
    cases = {"tr": {"subject": "Merhaba"}, "de": {"body": "Neues"}}
    assert content_of(campaign) == {**PLAIN, "variants": {"on_property": "language", "cases": cases}}
    text = page.get(what(campaign)).content.decode()
    assert 'name="c0-property" value="language"' in text and "Everybody else" in text
    assert 'name="c0-subject" maxlength="500" value="Hello"' in text


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        (rows("ab", ("A", "1", "x", "y"), ("A", "1", "x", "y")), "There is a “A” already"),
        (rows("ab", ("A", "none", "x", "y"), ("B", "1", "x", "y")), "whole number from 1 to 1000"),
        (rows("ab", ("A", "1", "x", "{{ oops"), ("B", "1", "x", "y")), "not closed"),
        (rows("ab", ("", "1", "x", "y"), ("B", "1", "x", "y")), "1 to 40 characters"),
        (rows("ab", ("A", "1", "x", "y")), "2 to 10 variants"),
        (rows("property", ("tr", "", "x", "y"), **PLAIN, property=""), "Name the property"),
        (rows("property", ("tr", "", "x", "y"), ("tr", "", "x", "z"), **PLAIN, property="p"), "“tr” is there twice"),
        (rows("property", ("tr", "", "{{ oops", "y"), **PLAIN, property="p"), "not closed"),
        (rows("property", ("", "", "x", "y"), **PLAIN, property="p"), "1 to 40 characters"),
        (rows("property", **PLAIN, property="p"), "1 to 50 values"),
        (rows("property", ("tr", "", "x", "y"), subject="{{ oops", body="y", property="p"), "not closed"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(
    page: Client, creator: Membership, posted: dict[str, Any], said: str
) -> None:
    campaign = message(creator, PLAIN)
    response = page.post(what(campaign), form(campaign, **posted))
    assert response.status_code == 422
    assert f"</svg>{said}" in response.content.decode() or said in response.content.decode()
    assert 'class="field-error"' in response.content.decode()
    assert content_of(campaign) == PLAIN


def test_the_overview_compares_and_a_winner_is_chosen(page: Client, creator: Membership) -> None:
    campaign = message(creator, AB)
    channel = Channel.objects.get(campaign=campaign)
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    address = f"/campaigns/{campaign.pk}/channels/{channel.pk}/winner/"
    assert "A/B test" in text and f"{address}?variant=A" in text
    asked = page.get(f"{address}?variant=B&step=").content.decode()
    assert "Make “B” the winner" in asked
    values = {"version": Campaign.objects.get(pk=campaign.pk).version, "variant": "B", "step": ""}
    stale = page.post(address, values | {"version": 0})
    assert stale.status_code == 409 and "changed since you opened it" in stale.content.decode()
    assert page.post(address, values)["Location"] == f"/campaigns/{campaign.pk}/"
    assert Channel.objects.get(pk=channel.pk).winner == "B"
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "“B” goes to everybody from now on" in text and "Go on with the test" in text
    for query in ("?variant=Z", "?variant=B&step=other"):
        assert page.get(address + query).status_code == 404


@pytest.mark.parametrize(
    ("status", "is_offered"), [("running", True), ("completed", False), ("stopped", False)]
)
def test_where_nobody_gets_a_message_any_more_there_is_nothing_to_win(
    page: Client, creator: Membership, status: str, is_offered: bool
) -> None:
    sandbox = sandbox_connection(creator.workspace)
    channels = [{"kind": "email", "connection": sandbox.pk, "content": AB}]
    campaign = CampaignFactory(created_by=creator, kind="outreach", channels=channels)
    Channel.objects.filter(campaign=campaign).update(status=status)
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert ("Make it the winner" in text) is is_offered


def test_strangers_see_no_winner_page(browse: Any, creator: Membership, stranger: Membership) -> None:
    channel = Channel.objects.get(campaign=message(creator, AB))
    address = f"/campaigns/{channel.campaign_id}/channels/{channel.pk}/winner/?variant=A"
    assert browse(stranger).get(address).status_code == 404


def test_a_test_in_a_flow_is_shown_by_the_name_of_its_step(page: Client, creator: Membership) -> None:
    step = {"key": "hi", "type": "message", "channel": "email", "name": "Say hello", **AB}
    flow = {"key": "one", "name": "Welcome", "active": True, "workflow": [step]}
    channels = [{"kind": "email", "connection": sandbox_connection(creator.workspace).pk}]
    campaign = CampaignFactory(created_by=creator, kind="flow", channels=channels, flows=[flow])
    text = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "A/B test of Say hello (Welcome)" in text
    address = f"/campaigns/{campaign.pk}/channels/{campaign.channels.get().pk}/winner/"
    assert f'{address}?variant=B&amp;step=one%3Ahi"' in text
    assert page.post(address, {"variant": "B", "step": "one:hi"}).status_code == 302
    assert Campaign.objects.get(pk=campaign.pk).flows[0]["workflow"][0]["winner"] == "B"
