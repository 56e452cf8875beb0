"""Addresses that must not be contacted: added by hand, taken off only because their owner asked for it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from channels.models import Suppression
from channels.services.suppression import lift, suppress
from config.console.admin_access import WorkspacePages
from config.console.admin_lists import KeysetList, WorkspaceFilter

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL = forms.EmailField()


class SuppressionForm(forms.ModelForm):
    """One address, in the form that deliveries are compared by."""

    class Meta:
        model = Suppression
        fields = ("workspace", "address_kind", "address")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        address = (values.get("address") or "").strip()
        if values.get("address_kind") == "phone":
            address = re.sub(r"[\s().-]", "", address)
            if not _PHONE.fullmatch(address):
                self.add_error("address", "Write the number with its country code, such as +442079460000.")
        elif address:
            try:
                address = _EMAIL.clean(address).lower()
            except forms.ValidationError as error:
                self.add_error("address", error)
        values["address"] = address
        return values


@admin.register(Suppression)
class SuppressionAdmin(KeysetList, WorkspacePages):
    """The suppression list of a workspace, found by the whole address."""

    write_ability = "edit_policy"
    offers = ("add", "delete")
    form = SuppressionForm
    list_display = ("address", "address_kind", "reason", "workspace", "created_at")
    list_select_related = ("workspace",)
    list_filter = (WorkspaceFilter, "address_kind", "reason")
    search_fields = ("address",)
    search_help_text = "The whole address."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        return queryset.filter(address_kind__in=("email", "phone"), address=term), False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        suppress(obj.workspace_id, obj.address_kind, obj.address, "manual")
        found = Suppression.objects.get(
            workspace_id=obj.workspace_id, address_kind=obj.address_kind, address=obj.address
        )
        obj.pk, obj.reason = found.pk, found.reason
        self.audit(request, obj, "suppress")

    def delete_model(self, request: HttpRequest, obj: Suppression) -> None:
        self.audit(request, obj, "lift")
        lift(obj.workspace_id, obj.address_kind, obj.address)
