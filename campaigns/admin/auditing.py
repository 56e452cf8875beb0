"""The audit log of settings: whatever an admin page changes becomes a row of the activity log, via *admin*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from campaigns.admin.access import VIA
from campaigns.models import Activity
from config.console.admin_access import setting_changed


@receiver(setting_changed, dispatch_uid="audit of settings")
def record_setting(
    sender: Any,
    *,
    request: HttpRequest,
    workspace_id: int,
    action: str,
    subject: str,
    data: Mapping[str, Any],
    **_: Any,
) -> None:
    """Write the row. ``data`` never holds a secret: the pages send the names of what changed, not the values."""
    Activity.objects.create(
        workspace_id=workspace_id,
        actor_id=request.user.pk,
        actor_label=str(request.user.email),
        via=VIA,
        action=action[:30],
        subject=subject[:200],
        data=dict(data),
        at=timezone.now(),
    )
