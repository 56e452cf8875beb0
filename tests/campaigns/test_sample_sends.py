"""Test sends: through the real connection to oneself, never in the ledger, at most ten a minute, refusals as sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.models import Request
from campaigns.models import Activity, Campaign, Membership, Person
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError, Invalid, NotAllowed
from campaigns.services.sample_sends import (
    MOST_A_MINUTE,
    NotSent,
    TooMany,
    find_option,
    options_of,
    send_test,
)
from channels.models import Channel, Connection, Delivery
from tests import factories
from tests.api.callers import Caller, assert_problem
from tests.factories import NOW
from tests.sinks.sink import Sink

pytestmark = pytest.mark.django_db

EMAIL = {"subject": "News for {{ person.first_name }}", "body": "<p>Dear {{ person.first_name }}</p>"}


def campaign_with(
    creator: Membership, connection: Connection | None = None, kind: str = "email", content: Any = None
) -> Campaign:
    connection = connection or factories.sandbox_connection(creator.workspace)
    channels = [{"kind": kind, "connection": connection.pk, "content": EMAIL if content is None else content}]
    made: Campaign = factories.CampaignFactory(kind="outreach", created_by=creator, channels=channels)
    Person.objects.filter(workspace=creator.workspace).update(attributes={"first_name": "Ada"})
    return made


def test_it_goes_through_the_real_connection_to_oneself_and_nowhere_else(
    creator: Membership, smtp_sink: Sink
) -> None:
    account = factories.smtp_connection(creator.workspace, smtp_sink.port)
    campaign = campaign_with(creator, account)
    sent = send_test(campaign, Actor.member(creator), options_of(campaign)[0], NOW)
    assert sent.to == creator.user.email and creator.user.email in sent.words
    (message,) = smtp_sink.journal()
    assert (message["to"], message["subject"]) == (creator.user.email, "[Test] News for Ada")
    assert b"<p>Dear Ada</p>" in message["raw"]
    assert not Delivery.objects.exists()
    row = Activity.objects.filter(campaign_id=campaign.pk).latest("id")
    assert (row.action, row.data["to"], row.from_status, row.to_status) == (
        "test_send", creator.user.email, "draft", "draft",
    )  # fmt: skip
    assert Campaign.objects.get(pk=campaign.pk).version == campaign.version


def test_ten_a_minute_are_enough(creator: Membership) -> None:
    campaign = campaign_with(creator)
    option = options_of(campaign)[0]
    for _ in range(MOST_A_MINUTE):
        send_test(campaign, Actor.member(creator), option, NOW)
    with pytest.raises(TooMany):
        send_test(campaign, Actor.member(creator), option, NOW)
    send_test(campaign, Actor.member(creator), option, NOW + timedelta(seconds=61))


def _stopped(campaign: Campaign) -> None:
    Connection.objects.filter(channels__campaign=campaign).update(status="stopped")


def _without(campaign: Campaign) -> None:
    Channel.objects.filter(campaign=campaign).update(connection=None)


def _nobody(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(segment=None)
    Person.objects.all().delete()


def _refusing(campaign: Campaign) -> None:
    Connection.objects.filter(channels__campaign=campaign).update(settings={"fail_rate": 1})


def _busy(campaign: Campaign) -> None:
    Connection.objects.filter(channels__campaign=campaign).update(settings={"temporary_fail_rate": 1})


def _broken(campaign: Campaign) -> None:
    Channel.objects.filter(campaign=campaign).update(content={"subject": "x", "body": "{{ oops"})


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (_stopped, NotAllowed, "is stopped: start it under Channels"),
        (_without, NotAllowed, "has no connection"),
        (_nobody, NotAllowed, "nobody to render it for"),
        (_refusing, NotSent, "It was refused"),
        (_busy, NotSent, "It was not taken just now"),
        (_broken, NotAllowed, "not closed"),
    ],
)
def test_refusals_are_sentences(
    creator: Membership, spoil: Callable[[Campaign], None], error: type[ActionError], said: str
) -> None:
    campaign = campaign_with(creator)
    spoil(campaign)
    campaign = Campaign.objects.get(pk=campaign.pk)
    with pytest.raises(error, match=said):
        send_test(campaign, Actor.member(creator), options_of(campaign)[0], NOW)


@pytest.mark.parametrize(
    ("kind", "to", "said"),
    [
        ("email", "somebody@else.example", "your own address only"),
        ("sms", "", "Which telephone number"),
        ("sms", "twelve", "telephone number"),
        ("in_app", "", "see its preview"),
    ],
)
def test_where_it_may_go(creator: Membership, kind: str, to: str, said: str) -> None:
    account = factories.in_app_connection(creator.workspace) if kind == "in_app" else None
    campaign = campaign_with(creator, account, kind, {"body": "Hello"} if kind != "email" else None)
    with pytest.raises(ActionError, match=said):
        send_test(campaign, Actor.member(creator), options_of(campaign)[0], NOW, to=to)


def test_a_text_message_is_marked_where_it_begins(creator: Membership) -> None:
    campaign = campaign_with(creator, kind="sms", content={"body": "Hello"})
    sent = send_test(campaign, Actor.member(creator), options_of(campaign)[0], NOW, to="+90 532 123 45 67")
    assert sent.to == "+905321234567"


def test_every_variant_step_and_waiting_version_can_be_tested(creator: Membership) -> None:
    ab = {"variants": [{"name": "A", "weight": 1, **EMAIL}, {"name": "B", "weight": 1, **EMAIL}]}
    campaign = campaign_with(creator, content=ab)
    channel = campaign.channels.get()
    assert [option.label for option in options_of(campaign)] == ["Email, variant A", "Email, variant B"]
    assert find_option(campaign, channel.pk, "", "B", "now").variant == "B"
    with pytest.raises(Invalid, match="A, B"):
        find_option(campaign, channel.pk, "", "C", "now")
    with pytest.raises(NotAllowed, match="waits for approval"):
        find_option(campaign, channel.pk, "", "", "waiting")
    content = {"subject": "Newer", "body": "Text"}
    what = {
        "channels": [{"kind": "email", "connection": channel.connection_id, "content": content}],
        "workflow": [],
    }
    Request.objects.create(
        campaign=campaign, version=1, requested_by=creator.user, requested_at=NOW, authors=[creator.user_id],
        proposal={"channels": []}, snapshot={"what": what},
    )  # fmt: skip
    option = find_option(campaign, channel.pk, "", "", "waiting")
    sent = send_test(campaign, Actor.member(creator), option, NOW)
    assert sent.subject == "[Test] Newer"


def test_over_the_api(creator: Membership, stranger: Membership) -> None:
    campaign = campaign_with(creator)
    channel, owner = campaign.channels.get(), Caller(creator)
    path = f"/campaigns/{campaign.pk}/test"
    answer = owner.post(path, {"channel": channel.pk})
    assert (answer.status_code, answer.json()["subject"]) == (200, "[Test] News for Ada")
    person = Person.objects.filter(workspace=creator.workspace).last()
    assert person is not None
    assert (
        owner.post(path, {"channel": channel.pk, "person": person.external_id}).json()["person"]
        == person.external_id
    )
    assert_problem(owner.post(path, {"channel": channel.pk, "person": "nobody"}), 404, "not_found")
    assert_problem(owner.post(path, {"channel": channel.pk + 1}), 422, "invalid", "channel")
    assert_problem(owner.post(path, {"channel": channel.pk, "step": "x"}), 422, "invalid", "step")
    assert_problem(Caller(stranger).post(path, {"channel": channel.pk}), 404, "not_found")


def test_in_the_browser(creator: Membership, stranger: Membership) -> None:
    campaign = campaign_with(creator)
    page = Client()
    page.force_login(creator.user)
    path = f"/campaigns/{campaign.pk}/test/"
    text = page.get(path).content.decode()
    assert creator.user.email in text and "Email</option>" in text
    person = Person.objects.filter(workspace=creator.workspace).order_by("id").first()
    assert person is not None
    values = {"option": options_of(campaign)[0].key, "person": person.pk}
    assert page.post(path, values, follow=True).content.decode().count("Sent to") == 1
    dialog = page.post(path, values, headers={"HX-Request": "true"})
    assert dialog.status_code == 200 and 'role="status"' in dialog.content.decode()
    _stopped(campaign)
    refused = page.post(path, values)
    assert refused.status_code == 409 and "is stopped" in refused.content.decode()
    assert page.post(path, {"option": "x", "person": "y"}).status_code == 422
    other = Client()
    other.force_login(stranger.user)
    assert other.get(path).status_code == 404
    assert other.post(path, values).status_code == 404
