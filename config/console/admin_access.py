"""Django admin, workspace by workspace: staff see what belongs to their workspaces, and write what their role allows.

As in workspace.py, what is used of the models above is only ``user.memberships`` and, of a membership, ``workspace``,
``role`` and ``may(ability)``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, QuerySet
from django.dispatch import Signal
from django.http import Http404, HttpRequest

from config.console.workspace import memberships_of

#: Sent after an admin page has changed a setting: ``request``, ``workspace_id``, ``action``, ``subject``, ``data``.
#: The audit log listens; admin modules of lower layers need not know it.
setting_changed = Signal()


def membership_in(request: HttpRequest, workspace_id: int | None) -> Any | None:
    """The membership of whoever is logged in in this workspace; None where they have none (superusers too)."""
    return next((found for found in memberships_of(request) if found.workspace_id == workspace_id), None)


def own_workspace_ids(request: HttpRequest) -> list[int]:
    """The workspaces that the user is a member of."""
    return [membership.workspace_id for membership in memberships_of(request)]


class WorkspacePages(admin.ModelAdmin):
    """Admin pages of something that belongs to a workspace.

    Staff see the objects of their own workspaces, superusers all; anything else is 404. Writing needs the ability
    ``write_ability`` in that workspace ("" = nobody writes here). A superuser may write settings everywhere, so that a
    new workspace can be set up; nothing of that lets them act on a campaign (see campaigns/admin).
    """

    workspace_path = "workspace"
    write_ability = ""
    #: Which of add, change and delete there are at all.
    offers = ("add", "change", "delete")
    actions_on_bottom = False
    show_full_result_count = False

    # --- who sees what

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        if request.user.is_superuser:
            return found
        return found.filter(**{f"{self.workspace_path}__in": own_workspace_ids(request)})

    def workspace_id_of(self, obj: Any) -> int | None:
        """The workspace that an object belongs to."""
        *path, last = self.workspace_path.split("__")
        for name in path:
            obj = getattr(obj, name)
        return getattr(obj, f"{last}_id") if last != "pk" else obj.pk

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        """What is not there, and what is somebody else's, look the same."""
        raise Http404(f"There is no such {opts.verbose_name}.")

    def _must_see(self, request: HttpRequest, object_id: str) -> None:
        """404 before any 403: nobody learns that something exists by being forbidden to touch it."""
        if self.get_object(request, unquote(object_id)) is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            self._must_see(request, object_id)
        return super().change_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        self._must_see(request, object_id)
        return super().delete_view(request, object_id, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        self._must_see(request, object_id)
        return super().history_view(request, object_id, extra_context)

    # --- who may do what

    def may_write(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may write this object (or, without one, some object)."""
        if not self.write_ability:
            return False
        if request.user.is_superuser:
            return True
        if obj is None:
            return any(membership.may(self.write_ability) for membership in memberships_of(request))
        membership = membership_in(request, self.workspace_id_of(obj))
        return bool(membership and membership.may(self.write_ability))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return user.is_active and user.is_staff and (user.is_superuser or bool(memberships_of(request)))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "add" in self.offers and self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "change" in self.offers and self.may_write(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "delete" in self.offers and self.may_write(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's own bulk delete, which would go past services and the audit log."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    # --- what may be chosen

    def writable_workspaces(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the workspaces in which the user may write objects of this kind."""
        if request.user.is_superuser:
            return found
        allowed = [m.workspace_id for m in memberships_of(request) if m.may(self.write_ability)]
        return found.filter(pk__in=allowed)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """Only what belongs to workspaces that the user may write in can be chosen."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is None or not self.write_ability:
            return field
        model = db_field.remote_field.model
        if model._meta.label == "campaigns.Workspace":
            field.queryset = self.writable_workspaces(request, model.objects.order_by("name"))
        elif hasattr(model, "workspace") and not request.user.is_superuser:
            field.queryset = field.queryset.filter(workspace__in=own_workspace_ids(request))
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nothing moves from one workspace to another."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        return (*fixed, "workspace") if obj is not None and self.workspace_path == "workspace" else fixed

    # --- the audit log

    def audit(self, request: HttpRequest, obj: Any, action: str, **data: Any) -> None:
        """Tell the audit log; ``action`` is a verb such as *create*."""
        setting_changed.send(
            type(self),
            request=request,
            workspace_id=self.workspace_id_of(obj),
            action=action,
            subject=f"{self.opts.verbose_name}: {obj}",
            data={"model": self.opts.label_lower, "id": obj.pk, **data},
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not self.may_write(request, obj):
            raise PermissionDenied("Your role in this workspace does not allow this.")
        super().save_model(request, obj, form, change)
        self.audit(request, obj, "edit" if change else "create", changed=sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.audit(request, obj, "delete")
        super().delete_model(request, obj)


class ReadOnly:
    """Mixed in before `WorkspacePages`: nothing can be added, changed or deleted here, by anyone."""

    offers = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
