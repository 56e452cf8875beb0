"""Approval policies in the admin; they are changed by the same service as in the console, old → new in the activity log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from approvals.models import Policy
from campaigns.admin.access import VIA
from campaigns.domain.lifecycles import KIND_CHOICES
from campaigns.services.errors import Invalid
from campaigns.services.policies import FIELDS, approvers_of, set_policy
from config.console.admin_access import WorkspacePages


class PolicyForm(forms.ModelForm):
    """The kinds as boxes to tick; no more approvers than the workspace has."""

    kinds = forms.MultipleChoiceField(
        choices=KIND_CHOICES, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Policy
        fields = FIELDS

    def clean_approvers_needed(self) -> int:
        needed: int = self.cleaned_data["approvers_needed"]
        there = approvers_of(self.instance.workspace)
        if needed != self.initial.get("approvers_needed") and needed > max(there, 1):
            raise forms.ValidationError(f"Only {there} of the workspace's members may approve.")
        return needed


@admin.register(Policy)
class PolicyAdmin(WorkspacePages):
    """One for each workspace, made with it."""

    form = PolicyForm
    write_ability = "edit_policy"
    offers = ("change",)
    list_display = ("workspace", "approvers_needed", "from_audience", "late", "grace_hours")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)
    fields = ("workspace", *FIELDS)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not self.may_write(request, obj):
            raise PermissionDenied("Your role in this workspace does not allow this.")
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in FIELDS}
        try:
            set_policy(obj.workspace, request.user, values, timezone.now(), VIA)
        except Invalid as error:
            raise PermissionDenied(str(error)) from error
