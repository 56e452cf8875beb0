"""The requests for approval in the admin: read-only, for they are decided through the gateway."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from approvals.models import Request
from config.console.admin_access import ReadOnly, WorkspacePages
from config.console.admin_lists import KeysetList, WorkspaceFilter


class OfWorkspace(WorkspaceFilter):
    """Requests belong to the workspace of their campaign."""

    path = "campaign__workspace_id"


@admin.register(Request)
class RequestAdmin(ReadOnly, KeysetList, WorkspacePages):
    """Who asked, who decided, and what they said."""

    workspace_path = "campaign__workspace"
    list_display = (
        "campaign",
        "version",
        "status",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    )
    list_select_related = ("campaign", "requested_by", "decided_by")
    list_filter = (OfWorkspace, "status")
    actions = None
    fields = (
        "campaign_link", "version", "status", "requested_by", "requested_at", "decided_by", "decided_at", "comment",
    )  # fmt: skip

    @admin.display(description="Campaign")
    def campaign_link(self, request: Request) -> str:
        url = reverse("admin:campaigns_campaign_change", args=[request.campaign_id])
        return format_html('<a href="{}">{}</a>', url, request.campaign)
