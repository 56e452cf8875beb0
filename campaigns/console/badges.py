"""The numbers beside the navigation: those of approvals, and how many drafts wait to be released. One query."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Value
from django.http import HttpRequest

from approvals.console import badges as of_approvals
from channels.domain import states as cs
from channels.models import Tally


def badges(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``badges``, the numbers by the names of the pages."""
    return of_approvals.badges(request, _drafts)


def _drafts(membership: Any) -> of_approvals.Parts:
    """The counts of drafts of the workspace: of the few channels that have any (the index `tally_drafted`)."""
    waiting = Tally.objects.filter(
        status=cs.DRAFTED,
        channel__campaign__workspace_id=membership.workspace_id,
        channel__campaign__deleted_at__isnull=True,
    )
    return [waiting.values_list(Value("drafts:list"), F("n")).order_by()]
