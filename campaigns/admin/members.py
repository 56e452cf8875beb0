"""Workspaces, their members and the people who log in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from campaigns.domain.permissions import ADMIN
from campaigns.models import Membership, User, Workspace
from campaigns.services import workspaces
from config.console.admin_access import WorkspacePages, own_workspace_ids, setting_changed
from config.console.admin_lists import WorkspaceFilter
from config.console.workspace import memberships_of


@admin.register(Workspace)
class WorkspaceAdmin(WorkspacePages):
    """Tenants. Superusers make them; they are never deleted here, since all that was ever sent hangs on them."""

    workspace_path = "pk"
    write_ability = "edit_members"
    offers = ("add", "change")
    list_display = ("name", "slug", "timezone", "default_region", "member_count", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(members=Count("memberships"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    @admin.display(description="Members", ordering="members")
    def member_count(self, workspace: Any) -> int:
        return workspace.members

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        workspaces.prepare(obj)


class MemberForm(forms.ModelForm):
    """A role for somebody who has an account, named by the e-mail address."""

    email = forms.EmailField(label="E-mail address of the user", required=False)
    #: Whether the acting user may take the last admin away.
    is_superuser = False

    class Meta:
        model = Membership
        fields = ("workspace", "role")

    def clean_email(self) -> str:
        email = (self.cleaned_data.get("email") or "").strip().lower()
        if self.instance.pk is None:
            user = User.objects.filter(email__iexact=email).first() if email else None
            if user is None:
                raise forms.ValidationError("Nobody has an account with this address; add the user first.")
            self.instance.user = user
        return email

    def clean_role(self) -> str:
        role = self.cleaned_data["role"]
        if self.instance.pk and role != ADMIN and is_last_admin(self.instance) and not self.is_superuser:
            raise forms.ValidationError(
                "A workspace needs at least one admin; make somebody else admin first."
            )
        return role

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        workspace, user = values.get("workspace"), getattr(self.instance, "user", None)
        is_new = self.instance.pk is None and workspace and user
        if is_new and Membership.objects.filter(workspace=workspace, user=user).exists():
            self.add_error("email", f"{user} is a member of {workspace} already; change that role.")
        return values


def is_last_admin(membership: Membership) -> bool:
    """Whether the workspace would have no admin without this member."""
    others = Membership.objects.filter(workspace_id=membership.workspace_id, role=ADMIN).exclude(
        pk=membership.pk
    )
    return membership.role == ADMIN and not others.exists()


@admin.register(Membership)
class MembershipAdmin(WorkspacePages):
    """Who belongs to a workspace, with which role. Every change is in the activity log."""

    write_ability = "edit_members"
    form = MemberForm
    list_display = ("user", "email", "workspace", "role", "created_at")
    list_select_related = ("user", "workspace")
    list_filter = (WorkspaceFilter, "role")
    search_fields = ("user__email", "user__first_name", "user__last_name")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("workspace", "user", "role") if obj else ("workspace", "email", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "user") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"is_superuser": request.user.is_superuser})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if allowed and obj is not None and not request.user.is_superuser:
            return not is_last_admin(obj)
        return allowed

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A member's API keys go with the membership, whoever made them."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @admin.display(description="E-mail address", ordering="user__email")
    def email(self, membership: Membership) -> str:
        return membership.user.email


class NewUserForm(AdminUserCreationForm):
    """An account with an e-mail address to log in with."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody has an account with this address already.")
        return email


class UserForm(UserChangeForm):
    """The account of somebody."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


class MembershipInline(admin.TabularInline):
    """The workspaces that a user belongs to."""

    model = Membership
    fields = readonly_fields = ("workspace", "role", "created_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).select_related("workspace", "user")
        return found if request.user.is_superuser else found.filter(workspace__in=own_workspace_ids(request))


@admin.register(User)
class UserAdmin(WorkspacePages, DjangoUserAdmin):
    """Accounts. Superusers change them; an admin of a workspace sees its members and may make new accounts.

    An account can belong to several workspaces, so no single workspace's admin may change its password.
    """

    workspace_path = "memberships__workspace"
    write_ability = "edit_members"
    offers = ("add", "change")
    form = UserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "first_name", "last_name", "usable_password", "password1", "password2")}),
    )
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).distinct()

    def may_write(self, request: HttpRequest, obj: Any = None) -> bool:
        if request.user.is_superuser:
            return True
        return obj is None and any(m.may(self.write_ability) for m in memberships_of(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Accounts belong to no workspace: the change is noted in each that the user is a member of."""
        obj.email = obj.email.strip().lower()
        admin.ModelAdmin.save_model(self, request, obj, form, change)
        changed = sorted(name for name in form.changed_data if not name.startswith("password"))
        self.audit(request, obj, "edit" if change else "create", changed=changed)

    def audit(self, request: HttpRequest, obj: Any, action: str, **data: Any) -> None:
        found = set(obj.memberships.values_list("workspace_id", flat=True)) or set(
            own_workspace_ids(request)[:1]
        )
        for workspace_id in found:
            self._audit_in(request, workspace_id, obj, action, data)

    def _audit_in(
        self, request: HttpRequest, workspace_id: int, obj: Any, action: str, data: dict[str, Any]
    ) -> None:
        values = {"model": "campaigns.user", "id": obj.pk, **data}
        setting_changed.send(
            type(self), request=request, workspace_id=workspace_id, action=action, subject=f"user: {obj.email}", data=values
        )  # fmt: skip
