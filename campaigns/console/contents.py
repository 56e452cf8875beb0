"""What a campaign sends, as pages show it: content by channel, steps of a workflow in words, renderings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels.domain.kinds import KINDS
from channels.domain.variants import Variant, texts_of

STEP_ICONS = {"message": "send", "delay": "hourglass", "exit": "flag"}


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of a workflow in words."""

    key: str
    type: str
    icon: str
    title: str
    texts: tuple[Variant, ...] = ()
    """What a message sends: one text, or its variants."""


def steps_of(campaign: Any) -> list[StepShown]:
    """The steps of a journey; empty for every other kind."""
    return [_shown(step) for step in campaign.workflow if isinstance(step, dict)]


def _shown(step: dict[str, Any]) -> StepShown:
    kind = step.get("type", "")
    icon = STEP_ICONS.get(kind, "circle")
    title = {"delay": f"Wait {step.get('for', '')}", "exit": "Exit"}.get(kind, kind.capitalize())
    if kind == "message" and step.get("channel") in KINDS:
        channel = KINDS[step["channel"]]
        icon, title = channel.icon, f"Send: {channel.label}"
    texts = tuple(texts_of(step)) if kind == "message" else ()
    return StepShown(step.get("key", ""), kind, icon, title, texts)
