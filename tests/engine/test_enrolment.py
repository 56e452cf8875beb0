"""Every person of the audience gets exactly one ledger row, whatever happens on the way."""

from datetime import timedelta

import pytest
from django.db import connection

from campaigns.engine import enrolment
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.skipping import is_short
from campaigns.models import Campaign, Person
from campaigns.services.counts import channel_counts
from channels.models import Channel, Delivery, Suppression
from tests.engine import world
from tests.engine.world import (
    NOW,
    at_once,
    make_campaign,
    make_channel,
    make_list,
    make_people,
    make_workspace,
    statuses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def test_everybody_on_the_list_and_nobody_else():
    workspace = make_workspace()
    listed, others = make_people(workspace, 250), make_people(workspace, 50, prefix="other")
    channel = make_channel(make_campaign(make_list(workspace, listed)))
    report = enrol_channel(channel.pk, NOW, chunk=60)
    assert (report.enrolled, report.finished) == (250, True)
    assert set(Delivery.objects.values_list("person_id", flat=True)) == set(listed)
    assert not Delivery.objects.filter(person_id__in=others).exists()
    assert Channel.objects.get(pk=channel.pk).enrolled
    assert enrol_channel(channel.pk, NOW).enrolled == 0


def test_everyone_of_the_workspace_and_of_no_other():
    workspace, stranger = make_workspace(), make_workspace("stranger")
    people = make_people(workspace, 30)
    make_people(stranger, 30)
    channel = make_channel(make_campaign(world.everyone(workspace)))
    assert enrol_channel(channel.pk, NOW, chunk=7).enrolled == 30
    assert set(Delivery.objects.values_list("person_id", flat=True)) == set(people)


@pytest.mark.parametrize("chunk", [1, 3, 10, 11, 1000])
def test_any_size_of_chunk(chunk):
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 10))))
    assert enrol_channel(channel.pk, NOW, chunk=chunk).finished
    assert statuses(channel) == {"pending": 10}


def test_rows_are_due_now():
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 2))))
    enrol_channel(channel.pk, NOW + timedelta(hours=1))
    assert set(Delivery.objects.values_list("due_at", flat=True)) == {NOW + timedelta(hours=1)}


def test_an_empty_list_is_enrolled_at_once():
    channel = make_channel(make_campaign(make_list(make_workspace())))
    assert enrol_channel(channel.pk, NOW).finished


# --- who is skipped, and why


@pytest.mark.parametrize(
    ("kind", "person", "suppressed", "expected"),
    [
        ("sms", {}, None, "pending"),
        ("sms", {"phone": ""}, None, "skipped:no_address"),
        ("sms", {"email": ""}, None, "pending"),
        ("voice", {"phone": ""}, None, "skipped:no_address"),
        ("email", {"email": ""}, None, "skipped:no_address"),
        ("email", {"phone": ""}, None, "pending"),
        ("webhook", {"email": "", "phone": ""}, None, "pending"),
        ("in_app", {"email": "", "phone": ""}, None, "pending"),
        ("email", {}, ("email", "unsubscribed"), "skipped:unsubscribed"),
        ("email", {}, ("email", "bounced"), "skipped:suppressed"),
        ("email", {}, ("email", "complained"), "skipped:suppressed"),
        ("email", {}, ("email", "manual"), "skipped:suppressed"),
        ("email", {}, ("phone", "unsubscribed"), "pending"),
        ("sms", {}, ("phone", "unsubscribed"), "skipped:unsubscribed"),
        ("sms", {}, ("email", "unsubscribed"), "pending"),
        ("in_app", {}, ("email", "unsubscribed"), "pending"),
    ],
)
@pytest.mark.parametrize("suppression_list", ["short", "long"])
def test_skips_have_reasons(kind, person, suppressed, expected, suppression_list, monkeypatch):
    monkeypatch.setattr(enrolment, "is_short", lambda *_: suppression_list == "short")
    workspace, stranger = make_workspace(), make_workspace("stranger")
    (pk,) = make_people(workspace, 1)
    Person.objects.filter(pk=pk).update(**person)
    if suppressed:
        address = world.person(pk).email if suppressed[0] == "email" else world.person(pk).phone
        Suppression.objects.create(
            workspace=workspace, address_kind=suppressed[0], address=address, reason=suppressed[1]
        )
    else:  # another tenant's list says nothing about ours
        Suppression.objects.create(
            workspace=stranger, address_kind="email", address="p1@example.test", reason="manual"
        )
    channel = make_channel(make_campaign(make_list(workspace, [pk])), kind)
    enrol_channel(channel.pk, NOW)
    assert statuses(channel) == {expected: 1}


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_one_address_is_contacted_once_per_channel(chunk):
    workspace = make_workspace()
    people = make_people(workspace, 6)
    Person.objects.filter(pk__in=people[1:5]).update(email="shared@example.test", shares_email=True)
    channel = make_channel(make_campaign(make_list(workspace, people)), "email")
    enrol_channel(channel.pk, NOW, chunk=chunk)
    assert statuses(channel) == {"pending": 3, "skipped:duplicate_address": 3}
    assert Delivery.objects.get(person_id=people[1]).status == "pending"


