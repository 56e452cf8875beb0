"""The public API of apps and sites: only for whom the customer's server vouches, only what is still there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Person, Workspace
from channels.api.displayed import MOST_BYTES
from channels.domain.identity import sign_person
from channels.domain.kinds import KINDS
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Delivery, InAppMessage
from channels.services.sites import renew_secret, secret_of, site_of
from tests import factories
from tests.engine.sending import NOW, make_blast, tallies

pytestmark = pytest.mark.django_db
DISPLAYED = [key for key, kind in KINDS.items() if kind.displayed]


def shown(workspace: Workspace, kind: str, people: int = 1, **content: str) -> Channel:
    """A channel whose messages wait for their people."""
    account = factories.in_app_connection(workspace)
    channel = make_blast(
        people, account, kind=kind, content={"subject": "Hi {{ person.first_name }}", "body": "B", **content}
    )
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": people}
    return channel


def call(workspace: Workspace, person: Person, what: str = "messages", **more: Any) -> Any:
    site = site_of(workspace.pk)
    signature = sign_person(secret_of(site), person.external_id)
    body = {"person": person.external_id, "signature": signature, **more}
    return Client().post(f"/displayed/{site.key}/{what}/", json.dumps(body), content_type="text/plain")


def reader(channel: Channel, place: int = 0) -> Person:
    return Person.objects.get(pk=channel.deliveries.order_by("pk")[place].person_id)


def titles(workspace: Workspace, person: Person) -> list[str]:
    return [message["kind"] for message in call(workspace, person).json()["messages"]]


@pytest.mark.parametrize("kind", DISPLAYED)
def test_every_displayed_kind_waits_for_its_person(kind: str, workspace: Workspace) -> None:
    channel = shown(workspace, kind, people=2)
    answer = call(workspace, reader(channel))
    assert answer["Access-Control-Allow-Origin"] == "*" and "no-store" in answer["Cache-Control"]
    (message,) = answer.json()["messages"]
    assert (message["kind"], message["opened"], message["slot"]) == (kind, False, "")
    assert message["title"].startswith("Hi ") and set(message) == {
        "id", "kind", "title", "body", "slot", "created_at", "opened",
    }  # fmt: skip


def test_what_was_opened_and_clicked_is_counted_once(workspace: Workspace) -> None:
    channel = shown(workspace, "app_inbox", people=2)
    person = reader(channel)
    (message,) = call(workspace, person).json()["messages"]
    for kind in ("opened", "clicked", "opened"):
        events = [{"id": message["id"], "kind": kind}] * 2
        assert call(workspace, person, "events", events=events).json() == {"taken": [message["id"]]}
    assert tallies(channel) == {"sent": 2, "opened": 1, "clicked": 1}
    assert call(workspace, person).json()["messages"][0]["opened"] is True


@pytest.mark.parametrize("kind", ["web_popup", "web_exit_intent"])
def test_a_pop_up_is_gone_once_it_was_opened(kind: str, workspace: Workspace) -> None:
    channel = shown(workspace, kind)
    person = reader(channel)
    call(workspace, person, "events", events=[{"id": InAppMessage.objects.get().pk, "kind": "opened"}])
    assert titles(workspace, person) == []


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda c: Channel.objects.update(status="stopped"), 1),
        (lambda c: Campaign.objects.update(status="stopped"), 1),
        (lambda c: Campaign.objects.update(status="archived"), 1),
        (lambda c: Campaign.objects.update(deleted_at=NOW), 0),
        (lambda c: InAppMessage.objects.update(recalled_at=NOW), 0),
        (lambda c: Channel.objects.update(status="paused"), 2),
        (lambda c: Channel.objects.update(status="completed"), 2),
    ],
)
def test_a_stop_takes_what_is_not_opened_at_once(change: Any, left: int, workspace: Workspace) -> None:
    opened, unopened = shown(workspace, "app_inbox"), shown(workspace, "app_inbox")
    person = reader(opened)
    InAppMessage.objects.filter(channel=unopened).update(person=person)
    first = InAppMessage.objects.get(channel=opened).pk
    second = InAppMessage.objects.get(channel=unopened).pk
    call(workspace, person, "events", events=[{"id": first, "kind": "opened"}])
    change(opened)
    assert len(titles(workspace, person)) == left
    taken = call(workspace, person, "events", events=[{"id": second, "kind": "opened"}]).json()["taken"]
    assert taken == ([second] if left == 2 else [])
    assert (Delivery.objects.get(pk=second).opened_at is not None) is (left == 2)


def test_nobody_sees_or_opens_what_is_somebody_elses(workspace: Workspace) -> None:
    channel = shown(workspace, "app_inbox", people=2)
    one, other = reader(channel), reader(channel, 1)
    (theirs,) = call(workspace, other).json()["messages"]
    assert call(workspace, one, "events", events=[{"id": theirs["id"], "kind": "opened"}]).json() == {
        "taken": []
    }
    elsewhere = factories.WorkspaceFactory()
    twin = factories.PersonFactory(workspace=elsewhere, external_id=other.external_id)
    assert titles(elsewhere, twin) == []


def test_only_a_vouched_person_is_answered(workspace: Workspace) -> None:
    channel = shown(workspace, "app_inbox")
    person, site = reader(channel), site_of(workspace.pk)
    good = sign_person(secret_of(site), person.external_id)
    for who, signature in (
        (person.external_id, ""), (person.external_id, good[:-1]), ("another", good), (None, good), (5, good),
        (person.external_id, None), (person.external_id, "é"), ("", sign_person(secret_of(site), "")),
    ):  # fmt: skip
        body = json.dumps({"person": who, "signature": signature})
        answer = Client().post(f"/displayed/{site.key}/messages/", body, content_type="application/json")
        assert answer.status_code == 403, (who, signature)
    assert call(workspace, person).status_code == 200
    renew_secret(workspace.pk)
    body = json.dumps({"person": person.external_id, "signature": good})
    assert (
        Client().post(f"/displayed/{site.key}/messages/", body, content_type="text/plain").status_code == 403
    )


def test_somebody_unknown_has_no_messages(workspace: Workspace) -> None:
    assert call(workspace, Person(external_id="nobody\0 here")).json() == {"messages": []}
    assert call(workspace, Person(external_id="x"), "events", events=[]).json() == {"taken": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b"[]", 400), (b"\xff", 400), (b"[" * 50_000, 400), (b" " * (MOST_BYTES + 1), 413), (b"{}", 403),
    ],
)  # fmt: skip
def test_bad_calls_get_a_clear_answer(body: bytes, status: int, workspace: Workspace) -> None:
    answer = Client().post(
        f"/displayed/{site_of(workspace.pk).key}/messages/", body, content_type="text/plain"
    )
    assert answer.status_code == status and answer.json()["error"]["message"]
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "events",
    [
        None, "x", {}, [1], [{}], [{"id": 1}], [{"id": "1", "kind": "opened"}], [{"id": True, "kind": "opened"}],
        [{"id": 2**70, "kind": "opened"}], [{"id": 1, "kind": "eaten"}], [{"id": 1, "kind": "opened"}] * 101,
    ],
)  # fmt: skip
def test_bad_events_are_refused(events: Any, workspace: Workspace) -> None:
    person = factories.PersonFactory(workspace=workspace)
    assert call(workspace, person, "events", events=events).status_code == 422


def test_an_unknown_key_is_404_and_browsers_may_ask_first(workspace: Workspace) -> None:
    assert Client().post("/displayed/site_x/messages/", "{}", content_type="text/plain").status_code == 404
    asked = Client().options(f"/displayed/{site_of(workspace.pk).key}/messages/")
    assert asked.status_code == 204 and asked["Access-Control-Allow-Headers"] == "Content-Type"
    assert Client().get(f"/displayed/{site_of(workspace.pk).key}/messages/").status_code == 405
