"""What every workspace has from its first day: the list of everyone and an approval policy."""

from __future__ import annotations

from approvals.models import Policy
from campaigns.models import Segment, Workspace

EVERYONE = "All people"


def prepare(workspace: Workspace) -> None:
    """Make what a new workspace needs; harmless where it is there already."""
    Segment.objects.get_or_create(workspace=workspace, kind=Segment.EVERYONE, defaults={"name": EVERYONE})
    Policy.objects.get_or_create(workspace=workspace)
