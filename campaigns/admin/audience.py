"""People, lists and imports in the admin: big tables, so keyset pages, exact look-ups and no cascading deletes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from campaigns.models import ImportJob, Person, RelatedObject, Segment
from campaigns.services.errors import ActionError
from campaigns.services.people import upsert_people
from campaigns.services.segments import change
from config.console.admin_access import ReadOnly, WorkspacePages
from config.console.admin_lists import KeysetList, WorkspaceFilter


class PersonForm(forms.ModelForm):
    """Goes through the same service as the API, so that addresses are normalised alike."""

    class Meta:
        model = Person
        fields = ("workspace", "external_id", "email", "phone", "timezone", "attributes")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        new = self.instance.pk is None
        workspace = values.get("workspace") if new else self.instance.workspace
        if self.errors or workspace is None:
            return values
        row = {"external_id": values.get("external_id") if new else self.instance.external_id}
        for name in self.changed_data:
            if name in ("email", "phone", "timezone", "attributes"):
                row[name] = values.get(name)
                if not values.get(name) and not new:
                    self.add_error(name, "A value cannot be taken away here; put another in its place.")
        if new and Person.objects.filter(workspace=workspace, external_id=row["external_id"]).exists():
            self.add_error("external_id", "This workspace has a person with this external id already.")
        if not self.errors:
            self._upsert(workspace, row)
        return values

    def _upsert(self, workspace: Any, row: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                report = upsert_people(workspace, [row], timezone.now())
        except ActionError as refusal:
            self.add_error(None, refusal.message)
            return
        for rejected in report.rejected:
            for name, text in rejected["errors"].items():
                self.add_error(name if name in self.fields else None, text)
        if not report.rejected:
            self.saved = Person.objects.get(workspace=workspace, external_id=row["external_id"])

    def _post_clean(self) -> None:
        """The service has saved already; nothing is put on the instance."""

    def save(self, commit: bool = True) -> Any:
        self.save_m2m = lambda: None
        return self.saved


@admin.register(Person)
class PersonAdmin(KeysetList, WorkspacePages):
    """A million people: found by the beginning of an address or by external id, through indexes."""

    write_ability = "import_people"
    offers = ("add", "change")
    form = PersonForm
    list_display = ("display_name", "external_id", "email", "phone", "timezone", "created_at")
    list_filter = (WorkspaceFilter,)
    search_fields = ("external_id",)
    search_help_text = "The external id, the whole e-mail address, or the whole phone number with its +."
    fields = (
        "workspace",
        "external_id",
        "email",
        "phone",
        "timezone",
        "attributes",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("created_at", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "external_id") if obj else fixed

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole values, which have an index each; parts of names are not searched among a million."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(external_id=term) | Q(email=term.lower()) | Q(phone=term)), False

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        self.audit(request, obj, "edit" if change else "create", changed=sorted(form.changed_data))


@admin.register(Segment)
class SegmentAdmin(KeysetList, WorkspacePages):
    """Lists. They are archived, never deleted here: campaigns and their history name them."""

    write_ability = "edit_lists"
    offers = ("add", "change")
    list_display = ("name", "workspace", "kind", "is_active", "created_by", "created_at")
    list_select_related = ("workspace", "created_by")
    list_filter = (WorkspaceFilter, "kind")
    search_fields = ("name",)
    fields = ("workspace", "name", "kind", "archived_at", "created_by", "created_at", "people_link")
    readonly_fields = ("kind", "archived_at", "created_by", "created_at", "people_link")
    actions = ("archive", "make_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(hidden=False)

    @admin.display(description="Active", boolean=True)
    def is_active(self, segment: Segment) -> bool:
        return segment.archived_at is None

    @admin.display(description="People")
    def people_link(self, segment: Segment) -> str:
        if not segment.pk:
            return "–"
        return format_html(
            '<a href="{}">Open the list in the console</a>', reverse("segments:detail", args=[segment.pk])
        )

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    @admin.action(description="Archive selected lists")
    def archive(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set(
            request, queryset.filter(archived_at__isnull=True, kind=Segment.MANUAL), "archive", timezone.now()
        )

    @admin.action(description="Make selected lists active again")
    def make_active(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set(request, queryset.filter(archived_at__isnull=False), "unarchive", None)

    def _set(self, request: HttpRequest, queryset: QuerySet[Any], verb: str, moment: Any) -> None:
        allowed = [segment for segment in queryset if self.may_write(request, segment)]
        for segment in allowed:
            change(segment, {"archived": moment is not None}, timezone.now())
            self.audit(request, segment, verb)
        self.message_user(request, f"{len(allowed)} lists changed. Campaigns that use them go on.")


@admin.register(RelatedObject)
class RelatedObjectAdmin(ReadOnly, KeysetList, WorkspacePages):
    """Companies, accounts and the like: programs change them over the API, the console shows who is related."""

    workspace_path = "type__workspace"
    list_display = ("external_id", "type", "created_at", "updated_at")
    list_select_related = ("type",)
    search_fields = ("external_id",)
    search_help_text = "The whole external id."
    actions = None
    fields = ("type", "external_id", "attributes", "created_at", "updated_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole ids, which have an index."""
        term = search_term.strip()
        return (queryset.filter(external_id=term) if term else queryset), False


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnly, KeysetList, WorkspacePages):
    """How imports went; the refused rows are in the console, as a page and as CSV."""

    list_display = (
        "file_name",
        "workspace",
        "kind",
        "status",
        "created",
        "updated",
        "refused",
        "created_by",
        "created_at",
    )
    list_select_related = ("workspace", "created_by")
    list_filter = (WorkspaceFilter, "kind", "status")
    actions = None
    fields = (
        "workspace", "kind", "object_type", "file_name", "segment", "status", "error", "encoding", "delimiter", "region",
        "bytes_done", "bytes_total", "records_done", "created", "updated", "unchanged", "related", "refused", "warnings",
        "notes", "created_by", "created_at", "started_at", "finished_at",
    )  # fmt: skip
