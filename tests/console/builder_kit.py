"""What tests of the builder share: a small workflow, what its form posts, what has been drawn."""

from __future__ import annotations

from typing import Any

from django.test import Client

from campaigns.domain.workflow import steps_in
from campaigns.models import Campaign, WorkflowEdit

TEXT = {"subject": "Hello", "body": "Welcome"}
WORKFLOW: list[dict[str, Any]] = [
    {"key": "hello", "type": "message", "channel": "email", "name": "Welcome", **TEXT},
    {
        "key": "fork", "type": "branch", "if": {"attribute": "plan", "op": "eq", "value": "pro"},
        "then": [{"key": "thanks", "type": "message", "channel": "email", **TEXT}],
        "else": [],
    },
    {"key": "pause", "type": "delay", "for": "2 days"},
]  # fmt: skip


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def url(campaign: Campaign, more: str = "") -> str:
    return f"/campaigns/{campaign.pk}/edit/what/{more}"


def form(campaign: Campaign, **values: Any) -> dict[str, Any]:
    """What the page's form posts besides a button: the version and the channels."""
    posted: dict[str, Any] = {"version": fresh(campaign).version}
    channels = list(campaign.channels.order_by("position", "id"))
    for at, channel in enumerate(channels):
        posted |= {
            f"c{at}-id": channel.pk, f"c{at}-kind": channel.kind, f"c{at}-connection": channel.connection_id,
        }  # fmt: skip
    return {**posted, "channels": len(channels), **values}


def keys(workflow: Any) -> list[str]:
    return [place.step["key"] for place in steps_in(workflow)]


def drawn(campaign: Campaign) -> list[str]:
    return keys(WorkflowEdit.objects.get(campaign=campaign).workflow)


def press(page: Client, campaign: Campaign, *words: str) -> str:
    """Press these buttons; the last answer."""
    text = ""
    for word in words:
        answer = page.post(url(campaign), form(campaign, op=f"workflow:{word}"))
        assert answer.status_code == 200, word
        text = answer.content.decode()
    return text
