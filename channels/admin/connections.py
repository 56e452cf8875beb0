"""Connections in the admin: made for a provider, checked, started and stopped; every change is in the activity log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from channels.admin.forms import OWN, form_for, setting_names
from channels.domain import states as s
from channels.domain.kinds import KINDS
from channels.models import Connection
from channels.providers import registry
from channels.providers.base import Provider
from channels.services.connections import check_connection, start_connection, stop_connection
from config.console.admin_access import WorkspacePages
from config.console.admin_lists import WorkspaceFilter

COLOURS = {s.CONNECTION_RUNNING: "green", s.CONNECTION_STOPPED: "secondary", s.CONNECTION_ERROR: "red"}


def provider_named(name: str) -> Provider | None:
    """The provider; None for one that this installation does not have (any more)."""
    try:
        return registry.get(name)
    except LookupError:
        return None


@admin.register(Connection)
class ConnectionAdmin(WorkspacePages):
    """Provider accounts. They are stopped, never deleted here: channels and what was sent name them."""

    write_ability = "edit_connections"
    offers = ("add", "change")
    list_display = (
        "name",
        "workspace",
        "provider_label",
        "state",
        "channels_at_work",
        "rate_per_second",
        "parallelism",
    )
    list_select_related = ("workspace",)
    list_filter = (WorkspaceFilter, "status", "provider")
    search_fields = ("name",)
    actions = ("check_now", "start_now", "stop_now")
    change_form_template = "admin/channels/connection/change_form.html"
    _kept = (
        "provider_label",
        "state",
        "message",
        "checked_at",
        "paused_until",
        "consecutive_failures",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        at_work = Count("channels", filter=Q(channels__status="running"))
        return super().get_queryset(request).annotate(at_work=at_work)

    # --- columns

    @admin.display(description="Provider", ordering="provider")
    def provider_label(self, connection: Connection) -> str:
        provider = provider_named(connection.provider)
        return provider.label if provider else f"{connection.provider} (not installed)"

    @admin.display(description="State", ordering="status")
    def state(self, connection: Connection) -> str:
        colour = COLOURS[connection.status]
        return format_html(
            '<span class="tag tag-{}" title="{}">{}</span>',
            colour,
            connection.message,
            connection.get_status_display(),
        )

    @admin.display(description="Channels at work", ordering="at_work")
    def channels_at_work(self, connection: Any) -> int:
        return connection.at_work

    # --- the form

    def _provider(self, request: HttpRequest, obj: Connection | None) -> Provider | None:
        return provider_named(obj.provider if obj else request.GET.get("provider", ""))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the provider, then its form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        provider = self._provider(request, None)
        if provider is not None:
            return super().add_view(request, form_url, {"title": f"Add connection: {provider.label}"})
        known = [
            (
                provider,
                ", ".join(
                    KINDS[kind].label for kind in KINDS if kind in provider.kinds and KINDS[kind].available
                ),
            )
            for provider in registry.all()
        ]
        values = {
            **self.admin_site.each_context(request),
            "title": "Add connection: what kind of account is it?",
            "opts": self.opts,
            "providers": known,
        }
        return TemplateResponse(request, "admin/channels/connection/providers.html", values)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        provider = self._provider(request, obj)
        if provider is not None:
            kwargs["form"] = form_for(provider, new=obj is None)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        provider = self._provider(request, obj)
        settings = setting_names(provider, obj) if provider and self._may_save(request, obj) else []
        found = [(None, {"fields": ("workspace", *OWN)})]
        if settings:
            found.append(("Settings of the provider", {"fields": settings}))
        return [*found, ("State", {"fields": self._kept})] if obj else found

    def _may_save(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        installed = obj is None or provider_named(obj.provider) is not None
        return installed and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *self._kept) if obj else ()

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """The service has saved it while the form was checked."""
        self.audit(request, obj, "edit" if change else "create", changed=form.changed_names())

    # --- check, start, stop

    def _carry_out(self, request: HttpRequest, connection: Connection, verb: str) -> None:
        now = timezone.now()
        if not self.may_write(request, connection):
            raise PermissionDenied("Your role in this workspace does not allow this.")
        if verb == "check":
            result = check_connection(connection, now)
            level, text = (messages.SUCCESS if result.ok else messages.ERROR), result.message
        elif verb == "start":
            start_connection(connection, now)
            level, text = messages.SUCCESS, "It is running now."
        else:
            stop_connection(connection)
            level, text = messages.SUCCESS, "It is stopped; its channels wait until it is started again."
        self.audit(request, connection, verb, status=connection.status)
        self.message_user(request, f"{connection.name}: {text}", level)

    def verb_view(self, request: HttpRequest, connection_id: int, verb: str) -> HttpResponse:
        """POST from a button on the connection's page."""
        connection = self.get_object(request, str(connection_id))
        if connection is None or verb not in ("check", "start", "stop"):
            raise Http404("There is no such connection.")
        if request.method == "POST":
            self._carry_out(request, connection, verb)
        return HttpResponseRedirect(reverse("admin:channels_connection_change", args=[connection_id]))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.verb_view)
        return [
            path("<int:connection_id>/<slug:verb>-now/", view, name="channels_connection_verb"),
            *super().get_urls(),
        ]

    @admin.action(description="Check selected connections")
    def check_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for connection in queryset:
            self._carry_out(request, connection, "check")

    @admin.action(description="Start selected connections")
    def start_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for connection in queryset:
            self._carry_out(request, connection, "start")

    @admin.action(description="Stop selected connections")
    def stop_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for connection in queryset:
            self._carry_out(request, connection, "stop")
