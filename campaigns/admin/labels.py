"""Labels in the admin: the symbols and the number that seed 004 allows, and how many campaigns use each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from campaigns.models import Label
from config.console.admin_access import WorkspacePages
from config.console.admin_lists import WorkspaceFilter


@admin.register(Label)
class LabelAdmin(WorkspacePages):
    """A label's name is unique in its workspace, whatever the case."""

    write_ability = "edit_labels"
    list_display = ("name", "workspace", "used_by", "created_by", "created_at")
    list_select_related = ("workspace", "created_by")
    list_filter = (WorkspaceFilter,)
    search_fields = ("name",)
    fields = ("workspace", "name", "created_by", "created_at")
    readonly_fields = ("created_by", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(uses=Count("campaigns"))

    @admin.display(description="Campaigns", ordering="uses")
    def used_by(self, label: Any) -> int:
        return label.uses

    def save_model(self, request: HttpRequest, obj: Label, form: Any, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
