"""API keys in the admin: made for oneself or, by an admin of the workspace, for a member; shown once; revocable."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from campaigns.models import ApiKey, Membership
from campaigns.services.api_keys import create_api_key, revoke_api_key
from config.console.admin_access import WorkspacePages, membership_in
from config.console.workspace import memberships_of


class NewKeyForm(forms.ModelForm):
    """For whom, what it is called, and until when."""

    class Meta:
        model = ApiKey
        fields = ("membership", "name", "expires_at")

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("This time has passed already.")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(WorkspacePages):
    """Only a prefix and a digest are kept, so a key is shown once and never changed; it can be revoked."""

    workspace_path = "membership__workspace"
    write_ability = "edit_members"
    offers = ("add",)
    form = NewKeyForm
    list_display = ("prefix", "name", "member", "workspace", "state", "created_at", "last_used_at")
    list_select_related = ("membership__user", "membership__workspace")
    fields = (
        "prefix",
        "name",
        "member",
        "workspace",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    actions = ("revoke",)
    change_form_template = "admin/campaigns/apikey/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """An admin sees the keys of the workspace, others their own."""
        found = super().get_queryset(request)
        if request.user.is_superuser:
            return found
        wide = [m.workspace_id for m in memberships_of(request) if m.may(self.write_ability)]
        return found.filter(membership__user=request.user.pk) | found.filter(membership__workspace__in=wide)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser or bool(memberships_of(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return NewKeyForm._meta.fields if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super(WorkspacePages, self).formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "membership":
            field.queryset = self.possible_members(request)
            field.label_from_instance = lambda m: f"{m.user.email}: {m.role} of {m.workspace}"
        return field

    def possible_members(self, request: HttpRequest) -> QuerySet[Membership]:
        """Oneself everywhere, and everybody where one may edit members."""
        found = Membership.objects.select_related("user", "workspace").order_by(
            "workspace__name", "user__email"
        )
        if request.user.is_superuser:
            return found
        wide = [m.workspace_id for m in memberships_of(request) if m.may(self.write_ability)]
        return found.filter(user=request.user.pk) | found.filter(workspace__in=wide)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            raise PermissionDenied("A key cannot be changed; revoke it and make another.")
        values = form.cleaned_data
        key, text = create_api_key(values["membership"], values["name"], values["expires_at"])
        obj.pk = key.pk
        obj.__dict__.update(key.__dict__)
        request.new_api_key = text  # type: ignore[attr-defined]
        self.audit(request, key, "create")

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """The only page that ever shows the key: not kept in a session, a message or a log."""
        values = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "key": obj,
            "text": request.new_api_key,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/campaigns/apikey/shown_once.html", values)
        response["Cache-Control"] = "no-store"
        return response

    # --- revoking

    @admin.action(description="Revoke selected API keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        revoked = sum(self._revoke(request, key) for key in queryset.select_related("membership__user"))
        messages.success(request, f"{revoked} of {len(queryset)} keys revoked; they work no more.")

    def _revoke(self, request: HttpRequest, key: ApiKey) -> bool:
        if key.revoked_at or not self.may_revoke(request, key):
            return False
        revoke_api_key(key, timezone.now())
        self.audit(request, key, "revoke")
        return True

    def may_revoke(self, request: HttpRequest, key: ApiKey) -> bool:
        """One's own keys, and those of a workspace whose members one may edit."""
        membership = membership_in(request, key.membership.workspace_id)
        own = key.membership.user_id == request.user.pk
        return own or request.user.is_superuser or bool(membership and membership.may(self.write_ability))

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """POST from the button on the key's page."""
        key = self.get_object(request, str(key_id))
        if key is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(key_id))
        if request.method == "POST":
            if self._revoke(request, key):
                messages.success(request, f"{key} has been revoked; it works no more.")
            else:
                messages.warning(request, f"{key} is revoked already.")
        return HttpResponseRedirect(reverse("admin:campaigns_apikey_change", args=[key_id]))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<int:key_id>/revoke/", view, name="campaigns_apikey_revoke"), *super().get_urls()]

    @admin.display(description="Member")
    def member(self, key: ApiKey) -> str:
        return str(key.membership.user.email)

    @admin.display(description="Workspace")
    def workspace(self, key: ApiKey) -> str:
        return str(key.membership.workspace)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "Revoked"
        expired = key.expires_at and key.expires_at <= timezone.now()
        return "Expired" if expired else "Valid"
