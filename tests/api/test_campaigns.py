"""Campaigns over the API: made, read back, listed, changed, deleted; always in the promised shape."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Campaign, Label, Workspace
from campaigns.services.counts import COUNTED
from channels.models import Connection
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, SegmentFactory, campaign_data, in_state, sandbox_connection

SHAPE = {
    "id", "kind", "name", "status", "status_label", "message", "scheduled", "starts_at", "stops_at", "next_run_at",
    "labels", "created_by", "created_at", "updated_at", "version", "editable_sections", "actions", "channels", "counts",
}  # fmt: skip
SETTINGS = {
    "audience", "trigger", "frequency", "workflow", "flows", "strategy", "delivery", "timezone", "stop_mode",
    "topic", "goal", "exit", "stages", "windows",
}  # fmt: skip
CHANNEL = {
    "id", "kind", "status", "status_label", "message", "connection", "remarkets", "hints", "sends_at", "actions",
    "counts",
}  # fmt: skip
#: What only the campaign's own page tells of a channel; of calls how they went as well.
WHOLE = {"content"}


@pytest.fixture
def sandbox(workspace: Workspace) -> Connection:
    return sandbox_connection(workspace)


@pytest.fixture
def audience(workspace: Workspace) -> dict[str, int]:
    return {"segment": SegmentFactory(workspace=workspace, people=3).pk}


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_campaign_of_every_kind_is_made_and_read_back_in_the_promised_shape(
    kind: str, owner: Caller, sandbox: Connection, audience: dict[str, int]
) -> None:
    data = campaign_data(kind, sandbox) | {
        "kind": kind,
        "name": "Überraschung 🎉",
        "labels": ["New", "Bahar"],
    }
    response = owner.post("/campaigns", data | {"audience": audience})
    made = response.json()
    assert response.status_code == 201, made
    assert set(made) == SHAPE | SETTINGS
    assert set(made["channels"][0]) == CHANNEL | WHOLE | ({"calls"} if kind == "voice" else set())
    assert set(made["counts"]) == set(made["channels"][0]["counts"]) == set(COUNTED)
    assert made["name"] == "Überraschung 🎉"
    assert made["labels"] == ["Bahar", "New"]
    assert made["created_by"] == owner.membership.user.email
    assert made["audience"] == audience
    assert made["version"] == 1 if kind != "python" else 2
    assert made["message"].endswith("UTC.")
    assert all(set(action) == {"name", "label", "enabled", "reason"} for action in made["actions"])
    assert owner.get(f"/campaigns/{made['id']}").json() == made
    assert owner.get("/campaigns").json()["items"] == [
        {k: v for k, v in made.items() if k in SHAPE}
        | {"channels": [{k: v for k, v in part.items() if k in CHANNEL} for part in made["channels"]]}
    ]


def test_what_can_be_sent_can_be_read_back(
    owner: Caller, sandbox: Connection, audience: dict[str, int]
) -> None:
    sent: dict[str, Any] = {
        "kind": "journey", "name": "Welcome", "trigger": {"type": "segment", "in": [[audience["segment"]]], "not_in": []},
        "frequency": {"at_most_every": "30 days"}, "timezone": "Europe/Istanbul",
        **campaign_data("journey", sandbox),
    }  # fmt: skip
    made = owner.post("/campaigns", sent).json()
    for name in ("trigger", "frequency", "timezone", "workflow"):
        assert made[name] == sent[name]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "fax"}, "kind"),
    ({"kind": ["sms"]}, "kind"),
    ({"kind": None}, "kind"),
    ({"name": ""}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": 5}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"name": "half \ud800"}, "name"),
    ({"colour": "red"}, "colour"),
    ({"audience": {"segment": 10**30}}, "audience.segment"),
    ({"audience": {"segment": -1}}, "audience.segment"),
    ({"audience": {"segment": "1"}}, "audience.segment"),
    ({"audience": {"segment": True}}, "audience.segment"),
    ({"audience": []}, "audience"),
    ({"audience": {"condition": {}}}, "audience.condition"),
    ({"labels": "News"}, "labels"),
    ({"labels": ["100%"]}, "labels.0"),
    ({"labels": ["a" * 61]}, "labels.0"),
    ({"labels": [1]}, "labels.0"),
    ({"channels": {}}, "channels"),
    ({"channels": [5]}, "channels.0"),
    ({"channels": [{"kind": "email"}]}, "channels.0.kind"),
    ({"channels": [{"kind": {}}]}, "channels.0.kind"),
    ({"channels": [{"kind": "sms", "connection": 10**30}]}, "channels.0.connection"),
    ({"channels": [{"kind": "sms", "connection": 77}]}, "channels.0.connection"),
    ({"channels": [{"kind": "sms", "connection": "1"}]}, "channels.0.connection"),
    ({"channels": [{"kind": "sms", "content": {"body": "{{ person.first_name"}}]}, "channels.0.content.body"),
    ({"channels": [{"kind": "sms", "content": {"body": 5}}]}, "channels.0.content.body"),
    ({"channels": [{"kind": "sms", "content": {"body": "nul \0"}}]}, "channels.0.content.body"),
    ({"channels": [{"kind": "sms", "extra": 1}]}, "channels.0.extra"),
    ({"channels": [{"id": [1], "kind": "sms"}]}, "channels.0.id"),
    ({"channels": [{"id": 5, "kind": "sms"}]}, "channels.0.id"),
    ({"starts_at": "tomorrow"}, "starts_at"),
    ({"starts_at": "2030-03-04T09:00:00"}, "starts_at"),
    ({"starts_at": "9999-12-31T23:59:59-23:00"}, "starts_at"),
    ({"starts_at": "0001-01-01T00:00:00+23:00"}, "starts_at"),
    ({"starts_at": 1900000000}, "starts_at"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "../../etc/passwd"}, "timezone"),
    ({"workflow": [{}]}, "workflow"),
    ({"workflow": "later"}, "workflow"),
    ({"trigger": {"type": "segment", "in": [[1]]}}, "trigger"),
    ({"delivery": {"type": "one_time"}}, "delivery"),
    ({"frequency": {"at_most_every": "soon"}}, "frequency.at_most_every"),
    ({"strategy": "x"}, "strategy"),
]


@pytest.mark.parametrize(("change", "field"), BAD, ids=[str(change)[:60] for change, _ in BAD])
def test_bad_input_is_422_at_its_field_and_nothing_is_made(
    change: dict[str, Any], field: str, owner: Caller
) -> None:
    assert_problem(owner.post("/campaigns", {"kind": "sms", "name": "A"} | change), 422, "invalid", field)
    assert not Campaign.objects.exists()
    assert not Label.objects.exists()


def test_what_the_service_only_finds_by_looking_deeper_is_no_500(owner: Caller) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    for data in (
        {"kind": "flow", "name": "A", "flows": [{"key": "a", "workflow": deep}]},
        {"kind": "journey", "name": "A", "trigger": {"type": "segment", "in": [[{}]]}},
        {"kind": "journey", "name": "A", "trigger": {"type": {}, "in": 5}},
        {"kind": "journey", "name": "A", "workflow": [{"key": 1, "type": []}]},
        {
            "kind": "journey",
            "name": "A",
            "workflow": [{"key": "a", "type": "delay", "for": "9" * 400 + " days"}],
        },
        {"kind": "message", "name": "A", "delivery": {"type": "one_time", "at": []}},
        {"kind": "message", "name": "A", "delivery": {"type": []}},
        {"kind": "journey", "name": "A", "frequency": {"at_most_every": []}},
        {"kind": "journey", "name": "A", "frequency": {"at_most_every": "99999999999999999999 months"}},
    ):
        assert_problem(owner.post("/campaigns", data), 422, "invalid")


def test_other_workspaces_lists_and_connections_cannot_be_used(owner: Caller, stranger: Caller) -> None:
    theirs = SegmentFactory(workspace=stranger.workspace)
    connection_of_theirs = sandbox_connection(stranger.workspace)
    data = {"kind": "sms", "name": "A"}
    assert_problem(
        owner.post("/campaigns", data | {"audience": {"segment": theirs.pk}}),
        422,
        "invalid",
        "audience.segment",
    )
    channel = {"kind": "sms", "connection": connection_of_theirs.pk}
    assert_problem(
        owner.post("/campaigns", data | {"channels": [channel]}), 422, "invalid", "channels.0.connection"
    )


def test_patch_changes_what_is_given_and_nothing_else(owner: Caller) -> None:
    made = owner.get(f"/campaigns/{CampaignFactory(created_by=owner.membership).pk}").json()
    changed = owner.patch(f"/campaigns/{made['id']}", {"version": 1, "name": "New name"}).json()
    expected = made | {"name": "New name", "version": 2, "updated_at": changed["updated_at"]}
    assert changed.pop("edit") == {"outcome": "save", "request": None}
    assert changed == expected


def test_patch_needs_the_version_and_refuses_a_stale_one(owner: Caller) -> None:
    path = f"/campaigns/{CampaignFactory(created_by=owner.membership).pk}"
    assert_problem(owner.patch(path, {"name": "A"}), 422, "invalid", "version")
    assert owner.patch(path, {"version": 1, "name": "A"}).status_code == 200
    assert_problem(owner.patch(path, {"version": 1, "name": "B"}), 409, "stale_version")
    assert owner.get(path).json()["name"] == "A"
    for version in ("2", True, 2.5, 10**30, -1, None):
        assert_problem(owner.patch(path, {"version": version, "name": "B"}), 422, "invalid", "version")


def test_patch_of_a_locked_section_is_409_and_says_which(owner: Caller) -> None:
    campaign = in_state("scheduled", "sms", now=timezone.now(), created_by=owner.membership)
    path = f"/campaigns/{campaign.pk}"
    error = assert_problem(
        owner.patch(path, {"version": campaign.version, "audience": None}), 409, "edits_discarded", "audience"
    )
    assert "Scheduled" in error["message"]
    later = (timezone.now() + timedelta(days=9)).isoformat()
    assert owner.patch(path, {"version": campaign.version, "starts_at": later}).status_code == 200


def test_kind_never_changes(owner: Caller) -> None:
    path = f"/campaigns/{CampaignFactory(created_by=owner.membership).pk}"
    assert_problem(owner.patch(path, {"version": 1, "kind": "voice"}), 422, "invalid", "kind")


def test_delete_is_204_and_then_it_is_not_there(owner: Caller) -> None:
    path = f"/campaigns/{CampaignFactory(created_by=owner.membership).pk}"
    response = owner.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(owner.get(path), 404, "not_found")
    assert_problem(owner.delete(path), 404, "not_found")
    assert_problem(owner.patch(path, {"version": 2, "name": "A"}), 404, "not_found")
    assert owner.get("/campaigns").json()["items"] == []


def test_a_running_blast_cannot_be_deleted(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    assert_problem(owner.delete(f"/campaigns/{campaign.pk}"), 409, "transition_not_allowed")


def test_a_stranger_does_not_see_them(owner: Caller, stranger: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership)
    assert stranger.get("/campaigns").json()["items"] == []
    assert_problem(stranger.get(f"/campaigns/{campaign.pk}"), 404, "not_found")
    assert_problem(stranger.patch(f"/campaigns/{campaign.pk}", {"version": 1, "name": "x"}), 404, "not_found")
    assert_problem(stranger.delete(f"/campaigns/{campaign.pk}"), 404, "not_found")
