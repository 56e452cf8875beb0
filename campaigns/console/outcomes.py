"""What becomes of an edit, said before it is made and on its button; and what was typed, where it is discarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.domain import states as s
from campaigns.domain.editing import PAST_PUBLISH, EditRule
from campaigns.domain.snapshot import PARTS, differences
from campaigns.models import Campaign, Segment, Workspace
from campaigns.services.payloads import SECTION_OF
from channels.models import Connection

VERBS = {
    "save": "Save",
    "submit": "Save and send for approval",
    "publish": "Save and publish",
    "discard": "Save",
}
DONE = {"save": "Saved: {}.", "submit": "Sent for approval: {}.", "publish": "Published: {}."}

_SUBMIT = {
    s.RUNNING: "Your change is sent for approval; what is approved goes on going out until then.",
    s.AWAITING_NEXT_RUN: "Your change is sent for approval, and the campaign waits for it: a run that falls due before "
    "it is approved is skipped. Withdrawing it brings back what is approved.",
    s.SCHEDULED: "Your change is sent for approval, and the campaign with it: nothing goes out before it is approved.",
    s.PENDING_APPROVAL: "Your change takes the place of what waits for approval now, and approvers are asked again.",
    s.REJECTED: "Your change is sent for approval again.",
}
_PUBLISH = {
    s.RUNNING: "Your change is published at once: messages that go out from then on have it.",
    s.AWAITING_NEXT_RUN: "Your change is published at once: the next run goes out with it.",
    s.SCHEDULED: "Your change is published at once: the campaign goes out with it at its time.",
    s.PENDING_APPROVAL: "Your change is published at once, by you; the request that waits for approval is then void.",
    s.REJECTED: "Your change is published at once, by you.",
}
_SAVE = {s.RUNNING: "Your change takes effect at once.", s.SCHEDULED: "The campaign starts with your change."}
#: Another kind under a policy keeps what is approved while it is scheduled.
_SUBMIT_OTHER = {
    s.SCHEDULED: "Your change is sent for approval; without it the campaign starts as it was approved."
}


@dataclass(frozen=True, slots=True)
class Becoming:
    """What becomes of an edit: a sentence ("" where it goes without saying), a warning, and the button's words."""

    sentence: str
    warning: str
    verb: str
    asks_time: bool = False
    """Its time has passed: publishing needs another one, or to be sent now."""


def becoming(campaign: Campaign, section: str, rule: EditRule) -> Becoming:
    """What becomes of an edit of this section under this rule."""
    outcome = rule.outcome if section in PARTS else "save"
    if outcome == "save":
        sentence = _SAVE.get(campaign.status, "") if section in PARTS else ""
        return Becoming(sentence, "", VERBS["save"])
    sentences = dict(_SUBMIT if outcome == "submit" else _PUBLISH)
    if outcome == "submit" and campaign.kind != "message":
        sentences |= _SUBMIT_OTHER
    asks_time = outcome == "publish" and rule.popup == PAST_PUBLISH and section != "when"
    return Becoming(sentences.get(campaign.status, ""), rule.popup, VERBS[outcome], asks_time)


def typed_text(payload: Mapping[str, Any], workspace: Workspace) -> str:
    """An edit as text that a person can keep: a line for each thing, long texts below their names."""
    typed: dict[str, Any] = {"names": _names(workspace)}
    rest = []
    for key, value in payload.items():
        section = SECTION_OF.get(key, "")
        if section in PARTS:
            typed.setdefault(section, {})[key] = _plain(value)
        elif value:
            rest.append((key.capitalize(), ", ".join(value) if isinstance(value, list) else str(value)))
    lines = [(one.label, one.after) for one in differences({}, typed)] + rest
    return "\n".join(f"{label}:\n{text}" if "\n" in text else f"{label}: {text}" for label, text in lines)


def _plain(value: Any) -> Any:
    """Times as text, all the way down."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _names(workspace: Workspace) -> dict[str, dict[str, str]]:
    lists = Segment.objects.filter(workspace=workspace, hidden=False).order_by("-pk")[:500]
    return {
        "segments": {str(row.pk): row.name for row in lists},
        "connections": {str(row.pk): row.name for row in Connection.objects.filter(workspace=workspace)},
    }
