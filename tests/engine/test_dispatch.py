"""Dispatch: what is due goes out once, personal to each, and the ledger says so."""

from __future__ import annotations

import email
from datetime import timedelta
from email.policy import default

import pytest
from django.db import connections

from campaigns.models import Campaign, Person
from channels.domain.templating import Template
from channels.engine import claiming
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Connection, Delivery, InAppMessage, SandboxMessage
from channels.services import suppression
from tests import factories
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, enrol, ledger, make_blast, smtp_blast, tallies
from tests.engine.world import at_once
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def scripted_blast(number: int, **values: object) -> Channel:
    workspace = factories.WorkspaceFactory()
    account = Connection.objects.create(workspace=workspace, name="Scripted", provider="scripted")
    return make_blast(number, account, **values)


def test_everything_due_is_sent_and_counted() -> None:
    channel = make_blast(120)
    report = dispatch_channel(channel.pk, now=NOW)
    assert (report.ended, report.claimed, report.counts) == ("idle", 120, {"sent": 120})
    assert ledger(channel) == tallies(channel) == {"sent": 120}


def test_what_is_not_due_yet_waits() -> None:
    channel = make_blast(3, due=NOW + timedelta(seconds=1))
    assert dispatch_channel(channel.pk, now=NOW).claimed == 0
    assert dispatch_channel(channel.pk, now=NOW + timedelta(seconds=1)).counts == {"sent": 3}


