"""Messages to devices: one row of the ledger for all devices of a person; nobody without one; dead ones are buried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaigns.engine.enrolment import enrol_channel
from channels.engine.dispatch import dispatch_channel
from channels.models import Device, Suppression
from channels.providers.base import Outcome
from tests import factories
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, ledger, make_blast
from tests.engine.world import make_campaign, make_channel, make_list, make_people, make_workspace, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
PUSH = {"subject": "News", "body": "Hello", "link": "https://example.test/{{ person.external_id }}"}


def add_device(person: int, token: str, kind: str = "push", workspace: int = 0, **fields: object) -> Device:
    return Device.objects.create(
        workspace_id=workspace,
        person_id=person,
        kind=kind,
        token=token,
        created_at=NOW,
        seen_at=NOW,
        **fields,
    )


@pytest.mark.parametrize("kind", ["push", "web_push"])
def test_only_people_with_a_valid_device_of_the_kind_are_enrolled(kind: str) -> None:
    workspace = make_workspace()
    people = make_people(workspace, 5)
    add_device(people[0], "one", kind, workspace.pk)
    add_device(people[0], "two", kind, workspace.pk)
    add_device(people[1], "dead", kind, workspace.pk, invalid_at=NOW)
    add_device(people[2], "other", "web_push" if kind == "push" else "push", workspace.pk)
    channel = make_channel(make_campaign(make_list(workspace, people), "outreach"), kind)
    assert enrol_channel(channel.pk, NOW).finished
    assert statuses(channel) == {"pending": 1, "skipped:no_device": 4}


def test_an_audience_needs_an_address_or_a_number_and_leaves_out_who_unsubscribed() -> None:
    workspace = make_workspace()
    people = make_people(workspace, 4)
    rows = factories.workspaces.Workspace.objects.get(pk=workspace.pk).people
    rows.filter(pk=people[0]).update(email="", phone="")
    rows.filter(pk=people[1]).update(email="")
    Suppression.objects.create(workspace=workspace, address_kind="email", address="p3@example.test",
                               reason="unsubscribed")  # fmt: skip
    channel = make_channel(make_campaign(make_list(workspace, people), "outreach"), "facebook_audience")
    assert enrol_channel(channel.pk, NOW).finished
    assert statuses(channel) == {"pending": 2, "skipped:no_address": 1, "skipped:unsubscribed": 1}


def test_the_message_carries_all_devices_and_the_dead_are_not_tried_again(scripted: ScriptedProvider) -> None:
    workspace = factories.WorkspaceFactory()
    account = factories.sandbox_connection(workspace)
    account.provider = "scripted"
    account.save()
    channel = make_blast(3, account, kind="push", content=PUSH)
    people = list(channel.deliveries.order_by("person_id").values_list("person_id", flat=True))
    alive = add_device(people[0], "alive", workspace=workspace.pk)
    dead = add_device(people[0], "dead", workspace=workspace.pk)
    gone = add_device(people[1], "gone", workspace=workspace.pk)
    scripted.answer = lambda m: (
        replace(Outcome.sent("id"), dead_devices=(dead.pk,))
        if len(m.devices) > 1
        else replace(Outcome.failed("no_device", "Not registered."), dead_devices=(gone.pk,))
    )
    dispatch_channel(channel.pk, now=NOW, seconds=5)
    assert ledger(channel) == {"sent": 1, "failed:no_device": 1, "skipped:no_device": 1}
    first = next(m for m in scripted.messages if len(m.devices) == 2)
    assert {device.token for device in first.devices} == {"alive", "dead"}
    assert first.parts["link"].startswith("https://example.test/person-")
    assert set(Device.objects.filter(invalid_at=None)) == {alive}
