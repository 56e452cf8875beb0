"""The approval policy of a workspace: read by everybody, changed by admins, every change in the activity log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals.models import Policy
from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.permissions import APPROVERS
from campaigns.models import Activity, Membership, User, Workspace
from campaigns.services.errors import Forbidden, Invalid

#: The number fields, with what they may be.
_NUMBERS = {"from_audience": (0, 2_147_483_647), "approvers_needed": (1, 5), "grace_hours": (0, 8760)}
FIELDS = ("kinds", "approvers_may_publish", "late", *_NUMBERS)


def policy_of(workspace: Workspace) -> Policy:
    """The workspace's policy; the default one where it has none yet."""
    return Policy.objects.get_or_create(workspace=workspace)[0]


def approvers_of(workspace: Workspace) -> int:
    """How many members may decide on requests."""
    found = Membership.objects.filter(workspace=workspace, role__in=APPROVERS, user__is_active=True)
    return found.count()


def update_policy(
    membership: Membership, values: Mapping[str, Any], now: datetime, via: str = "browser"
) -> Policy:
    """Change what ``values`` names; admins only. One activity row with old → new; nothing where nothing changes."""
    if not membership.may("edit_policy"):
        raise Forbidden("Only an admin of this workspace may change its approval policy.")
    return set_policy(membership.workspace, membership.user, values, now, via)


def set_policy(
    workspace: Workspace, user: User, values: Mapping[str, Any], now: datetime, via: str
) -> Policy:
    """As `update_policy`, by somebody whose right to it is known (a superuser sets up workspaces of others)."""
    cleaned = _cleaned(values)
    with transaction.atomic():
        policy_of(workspace)
        policy = Policy.objects.select_for_update().get(workspace=workspace)
        changed = {
            name: [getattr(policy, name), value]
            for name, value in cleaned.items()
            if getattr(policy, name) != value
        }
        if not changed:
            return policy
        if "approvers_needed" in changed:
            _refuse_too_many(workspace, cleaned["approvers_needed"])
        for name, (_, value) in changed.items():
            setattr(policy, name, value)
        policy.save(update_fields=list(changed))
        Activity.objects.create(
            workspace=workspace,
            actor=user,
            actor_label=user.email,
            via=via,
            action="edit_policy",
            subject="Approval policy",
            data={"changed": changed},
            at=now,
        )
    return policy


def _refuse_too_many(workspace: Workspace, needed: int) -> None:
    """With fewer approvers than have to agree, nothing could ever be approved."""
    there = approvers_of(workspace)
    if needed > max(there, 1):
        raise Invalid.field(
            "approvers_needed",
            f"The workspace has only {there} member{'' if there == 1 else 's'} who may approve: nothing could be approved.",
        )


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that can be used; all problems at once in one `Invalid`."""
    problems = {
        name: f"Unknown field; known are: {', '.join(FIELDS)}." for name in values if name not in FIELDS
    }
    for name, (lowest, highest) in _NUMBERS.items():
        value = values.get(name, lowest)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            problems[name] = f"{name} must be a whole number from {lowest:,} to {highest:,}."
    if "kinds" in values:
        kinds = values["kinds"]
        if not isinstance(kinds, list) or any(kind not in BY_KIND for kind in kinds):
            problems["kinds"] = f"kinds must be a list of: {', '.join(BY_KIND)}."
    if "late" in values and values["late"] not in (Policy.ASK, Policy.SKIP):
        problems["late"] = f"late must be {Policy.ASK} or {Policy.SKIP}."
    if not isinstance(values.get("approvers_may_publish", True), bool):
        problems["approvers_may_publish"] = "approvers_may_publish must be true or false."
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    found = dict(values)
    if "kinds" in found:
        found["kinds"] = [kind for kind in BY_KIND if kind in found["kinds"]]
    return found