def test_a_second_dispatch_sends_nothing(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(10)
    dispatch_channel(channel.pk, now=NOW)
    assert dispatch_channel(channel.pk, now=NOW).claimed == 0
    assert len(scripted.messages) == 10


def test_the_earliest_due_are_claimed_first(scripted: ScriptedProvider) -> None:
    """In which order those of one claim then go is left to the database and the provider's lines."""
    channel = scripted_blast(60)
    rows = list(Delivery.objects.filter(channel=channel).order_by("id"))
    for place, row in enumerate(reversed(rows)):
        row.due_at = NOW - timedelta(minutes=60 - place)
    Delivery.objects.bulk_update(rows, ["due_at"])
    waiting = [row.pk for row in reversed(rows)]
    for count in (1, 20, 39):
        gate = claiming.look(channel.pk, NOW)
        assert gate is not None
        claimed = claiming.claim(channel.pk, gate, count, address_kind="none", lease_seconds=60)
        expected, waiting = waiting[:count], waiting[count:]
        assert sorted(row.id for row in claimed) == sorted(expected)


def test_each_mail_is_personal_and_can_be_unsubscribed_from(smtp_sink: Sink) -> None:
    channel = smtp_blast(40, smtp_sink.port)
    dispatch_channel(channel.pk, now=NOW)
    journal = smtp_sink.journal()
    assert sorted(record["to"] for record in journal) == sorted(
        Person.objects.values_list("email", flat=True)
    )
    delivery = Delivery.objects.select_related("person").get(channel=channel, person__external_id="person-7")
    record = next(record for record in journal if record["to"] == delivery.person.email)
    mail = email.message_from_bytes(record["raw"], policy=default)
    assert mail["Subject"] == "Hello First7"
    assert "Dear First7, we have news." in mail.get_content()
    workspace = delivery.person.workspace_id
    assert mail["Message-ID"] == f"<d{delivery.pk}.{workspace}@example.test>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = mail["List-Unsubscribe"].split("/unsubscribe/")[1].split("/>")[0]
    done = suppression.unsubscribe(token)
    assert done is not None and done.done and done.address == delivery.person.email


def test_a_journeys_step_brings_its_own_content(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(0)
    steps = [{"key": "hi", "type": "message", "channel": "sms", "body": "Hi {{ person.first_name }}"}]
    branch = {"key": "b", "type": "branch", "then": [{"key": "yes", "type": "message", "body": "Yes"}]}
    Campaign.objects.filter(pk=channel.campaign_id).update(workflow=[*steps, branch])
    people = factories.people(channel.campaign.workspace, 2)
    enrol(channel, people, step="hi")
    enrol(channel, people, step="yes")
    enrol(channel, people[:1], step="gone")
    dispatch_channel(channel.pk, now=NOW)
    assert sorted(message.body for message in scripted.messages) == ["Hi First1", "Hi First2", "Yes", "Yes"]
    assert ledger(channel) == {"sent": 4, "failed:template": 1}


def test_what_our_own_providers_send_is_kept() -> None:
    channel = make_blast(30, content={"body": "Hello {{ person.first_name }}"})
    dispatch_channel(channel.pk, now=NOW)
    kept = SandboxMessage.objects.filter(channel=channel)
    assert kept.count() == 30
    assert set(kept.values_list("body", "address").filter(delivery__person__external_id="person-3")) == {
        ("Hello First3", "+447000000003")
    }


def test_an_in_app_message_needs_no_connection() -> None:
    channel = make_blast(5, kind="in_app", content={"subject": "New", "body": "For {{ person.first_name }}"})
    Channel.objects.filter(pk=channel.pk).update(connection=None)
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 5}
    assert InAppMessage.objects.filter(channel=channel, subject="New", created_at=NOW).count() == 5


def test_whoever_must_not_be_contacted_is_skipped_without_a_call(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(6, kind="email")
    workspace = channel.campaign.workspace_id
    addresses = list(Person.objects.order_by("id").values_list("email", flat=True))
    suppression.suppress(workspace, "email", addresses[0], "unsubscribed")
    suppression.suppress(workspace, "email", addresses[1], "bounced")
    suppression.suppress(workspace, "phone", "+447000000003", "manual")
    Person.objects.filter(email=addresses[3]).update(email="")
    Person.objects.filter(email=addresses[4]).delete()
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {
        "sent": 2,
        "skipped:unsubscribed": 1,
        "skipped:suppressed": 1,
        "skipped:no_address": 1,
        "skipped:person_deleted": 1,
    }
    assert sorted(message.address for message in scripted.messages) == sorted([addresses[2], addresses[5]])


def test_a_poisoned_template_fails_for_whom_it_fails(scripted: ScriptedProvider) -> None:
    poison = "{% if person.loops %}{% for i in (1..9999) %}{% for j in (1..9999) %}x{% endfor %}{% endfor %}{% endif %}ok"
    channel = scripted_blast(20, content={"body": poison})
    Person.objects.filter(external_id__in=["person-3", "person-9"]).update(attributes={"loops": True})
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 18, "failed:template": 2}
    details = set(Delivery.objects.filter(status="failed").values_list("detail", flat=True))
    assert len(details) == 1 and "loops" in details.pop()


def test_whatever_breaks_in_rendering_breaks_for_one_person(
    scripted: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = scripted_blast(20)

    def break_for_some(template: Template, context: dict) -> str:
        return {}[template] if context["person"]["external_id"] == "person-7" else "ok"

    monkeypatch.setattr(Template, "personalise", break_for_some)
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 19, "failed:template": 1}


def test_a_template_that_cannot_be_compiled_fails_everybody_and_ends(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(60, content={"body": "{% if %}"})
    assert dispatch_channel(channel.pk, now=NOW).counts == {"failed": 60}
    assert scripted.messages == []


@pytest.mark.django_db(transaction=True)
def test_content_that_changes_meanwhile_is_used_from_the_next_claim(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(200, content={"body": "old"})

    def change(message: object) -> object:
        if len(scripted.messages) == 30:
            Channel.objects.filter(pk=channel.pk).update(content={"body": "new"})
        return plain(message)

    plain, scripted.answer = scripted.answer, change
    dispatch_channel(channel.pk, now=NOW)
    bodies = [message.body for message in scripted.messages]
    assert bodies[0] == "old" and bodies[-1] == "new"
    assert bodies.index("new") <= 30 + 50 and set(bodies[bodies.index("new") :]) == {"new"}


def test_a_personal_field_wins_over_an_attribute_of_its_name(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1, content={"body": "{{ person.email }} {{ campaign.name }}"})
    Person.objects.update(attributes={"email": "someone@else.test"})
    dispatch_channel(channel.pk, now=NOW)
    assert scripted.messages[0].body == "person-1@example.test Spring"


def test_a_turn_ends_when_its_time_is_up_and_rings_the_neighbours_first(scripted: ScriptedProvider) -> None:
    mine = scripted_blast(50)
    neighbour = make_blast(1, mine.connection)
    report = dispatch_channel(mine.pk, now=NOW, seconds=0)
    assert (report.ended, report.claimed) == ("time", 0)
    assert report.ring == [neighbour.pk, mine.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", [2, 4])
def test_workers_at_once_send_everything_once(workers: int, settings: object) -> None:
    channel = make_blast(400, parallelism=workers)
    settings.DISPATCH_WORKERS = workers  # type: ignore[attr-defined]
    reports = at_once(*[lambda: dispatch_channel(channel.pk, now=NOW) for _ in range(workers)])
    connections.close_all()
    assert sum(report.claimed for report in reports) == 400
    assert ledger(channel) == tallies(channel) == {"sent": 400}
    assert SandboxMessage.objects.count() == 400


@pytest.mark.django_db(transaction=True)
def test_a_worker_without_a_slot_goes_away_at_once(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(10, parallelism=1)
    inner = []

    def look_in(message: object) -> object:
        if not inner:
            inner.extend(at_once(lambda: dispatch_channel(channel.pk, now=NOW)))
        return plain(message)

    plain, scripted.answer = scripted.answer, look_in
    dispatch_channel(channel.pk, now=NOW)
    assert [report.ended for report in inner] == ["busy"]
    assert ledger(channel) == {"sent": 10}