def test_a_shared_address_counts_only_within_the_audience():
    workspace = make_workspace()
    people = make_people(workspace, 4)
    Person.objects.filter(pk__in=people).update(email="shared@example.test", shares_email=True)
    channel = make_channel(make_campaign(make_list(workspace, people[2:])), "email")
    enrol_channel(channel.pk, NOW)
    assert statuses(channel) == {"pending": 1, "skipped:duplicate_address": 1}


def test_somebody_who_left_the_list_after_being_enrolled_still_covers_the_address():
    workspace = make_workspace()
    people = make_people(workspace, 3)
    Person.objects.filter(pk__in=[people[0], people[2]]).update(phone="+447000000000", shares_phone=True)
    segment = make_list(workspace, people)
    channel = make_channel(make_campaign(segment))
    enrol_channel(channel.pk, NOW, chunk=1, seconds=0)
    segment.members.filter(person_id=people[0]).delete()
    enrol_channel(channel.pk, NOW)
    assert statuses(channel) == {"pending": 2, "skipped:duplicate_address": 1}


def test_a_shared_address_that_is_suppressed_is_not_sent_by_the_other_person():
    workspace = make_workspace()
    people = make_people(workspace, 2)
    Person.objects.filter(pk__in=people).update(email="gone@example.test", shares_email=True)
    Suppression.objects.create(
        workspace=workspace, address_kind="email", address="gone@example.test", reason="bounced"
    )
    channel = make_channel(make_campaign(make_list(workspace, people)), "email")
    enrol_channel(channel.pk, NOW)
    assert statuses(channel) == {"skipped:suppressed": 2}


def test_a_suppression_list_is_short_up_to_a_chunk():
    workspace = make_workspace()
    for number in range(3):
        Suppression.objects.create(
            workspace=workspace, address_kind="email", address=f"{number}@x.test", reason="manual"
        )
    with connection.cursor() as cursor:
        assert is_short(cursor, "email", workspace.pk, 3)
        assert not is_short(cursor, "email", workspace.pk, 2)
        assert is_short(cursor, "sms", workspace.pk, 0)


# --- stopping, resuming, two at once


@pytest.mark.parametrize("status", ["ready", "paused", "stopped", "completed", "errored"])
def test_only_a_running_channel_is_enrolled(status):
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 5))), status=status)
    assert enrol_channel(channel.pk, NOW).enrolled == 0
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("change", [{"status": "stopped"}, {"status": "archived"}, {"deleted_at": NOW}])
def test_only_a_running_campaign_is_enrolled(change):
    workspace = make_workspace()
    campaign = make_campaign(make_list(workspace, make_people(workspace, 5)))
    channel = make_channel(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(**change)
    assert enrol_channel(channel.pk, NOW).enrolled == 0
    assert not Delivery.objects.exists()


def test_it_goes_on_where_it_stopped():
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 25))))
    assert enrol_channel(channel.pk, NOW, chunk=10, seconds=0).enrolled == 10
    Channel.objects.filter(pk=channel.pk).update(status="paused")
    assert enrol_channel(channel.pk, NOW, chunk=10).enrolled == 0
    Channel.objects.filter(pk=channel.pk).update(status="running")
    report = enrol_channel(channel.pk, NOW, chunk=10)
    assert (report.enrolled, report.finished) == (15, True)
    assert statuses(channel) == {"pending": 25}


def test_a_cursor_set_back_adds_nobody_twice():
    workspace = make_workspace()
    people = make_people(workspace, 10)
    Person.objects.filter(pk__in=people[:4]).update(phone="+447000000000", shares_phone=True)
    channel = make_channel(make_campaign(make_list(workspace, people)))
    enrol_channel(channel.pk, NOW)
    before = statuses(channel)
    Channel.objects.filter(pk=channel.pk).update(enrol_cursor=0, enrolled=False)
    assert enrol_channel(channel.pk, NOW).enrolled == 0
    assert statuses(channel) == before == {"pending": 7, "skipped:duplicate_address": 3}


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_commits_while_a_chunk_is_at_work_leaves_nothing_of_the_chunk(monkeypatch):
    """The stop does not wait for the chunk, and the chunk keeps nothing."""
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 30))))
    insert = enrolment._insert_chunk

    def insert_then_stop(*arguments):
        done = insert(*arguments)
        at_once(lambda: Channel.objects.filter(pk=channel.pk).update(status="stopped", sweep="cancel"))
        return done

    monkeypatch.setattr(enrolment, "_insert_chunk", insert_then_stop)
    assert enrol_channel(channel.pk, NOW, chunk=10).enrolled == 0
    assert statuses(channel) == {}
    assert channel_counts([channel.pk])[channel.pk]["audience"] == 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_add_everybody_once():
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 3_000))))
    reports = at_once(*[lambda: enrol_channel(channel.pk, NOW, chunk=100)] * 4)
    assert enrol_channel(channel.pk, NOW).finished
    assert sum(report.enrolled for report in reports) <= 3_000
    assert statuses(channel) == {"pending": 3_000}
    assert channel_counts([channel.pk])[channel.pk]["audience"] == 3_000


def test_journeys_are_not_enrolled_by_channel():
    workspace = make_workspace()
    campaign = make_campaign(make_list(workspace, make_people(workspace, 5)), "journey")
    assert enrol_channel(make_channel(campaign).pk, NOW).enrolled == 0
