"""Sending content in variants: who gets which, what the ledger and the tallies say, the winner, journeys' steps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Campaign, Person
from channels.domain.variants import split_of
from channels.engine.compacting import compact_tallies
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Delivery, SandboxMessage
from tests import factories
from tests.engine.sending import NOW, enrol, make_blast

pytestmark = pytest.mark.django_db(transaction=True)

AB = {
    "variants": [
        {"name": "A", "weight": 1, "body": "first {{ person.first_name }}"},
        {"name": "B", "weight": 1, "body": "second {{ person.first_name }}"},
    ]
}


def sent(channel: Channel) -> dict[int, tuple[str, str]]:
    """Person → (variant, what was sent)."""
    rows = Delivery.objects.filter(channel=channel, status="sent").values_list(
        "person_id", "variant", "sandbox__body"
    )
    return {person: (variant, body.split()[0]) for person, variant, body in rows}


def variant_tallies(channel: Channel) -> dict[tuple[str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT variant, status, sum(n)::int FROM channels_tally WHERE channel_id = %s"
            " GROUP BY variant, status HAVING sum(n) <> 0",
            [channel.pk],
        )
        return {(variant, status): n for variant, status, n in cursor.fetchall()}


def test_each_person_gets_one_variant_and_the_ledger_says_which() -> None:
    channel = make_blast(60, content=AB)
    dispatch_channel(channel.pk, now=NOW)
    found = sent(channel)
    words = {"A": "first", "B": "second"}
    assert len(found) == 60 and all(words[variant] == text for variant, text in found.values())
    counts = Counter(variant for variant, _ in found.values())
    assert min(counts["A"], counts["B"]) > 10
    assert variant_tallies(channel) == {("A", "sent"): counts["A"], ("B", "sent"): counts["B"]}
    Delivery.objects.filter(channel=channel, variant="A").update(opened_at=NOW)
    assert variant_tallies(channel)["A", "opened"] == counts["A"]
    before = variant_tallies(channel)
    for _ in range(60):
        Delivery.objects.filter(channel=channel, variant="B").update(clicked_at=None)
        Delivery.objects.filter(channel=channel, variant="B").update(clicked_at=NOW)
    assert compact_tallies() == 1
    assert variant_tallies(channel) == before | {("B", "clicked"): counts["B"]}


def test_a_retry_gets_the_same_variant() -> None:
    channel = make_blast(40, content=AB, settings={"temporary_fail_rate": 1})
    dispatch_channel(channel.pk, now=NOW)
    Delivery.objects.filter(channel=channel).update(due_at=NOW, variant="")
    drawn = _drawn(channel)
    channel.connection.settings = {}
    channel.connection.save()
    dispatch_channel(channel.pk, now=NOW)
    assert {person: variant for person, (variant, _) in sent(channel).items()} == drawn


def _drawn(channel: Channel) -> dict[int, str]:
    """What chance gave everybody, by the rule itself."""
    split = split_of(AB)
    assert split is not None
    people = Delivery.objects.filter(channel=channel).values_list("person_id", flat=True)
    return {person: split.names[split.choose(f"{channel.pk}.0..{person}", {})] for person in people}


def test_after_a_winner_everybody_not_sent_yet_gets_it() -> None:
    channel = make_blast(20, content=AB)
    dispatch_channel(channel.pk, now=NOW)
    first = sent(channel)
    Channel.objects.filter(pk=channel.pk).update(winner="B")
    workspace = channel.campaign.workspace
    later = factories.people(workspace, 20)
    enrol(channel, later)
    dispatch_channel(channel.pk, now=NOW)
    found = sent(channel)
    assert {found[person] for person in later} == {("B", "second")}
    assert {person: found[person] for person in first} == first


def test_a_property_of_the_person_decides() -> None:
    cases = {"tr": {"body": "merhaba"}, "de": {"body": "hallo"}}
    content = {"body": "hello", "variants": {"on_property": "language", "cases": cases}}
    channel = make_blast(3, content=content)
    people = list(Person.objects.filter(deliveries__channel=channel).order_by("id"))
    for person, attributes in zip(people, ({"language": "TR"}, {"language": "de"}, {}), strict=True):
        person.attributes = attributes
        person.save()
    dispatch_channel(channel.pk, now=NOW)
    got = [sent(channel)[person.pk] for person in people]
    assert got == [("tr", "merhaba"), ("de", "hallo"), ("default", "hello")]


def test_a_broken_variant_fails_its_own_people_only() -> None:
    broken: dict[str, Any] = {"variants": [AB["variants"][0], {"name": "B", "weight": 1, "body": "{{ oops"}]}
    channel = make_blast(40, content=broken)
    dispatch_channel(channel.pk, now=NOW)
    counts = Counter(Delivery.objects.filter(channel=channel).values_list("status", "reason"))
    assert set(counts) == {("sent", ""), ("failed", "template")}


def test_steps_of_a_journey_have_variants_and_winners_too() -> None:
    channel = make_blast(0)
    step = {"key": "hello", "type": "message", "channel": "sms", **AB}
    Campaign.objects.filter(pk=channel.campaign_id).update(
        workflow=[step, {**step, "key": "again", "winner": "B"}]
    )
    people = factories.people(channel.campaign.workspace, 30)
    enrol(channel, people, step="hello")
    enrol(channel, people, step="again")
    dispatch_channel(channel.pk, now=NOW)
    rows = Delivery.objects.filter(channel=channel)
    assert set(rows.filter(step="hello").values_list("variant", flat=True)) == {"A", "B"}
    assert set(rows.filter(step="again").values_list("variant", flat=True)) == {"B"}
    assert SandboxMessage.objects.filter(channel=channel).count() == 60


def test_plain_content_has_no_variant() -> None:
    channel = make_blast(5)
    dispatch_channel(channel.pk, now=NOW)
    assert variant_tallies(channel) == {("", "sent"): 5}
