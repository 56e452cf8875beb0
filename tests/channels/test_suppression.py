"""Unsubscribe links, the suppression list and the in-app inbox."""

from __future__ import annotations

import pytest
from django.core.signing import Signer

from channels.engine.dispatch import dispatch_channel
from channels.engine.tokens import read_unsubscribe, sign_unsubscribe
from channels.models import Delivery, InAppMessage, Suppression
from channels.services.inbox import inbox_of, open_message
from channels.services.suppression import lift, look_up, suppress, unsubscribe
from tests import factories
from tests.engine.sending import NOW, make_blast, tallies

pytestmark = pytest.mark.django_db


def test_a_link_shows_and_then_acts_once() -> None:
    person = factories.PersonFactory()
    token = sign_unsubscribe(person.workspace_id, person.pk, 1)
    shown = look_up(token)
    assert shown and (shown.done, shown.address, shown.workspace) == (
        False,
        person.email,
        person.workspace.name,
    )
    assert person.email not in shown.masked_address and shown.masked_address.endswith("@example.test")
    assert Suppression.objects.count() == 0
    for _ in range(2):
        done = unsubscribe(token)
        assert done and done.done
    assert list(Suppression.objects.values_list("workspace", "address", "reason")) == [
        (person.workspace_id, person.email, "unsubscribed")
    ]


def test_the_token_is_what_djangos_signer_writes(settings: object) -> None:
    settings.SECRET_KEY = "é" * 40  # type: ignore[attr-defined]
    assert sign_unsubscribe(1, 22, 333) == Signer(salt="channels.unsubscribe").sign("1.22.333")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", ["é" * 40]  # type: ignore[attr-defined]
    assert read_unsubscribe(Signer(key="é" * 40, salt="channels.unsubscribe").sign("1.22.333")) is not None


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "9" + t, lambda t: "", lambda t: "a:b", lambda t: t + "x"]
)
def test_a_forged_link_does_nothing(change: object) -> None:
    person = factories.PersonFactory()
    token = change(sign_unsubscribe(person.workspace_id, person.pk, 1))  # type: ignore[operator]
    assert look_up(token) is None and unsubscribe(token) is None
    assert Suppression.objects.count() == 0


def test_a_link_of_somebody_who_is_gone_is_done() -> None:
    person = factories.PersonFactory()
    token = sign_unsubscribe(person.workspace_id, person.pk, 1)
    person.delete()
    done = unsubscribe(token)
    assert done and done.done and done.masked_address == ""


def test_who_unsubscribed_stays_so_whatever_comes_later() -> None:
    workspace = factories.WorkspaceFactory()
    assert suppress(workspace.pk, "email", " Ada@Example.test ", "bounced")
    assert not suppress(workspace.pk, "email", "ada@example.test", "unsubscribed")
    assert not suppress(workspace.pk, "email", "ada@example.test", "bounced")
    assert Suppression.objects.get().reason == "unsubscribed"
    assert not suppress(workspace.pk, "email", "", "manual")
    assert lift(workspace.pk, "email", "ada@example.test")
    assert not lift(workspace.pk, "email", "ada@example.test")


def test_opening_an_in_app_message_counts_once() -> None:
    account = factories.in_app_connection(factories.WorkspaceFactory())
    channel = make_blast(2, account, kind="in_app", content={"subject": "", "body": "Hi"})
    dispatch_channel(channel.pk, now=NOW)
    message = InAppMessage.objects.order_by("pk").first()
    assert message is not None
    workspace = account.workspace_id
    assert open_message(message.pk, workspace + 1, NOW) is None
    for _ in range(2):
        opened = open_message(message.pk, workspace, NOW)
        assert opened and opened.opened_at == NOW
    assert Delivery.objects.get(pk=message.pk).opened_at == NOW
    assert tallies(channel) == {"sent": 2, "opened": 1}


def test_a_message_taken_back_is_not_in_the_inbox() -> None:
    account = factories.in_app_connection(factories.WorkspaceFactory())
    channel = make_blast(1, account, kind="in_app", content={"subject": "", "body": "Hi"})
    dispatch_channel(channel.pk, now=NOW)
    message = InAppMessage.objects.get()
    assert list(inbox_of(message.person_id)) == [message]
    InAppMessage.objects.update(recalled_at=NOW)
    assert list(inbox_of(message.person_id)) == []
    assert open_message(message.pk, account.workspace_id, NOW) is None
