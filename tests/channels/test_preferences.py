"""What people want to get: by kind of channel and by topic; it holds at once, also for what is queued already."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from campaigns.engine.enrolment import enrol_channel
from campaigns.models import Campaign, Person, Topic
from channels.engine.dispatch import dispatch_channel
from channels.engine.tokens import sign_unsubscribe
from channels.models import Channel, Connection, OptOut, Suppression
from channels.services.preferences import choose, preferences_of
from tests import factories
from tests.engine.sending import NOW, ledger, make_blast
from tests.engine.world import make_campaign, make_channel, make_list, make_people

pytestmark = pytest.mark.django_db


def link(person: Person, page: str = "preferences") -> str:
    return f"/{page}/{sign_unsubscribe(person.workspace_id, person.pk, 1)}/"


def person_of(channel: Channel, place: int = 0) -> Person:
    ids = channel.deliveries.order_by("pk").values_list("person_id", flat=True)
    return Person.objects.get(pk=ids[place])


@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
def test_opening_a_link_changes_nothing(page: str) -> None:
    channel = make_blast(1, kind="email")
    answer = Client().get(link(person_of(channel), page))
    assert answer.status_code == 200
    assert (Suppression.objects.count(), OptOut.objects.count()) == (0, 0)
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 1}


def test_unsubscribing_by_post_holds_at_once_for_what_is_queued() -> None:
    channel = make_blast(3, kind="email")
    answer = Client().post(link(person_of(channel), "unsubscribe"), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 2, "skipped:unsubscribed": 1}


@pytest.mark.parametrize(
    ("out", "skipped"),
    [
        (("sms", None), True), (("", None), True), (("email", None), False), (("", "Offers"), True),
        (("sms", "Offers"), True), (("", "News"), False), (("email", "Offers"), False),
    ],
)  # fmt: skip
def test_opt_outs_hold_at_the_claim_and_at_enrolment(out: tuple[str, str | None], skipped: bool) -> None:
    kind, name = out
    workspace = factories.WorkspaceFactory()
    topics = {n: Topic.objects.create(workspace=workspace, name=n) for n in ("Offers", "News")}
    people = make_people(workspace, 2)
    campaign = make_campaign(make_list(workspace, people), topic=topics["Offers"])
    queued, enrolled = make_channel(campaign), make_channel(campaign)
    enrol_channel(queued.pk, NOW)
    topic = topics[name] if name else None
    OptOut.objects.create(person_id=people[0], channel_kind=kind, topic=topic, created_at=NOW)
    dispatch_channel(queued.pk, now=NOW)
    wanted = {"sent": 1, "skipped:unsubscribed": 1} if skipped else {"sent": 2}
    assert ledger(queued) == wanted
    enrol_channel(enrolled.pk, NOW)
    assert ledger(enrolled) == {name.replace("sent", "pending"): n for name, n in wanted.items()}


def test_a_person_chooses_and_chooses_again() -> None:
    channel = make_blast(1, kind="email")
    person = person_of(channel)
    Person.objects.filter(pk=person.pk).update(phone="")
    topic = Topic.objects.create(workspace=person.workspace, name="Offers", description="Twice a month")
    page, url = Client(), link(person)
    assert b"Twice a month" in page.get(url).content
    token = url.split("/")[2]
    names = {"kind:email", f"topic:{topic.pk}"}
    found = preferences_of(token)
    assert found and found.names == names
    page.post(url, {"want": ["kind:email"]})
    assert list(OptOut.objects.values_list("channel_kind", "topic")) == [("", topic.pk)]
    page.post(url, {"want": list(names), "none": "yes"})
    assert OptOut.objects.count() == 2 and Suppression.objects.get().reason == "unsubscribed"
    again = page.post(url, {"want": list(names)})
    assert again.status_code == 200 and OptOut.objects.count() == Suppression.objects.count() == 0
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 1}


def test_a_dead_address_stays_suppressed_whatever_is_chosen() -> None:
    person = factories.PersonFactory()
    Suppression.objects.create(
        workspace=person.workspace, address_kind="email", address=person.email, reason="bounced"
    )
    choose(sign_unsubscribe(person.workspace_id, person.pk, 1), {"kind:email"}, NOW)
    assert Suppression.objects.get().reason == "bounced"


def test_forged_links_and_people_who_are_gone_are_not_there() -> None:
    person = factories.PersonFactory()
    url = link(person)
    for method in (Client().get, Client().post):
        assert method(url.replace(":", ":x")).status_code == 404
    person.delete()
    assert Client().post(url, {"want": "kind:email"}).status_code == 404


def test_choices_of_others_cannot_be_named() -> None:
    person, other = factories.PersonFactory(), factories.WorkspaceFactory()
    Topic.objects.create(workspace=other, name="Theirs")
    Client().post(link(person), {"want": ["topic:1", "kind:nonsense", "topic:x", "kind:email", "kind:sms"]})
    assert {o.channel_kind for o in OptOut.objects.all()} <= {"voice", "whatsapp"}


def test_deleting_a_person_or_a_topic_forgets_their_choices() -> None:
    person = factories.PersonFactory()
    topic = Topic.objects.create(workspace=person.workspace, name="Offers")
    OptOut.objects.create(person=person, topic=topic, created_at=NOW + timedelta(days=1))
    topic.delete()
    assert OptOut.objects.count() == 0
    assert Campaign.objects.count() == Connection.objects.count() == 0
