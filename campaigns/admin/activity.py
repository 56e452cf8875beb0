"""The activity log in the admin: read-only for everyone, as the database itself holds it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html

from campaigns.admin.consequences import change_url
from campaigns.admin.tags import when
from campaigns.models import Activity
from config.console.admin_access import ReadOnly, WorkspacePages
from config.console.admin_lists import KeysetList, WorkspaceFilter, chosen_workspace


class OfCampaign(admin.SimpleListFilter):
    """The log of one campaign (``?campaign=12``), also of one that has been deleted since."""

    title = "campaign"
    parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        given = self.value()
        if not given:
            return []
        if not given.isdecimal() or len(given) > 18:
            raise IncorrectLookupParameters
        row = Activity.objects.filter(campaign_id=int(given), workspace_id=chosen_workspace(request))
        subject = row.order_by("-id").values_list("subject", flat=True).first()
        if subject is None:
            raise Http404("There is no such campaign.")
        return [(given, subject)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(campaign_id=int(self.value())) if self.value() else queryset


@admin.register(Activity)
class ActivityAdmin(ReadOnly, KeysetList, WorkspacePages):
    """Who did what, when, by which way in, from → to, and why."""

    list_display = ("moment", "actor_label", "via", "action_words", "subject_link", "change", "reason")
    list_display_links = ("moment",)
    list_select_related = ("workspace",)
    list_filter = (WorkspaceFilter, OfCampaign)
    fields = (
        "moment",
        "workspace",
        "subject_link",
        "action_words",
        "change",
        "actor_label",
        "via",
        "reason",
        "details",
    )
    actions = None

    @admin.display(description="When")
    def moment(self, row: Activity) -> str:
        return when(row.at, row.workspace.timezone)

    @admin.display(description="Action")
    def action_words(self, row: Activity) -> str:
        return row.action.replace("_", " ").capitalize()

    @admin.display(description="What")
    def subject_link(self, row: Activity) -> str:
        if row.campaign_id is None:
            return row.subject
        return format_html('<a href="{}">{}</a>', change_url(row.campaign_id), row.subject)

    @admin.display(description="From → to")
    def change(self, row: Activity) -> str:
        if not row.to_status or row.from_status == row.to_status:
            return "–"
        return f"{row.from_status or 'new'} → {row.to_status}"

    @admin.display(description="Details")
    def details(self, row: Activity) -> str:
        return format_html("<pre>{}</pre>", json.dumps(row.data, indent=2, ensure_ascii=False))
