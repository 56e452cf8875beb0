"""What a campaign sends is shown wherever it stands: in branches and variants, in every flow, to read and to compare."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client

from campaigns.console.comparing import messages_in
from campaigns.domain.snapshot import differences
from campaigns.models import Campaign, Membership
from campaigns.services.snapshots import snapshot_of
from tests.factories import CampaignFactory, PersonFactory

pytestmark = pytest.mark.django_db
NOT_DRAWN = ('class="flow-add"', "Move step", "workflow:up:")


def text(key: str, words: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": "message", "channel": "email", "subject": f"To {key}", "body": words, **more}


#: All nine types, a message or call in every way.
EVERY_TYPE: list[dict[str, Any]] = [
    text("first", "Words of first"),
    {"key": "wait", "type": "delay", "for": "2 days"},
    {"key": "hours", "type": "window", "days": ["mon"], "from": "09:00", "to": "10:00", "timezone": "person"},
    {
        "key": "fork", "type": "branch", "if": {"attribute": "plan", "op": "eq", "value": "pro"},
        "then": [text("yes", "Words of yes")],
        "else": [
            {
                "key": "test", "type": "split",
                "variants": [
                    {"name": "A", "weight": 1, "steps": [text("deep", "Words of deep")]},
                    {"name": "B", "weight": 3, "steps": []},
                ],
            }
        ],
    },
    {"key": "until", "type": "wait_until", "condition": {"attribute": "tier", "op": "eq", "value": "gold"}},
    {"key": "set", "type": "update", "attributes": {"stage": "done"}},
    {"key": "call", "type": "webhook", "url": "https://example.test/hook", "body": "Words of call"},
    {"key": "out", "type": "exit"},
]  # fmt: skip
WORDS = [f"Words of {key}" for key in ("first", "yes", "deep", "call")]
LINES = [
    "Wait 2 days",
    "Mon, 09:00 to 10:00",
    "plan is “pro”",
    "B: 75 %",
    "tier is “gold”",
    "stage = done",
    "Exit",
]


def made(creator: Membership, kind: str, workflow: list[dict[str, Any]]) -> Campaign:
    """A campaign with this workflow; a flow campaign has it in its second flow."""
    values: dict[str, Any] = {"workflow": workflow}
    if kind == "flow":
        empty = {"key": "empty", "name": "Empty one", "workflow": []}
        values = {
            "flows": [empty, {"key": "full", "name": "Full one", "active": False, "workflow": workflow}]
        }
    number = CampaignFactory(kind=kind, created_by=creator).pk
    Campaign.objects.filter(pk=number).update(**values)
    return Campaign.objects.get(pk=number)


@pytest.mark.parametrize("kind", ["journey", "flow"])
@pytest.mark.parametrize("tab", ["content", "review"])
def test_every_step_is_shown_with_all_its_words(
    page: Client, creator: Membership, kind: str, tab: str
) -> None:
    campaign = made(creator, kind, EVERY_TYPE)
    shown = unescape(page.get(f"/campaigns/{campaign.pk}/{tab}/").content.decode())
    for words in [*WORDS, *LINES]:
        assert words in shown, words
    assert not [button for button in NOT_DRAWN if button in shown], "it is there to be read"
    assert ("Empty one" in shown and "Inactive</span>" in shown) == (kind == "flow")


def test_a_review_warns_of_what_a_nested_text_lacks(page: Client, creator: Membership) -> None:
    campaign = made(
        creator, "flow", [{**EVERY_TYPE[3], "then": [text("yes", "Dear {{ person.unheard_of }}")]}]
    )
    PersonFactory(workspace=creator.workspace)
    assert "{{ person.unheard_of }}" in unescape(
        page.get(f"/campaigns/{campaign.pk}/review/").content.decode()
    )


@pytest.mark.parametrize(("kind", "before"), [("journey", ""), ("flow", "Full one: ")])
def test_an_approver_sees_every_text_and_what_has_changed_in_it(
    creator: Membership, kind: str, before: str
) -> None:
    old = snapshot_of(made(creator, kind, EVERY_TYPE))
    told = {one.title: one.body for _, one in messages_in(old)}
    assert told == {
        f"{before}Step 1: Email": WORDS[0], f"{before}Step 5: Email": WORDS[1],
        f"{before}Step 7: Email": WORDS[2], f"{before}Step 10: Webhook": WORDS[3],
    }  # fmt: skip
    keys = [key for key, _ in messages_in(old)]
    assert len(set(keys)) == len(keys)
    split = EVERY_TYPE[3]["else"][0]
    a, b = split["variants"]
    changed = {**EVERY_TYPE[3], "else": [{**split, "variants": [{**a, "steps": [text("deep", "New")]}, b]}]}
    new = snapshot_of(made(creator, kind, [*EVERY_TYPE[:3], changed, *EVERY_TYPE[4:]]))
    found = [(one.label, one.before, one.after) for one in differences(old, new) if one.section == "what"]
    label = f"{'Flow ' if before else ''}{before}Step 7: message"
    assert found == [(label, WORDS[2], "New")]
