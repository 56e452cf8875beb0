"""The preview of each kind of channel: drawn as the device shows it, with what there is to know about its size."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.console.previews import DRAWINGS
from campaigns.models import Campaign, Membership, Person
from channels.domain.kinds import KINDS
from channels.domain.sms import outside_gsm, sms_words
from tests.factories import CampaignFactory, PersonFactory


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    PersonFactory(workspace=creator.workspace, attributes={"first_name": "Grace"})
    return CampaignFactory(created_by=creator, kind="outreach", name="Ours")


def preview(page: Client, campaign: Campaign, kind: str, **fields: str) -> str:
    grace = Person.objects.get(attributes__first_name="Grace").pk
    data = {
        "prefix": "c0-",
        "kind": kind,
        "person": grace,
        **{f"c0-{name}": value for name, value in fields.items()},
    }
    return page.post(f"/campaigns/{campaign.pk}/preview/", data).content.decode()


def test_every_kind_is_drawn_for_a_real_person(page: Client, campaign: Campaign) -> None:
    wrong = []
    for kind in KINDS:
        text = preview(page, campaign, kind, subject="News", body="Hello {{ person.first_name }}")
        wanted = "SHA-256" if DRAWINGS.get(kind) == "audience" else "Hello Grace"
        if "note-error" in text or wanted not in text:
            wrong.append(kind)
    assert wrong == []


CASES: list[tuple[str, dict[str, str], list[str]]] = [
    ("push", {"subject": "Sale", "body": "Now", "link": "https://x.test/{{ person.first_name }}"},
     ["drawn-phone", "https://x.test/Grace"]),
    ("push", {"subject": "x" * 66, "body": "y" * 241}, ["cut off such a long title and text"]),
    ("web_push", {"body": "Now", "image": "https://x.test/a.png"}, ["drawn-browser", "https://x.test/a.png"]),
    ("web_popup", {"subject": "Sale", "body": "Now"}, ["drawn-popup"]),
    ("voice", {"body": "word " * 300}, ["About 120 seconds"]),
    ("sms", {"body": "a" * 161}, ["2 messages, 2 × the price of one", "161 characters (GSM-7)", "145 more"]),
    ("sms", {"body": "a" * 100 + "ş"}, ["UCS-2", "ş takes it out of GSM-7; without it 1 would do"]),
    ("facebook_audience", {"membership": "remove"}, ["Taken out of"]),
    ("email", {"subject": "A", "body": "<p>Hi <b>{{ person.first_name }}</b> &amp; you</p>"},
     ['sandbox=""', "&lt;b&gt;Grace&lt;/b&gt;", "Hi Grace &amp; you", "plain-text part"]),
    ("email", {"subject": "A", "body": "plain"}, ["preview-body"]),
    ("push", {"body": "x", "link": "{% if %}"}, ["note-error"]),
]  # fmt: skip


def test_a_preview_says_what_there_is_to_know(page: Client, campaign: Campaign) -> None:
    missing = {
        (number, words)
        for number, (kind, fields, shown) in enumerate(CASES)
        for text in [preview(page, campaign, kind, **fields)]
        for words in shown
        if words not in text
    }
    assert missing == set()


def test_a_choice_is_a_select_and_is_kept(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach", name="Ads")
    address = f"/campaigns/{campaign.pk}/edit/what/"
    data: dict[str, Any] = {
        "version": campaign.version, "channels": 1, "steps": 0, "op": "save", "c0-kind": "facebook_audience",
        "c0-membership": "remove",
    }  # fmt: skip
    assert page.post(address, data).status_code == 302
    channel = campaign.channels.get(kind="facebook_audience")
    assert channel.content == {"membership": "remove"}
    text = page.get(address).content.decode()
    assert '<option value="remove" selected>' in text


@pytest.mark.parametrize(
    ("text", "words", "odd"),
    [
        ("", "", []),
        ("a", "1 message: 1 characters (GSM-7), 159 more would fit.", []),
        ("€", "1 message: 2 characters (GSM-7), 158 more would fit.", []),
        (
            "ş",
            "1 message: 1 of the larger characters (UCS-2), 69 more would fit. ş takes it out of GSM-7.",
            ["ş"],
        ),
    ],
)
def test_the_size_of_a_text_message_in_words(text: str, words: str, odd: list[str]) -> None:
    assert (sms_words(text), outside_gsm(text)) == (words, odd)
