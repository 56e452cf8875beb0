"""The form of each type of step: what is typed becomes the step of the API, and comes back into the form as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership, WorkflowEdit
from tests.factories import CampaignFactory, PersonFactory, sandbox_connection

CONDITION = {"attribute": "plan", "op": "eq", "value": "pro"}
ROW = {
    "b0-r0-kind": "attribute",
    "b0-r0-was": "attribute",
    "b0-r0-name": "plan",
    "b0-r0-op": "eq",
    "b0-r0-value": "pro",
}
INSIDE = [{"key": "in", "type": "exit"}]
AB = [
    {"name": "A", "weight": 3, "subject": "one", "body": "first"},
    {"name": "B", "weight": 1, "subject": "two", "body": "second"},
]
TEXTS = {
    "s0-texts": "ab", "s0-variants": "2", "s0-v0-name": "A", "s0-v0-weight": "3", "s0-v0-subject": "one",
    "s0-v0-body": "first", "s0-v1-name": "B", "s0-v1-weight": "1", "s0-v1-subject": "two", "s0-v1-body": "second",
}  # fmt: skip

#: before, what is typed, what the step is then (without key and type)
READ: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"type": "delay", "for": "1 day"}, {"for-amount": "3", "for-unit": "hour"}, {"for": "3 hours"}),
    (
        {"type": "delay", "for": "1 day"},
        {"for-amount": "1", "for-unit": "week", "name": " Rest "},
        {"for": "1 week", "name": "Rest"},
    ),
    (
        {"type": "delay", "for": "1 day", "name": "Old"},
        {"for-amount": "1", "for-unit": "day", "name": ""},
        {"for": "1 day"},
    ),
    (
        {"type": "window", "from": "10:00", "to": "11:00"},
        {"days": ["sun", "mon"], "from": "22:00", "to": "00:00", "timezone": "campaign"},
        {"days": ["mon", "sun"], "from": "22:00", "to": "24:00", "timezone": "campaign"},
    ),
    (
        {"type": "branch", "if": {}, "then": INSIDE, "else": []},
        ROW,
        {"if": CONDITION, "then": INSIDE, "else": []},
    ),
    (
        {"type": "wait_until", "condition": {}, "timeout": "7 days"},
        {**ROW, "limit": "yes", "timeout-amount": "2", "timeout-unit": "month"},
        {"condition": CONDITION, "timeout": "2 months"},
    ),
    (
        {"type": "wait_until", "condition": {}, "timeout": "7 days"},
        {**ROW, "limit": "no"},
        {"condition": CONDITION},
    ),
    (
        {"type": "update", "attributes": {}},
        {
            "rows": "5",
            "a0-name": "tier",
            "a0-kind": "text",
            "a0-value": "gold",
            "a1-name": "age",
            "a1-kind": "number",
            "a1-value": "41",
            "a2-name": "vip",
            "a2-kind": "boolean",
            "a2-yes": "false",
            "a3-name": "trial",
            "a3-kind": "none",
            "a4-name": " ",
            "a4-kind": "text",
        },
        {"attributes": {"tier": "gold", "age": 41, "vip": False, "trial": None}},
    ),
    (
        {
            "type": "split",
            "variants": [
                {"name": "A", "weight": 1, "steps": INSIDE},
                {"name": "B", "weight": 1, "steps": []},
            ],
        },
        {
            "rows": "2",
            "v0-name": "Short",
            "v0-weight": "3",
            "v0-was": "0",
            "v1-name": "New",
            "v1-weight": "1",
            "v1-was": "",
            "winner": "New",
            "decide": "yes",
            "after-amount": "5",
            "after-unit": "day",
        },
        {
            "variants": [
                {"name": "Short", "weight": 3, "steps": INSIDE},
                {"name": "New", "weight": 1, "steps": []},
            ],
            "winner": "New",
            "decide": {"after": "5 days"},
        },
    ),
    (
        {"type": "webhook", "url": "", "body": ""},
        {"url": "https://example.com/x", "s0-body": '{"who": "{{ person.email }}"}'},
        {"url": "https://example.com/x", "body": '{"who": "{{ person.email }}"}'},
    ),
    (
        {"type": "message", "channel": "email"},
        {"channel": "sms", "s0-body": "Hi {{ person.first_name }}", "sending": "draft"},
        {"channel": "sms", "body": "Hi {{ person.first_name }}", "sending": "draft"},
    ),
    (
        {"type": "message", "channel": "email", "sending": "draft"},
        {"channel": "email", "sending": "automatic", "s0-winner": "B", **TEXTS},
        {"channel": "email", "variants": AB, "winner": "B"},
    ),
    ({"type": "exit"}, {"name": "Bye"}, {"name": "Bye"}),
]


def made(creator: Membership, step: dict[str, Any]) -> tuple[Campaign, str]:
    """A journey of one step, and the address of its form."""
    sandbox_connection(creator.workspace)
    PersonFactory(workspace=creator.workspace, attributes={"plan": "pro"})
    campaign = CampaignFactory(created_by=creator, kind="journey")
    Campaign.objects.filter(pk=campaign.pk).update(workflow=[{"key": "it", **step}])
    return campaign, f"/campaigns/{campaign.pk}/edit/what/steps/it/"


@pytest.mark.parametrize(("before", "typed", "expected"), READ)
def test_what_is_typed_becomes_the_step(
    page: Client, creator: Membership, before: dict[str, Any], typed: dict[str, Any], expected: dict[str, Any]
) -> None:
    campaign, url = made(creator, before)
    answer = page.post(url, {"op": "save", **typed})
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == f"/campaigns/{campaign.pk}/edit/what/#step-it"
    step = WorkflowEdit.objects.get().workflow[0]
    assert step == {"key": "it", "type": before["type"], **expected}
    # It comes back into the form as it was typed.
    text = page.get(url).content.decode()
    for name, value in typed.items():
        if isinstance(value, str) and value.strip() and name not in ("limit", "decide"):
            assert value.strip() in text.replace("&quot;", '"'), name


#: what is typed, and what is said beside it
WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "delay", "for": "1 day"}, {"for-amount": "0", "for-unit": "day"}, "is between 1 and"),
    ({"type": "delay", "for": "1 day"}, {"for-amount": "x", "for-unit": "day"}, "is no duration"),
    ({"type": "window", "from": "10:00", "to": "11:00"}, {"from": "10:00", "to": "11:00"}, "at least one of"),
    (
        {"type": "window", "from": "10:00", "to": "11:00"},
        {"days": "mon", "from": "10:00", "to": "10:00"},
        "another time",
    ),
    ({"type": "branch", "if": CONDITION}, {**ROW, "b0-r0-name": ""}, "field-error"),
    (
        {"type": "wait_until", "condition": CONDITION},
        {**ROW, "limit": "yes", "timeout-amount": "-1", "timeout-unit": "day"},
        "is no duration",
    ),
    ({"type": "update", "attributes": {}}, {"rows": "0"}, "1 to 50 attributes"),
    (
        {"type": "update", "attributes": {}},
        {"rows": "1", "a0-name": "age", "a0-kind": "number", "a0-value": "old"},
        "A value is",
    ),
    (
        {"type": "update", "attributes": {}},
        {"rows": "2", "a0-name": "x", "a0-kind": "text", "a1-name": "x", "a1-kind": "none"},
        "is there twice",
    ),
    (
        {"type": "split", "variants": []},
        {"rows": "2", "v0-name": "A", "v0-weight": "0", "v1-name": "A", "v1-weight": "1"},
        "weight is a whole number",
    ),
    (
        {"type": "split", "variants": []},
        {"rows": "2", "v0-name": "A", "v0-weight": "1", "v1-name": "A", "v1-weight": "1"},
        "a name of its own",
    ),
    ({"type": "webhook", "url": ""}, {"url": "example.com"}, "must be an address"),
    (
        {"type": "message", "channel": "email"},
        {"channel": "email", "s0-subject": "Hi", "s0-body": "{% if %}"},
        "field-error",
    ),
    ({"type": "exit"}, {"name": "x" * 81}, "at most 80 characters"),
]


@pytest.mark.parametrize(("before", "typed", "said"), WRONG)
def test_what_is_wrong_stands_beside_it_and_nothing_is_kept(
    page: Client, creator: Membership, before: dict[str, Any], typed: dict[str, Any], said: str
) -> None:
    _, url = made(creator, before)
    answer = page.post(url, {"op": "save", **typed})
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert not WorkflowEdit.objects.exists()


#: a button that only changes the form, and what the form has then
BUTTONS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"type": "update", "attributes": {"a": 1}},
        {"rows": "1", "a0-name": "a", "op": "more"},
        'name="a1-name"',
    ),
    ({"type": "branch", "if": CONDITION}, {**ROW, "op": "add-row-0"}, 'name="b0-r1-kind"'),
    ({"type": "branch", "if": CONDITION}, {**ROW, "op": "add-block"}, 'name="b1-r0-kind"'),
    (
        {"type": "message", "channel": "email"},
        {"channel": "sms", "op": "refresh"},
        '<option value="sms" selected>',
    ),
    (
        {"type": "message", "channel": "email"},
        {"channel": "email", "s0-subject": "S", "s0-body": "Kept", "op": "step:ab-0"},
        'name="s0-v1-name"',
    ),
    (
        {"type": "split", "variants": [{"name": "A", "steps": INSIDE}, {"name": "B", "steps": []}]},
        {
            "rows": "2",
            "v0-name": "A",
            "v0-weight": "1",
            "v0-was": "0",
            "v1-name": "B",
            "v1-weight": "1",
            "op": "more",
        },
        'name="v2-name" value="C"',
    ),
]


@pytest.mark.parametrize(("before", "typed", "there"), BUTTONS)
def test_a_button_of_the_form_shows_it_again_and_keeps_nothing(
    page: Client, creator: Membership, before: dict[str, Any], typed: dict[str, Any], there: str
) -> None:
    _, url = made(creator, before)
    answer = page.post(url, typed)
    assert answer.status_code == 200
    assert there in answer.content.decode()
    assert not WorkflowEdit.objects.exists()


def test_the_builder_alone_is_what_a_script_gets(page: Client, creator: Membership) -> None:
    _, url = made(creator, {"type": "branch", "if": CONDITION})
    answer = page.post(url, {**ROW, "op": "add-row-0"}, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert 'name="b0-r1-kind"' in answer.content.decode()


def test_a_condition_that_a_program_nested_is_shown_in_words_and_kept(
    page: Client, creator: Membership
) -> None:
    nested = {"all": [{"any": [CONDITION, {"all": [CONDITION, {"attribute": "x", "op": "exists"}]}]}]}
    _, url = made(creator, {"type": "branch", "if": nested})
    assert "nested deeper" in page.get(url).content.decode()
    page.post(url, {"op": "save", "nested": "1", "name": "Deep"})
    assert WorkflowEdit.objects.get().workflow[0]["if"] == nested


def test_a_step_that_is_not_there_is_404(page: Client, creator: Membership) -> None:
    _, url = made(creator, {"type": "exit"})
    assert page.get(url.replace("/it/", "/gone/")).status_code == 404
    assert page.post(url.replace("/it/", "/gone/"), {"op": "save"}).status_code == 404
