"""Steps of another campaign put into a workflow (seed 000, *copy your workflow*): archived ones and other workspaces too.

What a condition names is looked up by its name in the workspace that it comes to; what is not there is flagged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from campaigns.domain.programs import BY_STEPS
from campaigns.domain.steps import SPLIT
from campaigns.domain.workflow import channel_kinds_in, steps_in
from campaigns.domain.workflow_editing import NewKey, Workflow, chosen, with_fresh_keys
from campaigns.models import Campaign, Label, Membership, ObjectType, Segment, User, Workspace
from campaigns.services.errors import Invalid
from campaigns.services.flow_edits import flow_named
from campaigns.services.workflow_payloads import CONDITION_OF
from channels.domain.kinds import KINDS
from channels.models import Channel

#: A segment that has to be chosen; the rules refuse it, so nothing runs before somebody has.
TO_CHOOSE = 0


@dataclass(slots=True)
class Copied:
    """The steps, under fresh keys, and in sentences what has to be looked after."""

    steps: Workflow
    notes: list[str] = field(default_factory=list)


def workspaces_of(user: User) -> list[Membership]:
    """The memberships of this person: from no other workspace is anything copied."""
    return list(Membership.objects.filter(user=user).select_related("workspace").order_by("workspace__name"))


def campaigns_with_steps(membership: Membership) -> QuerySet[Campaign]:
    """Campaigns of any status, archived ones among them, that have workflows; newest first."""
    visible: QuerySet[Campaign] = Campaign.objects.visible_to(membership)
    return visible.filter(kind__in=BY_STEPS).order_by("-id")


def workflow_of(source: Campaign, flow: str = "") -> Workflow:
    """The workflow of a journey, or of one flow. Raises `NotFound`."""
    if source.kind == "flow":
        return list(flow_named(source.flows, flow).get("workflow") or [])
    return list(source.workflow)


def copied(
    source: Campaign, keys: Collection[str], target: Campaign, new_key: NewKey, flow: str = ""
) -> Copied:
    """The chosen steps of a campaign as they can be put into another. Raises `Invalid` where none was chosen."""
    workflow = workflow_of(source, flow)
    known = {place.step.get("key") for place in steps_in(workflow)}
    missing = [key for key in keys if key not in known]
    if not keys or missing:
        said = (
            f"There is no step “{missing[0]}” in that campaign." if missing else "Choose at least one step."
        )
        raise Invalid.field("steps", said)
    found = Copied(with_fresh_keys(chosen(workflow, keys), new_key))
    mapping = _Names(source.workspace, target.workspace)
    for place in steps_in(found.steps):
        step: dict[str, Any] = place.step  # type: ignore[assignment]
        step.pop("winner", None)  # who won there has won nothing here
        if step.get("type") == SPLIT and not target.goal:
            step.pop("decide", None)
        name = CONDITION_OF.get(str(step.get("type")))
        if name and source.workspace_id != target.workspace_id:
            step[name] = mapping.translated(step[name])
    found.notes += mapping.notes
    found.notes += _channels_missing(found.steps, target)
    return found


def _channels_missing(steps: Workflow, target: Campaign) -> list[str]:
    there = set(Channel.objects.filter(campaign=target).values_list("kind", flat=True))
    labels = [KINDS[kind].label for kind in channel_kinds_in(steps) if kind not in there]
    return [f"The steps send by {label}, which this campaign has no channel for yet." for label in labels]


class _Names:
    """Segments by name between two workspaces; labels and types of objects are named in conditions as they are."""

    def __init__(self, source: Workspace, target: Workspace) -> None:
        self.source, self.target = source, target
        self.notes: list[str] = []

    def translated(self, condition: Any) -> Any:
        """The condition with the target's segments in the place of the source's."""
        if isinstance(condition, list):
            return [self.translated(part) for part in condition]
        if not isinstance(condition, Mapping):
            return condition
        if "segment" in condition:
            return {**condition, "segment": self._segment(condition["segment"])}
        self._flag("label", condition, Label, "label")
        for kind in ("object", "relationship"):
            self._flag(kind, condition, ObjectType, "type of object")
        return {
            key: self.translated(value) if key in ("all", "any", "not") else value
            for key, value in condition.items()
        }

    def _segment(self, pk: Any) -> int:
        name = Segment.objects.filter(pk=pk, workspace=self.source).values_list("name", flat=True).first()
        there = Segment.objects.filter(
            workspace=self.target, name__iexact=name, archived_at=None, hidden=False
        )
        found = there.values_list("pk", flat=True).first() if name else None
        if found is None:
            self._note(
                f"There is no segment “{name or pk}” in this workspace: choose another one in its condition."
            )
        return found or TO_CHOOSE

    def _flag(self, key: str, condition: Mapping[str, Any], model: Any, words: str) -> None:
        name = condition.get(key)
        if name and not model.objects.filter(workspace=self.target, name__iexact=name).exists():
            self._note(f"There is no {words} “{name}” in this workspace: make it, or choose another one.")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
