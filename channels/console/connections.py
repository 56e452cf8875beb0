"""/channels/: the provider accounts of a workspace: health, settings, a check, start and stop, the sandbox's outbox."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView, View

from channels.console.forms import PREFIX, ConnectionForm, hours_initial
from channels.console.looks import look_of
from channels.domain.hours import read_hours
from channels.domain.kinds import KINDS
from channels.models import Connection, SandboxMessage
from channels.providers import registry
from channels.providers.base import Provider
from channels.services.connections import (
    check_connection,
    create_connection,
    secrets_set,
    shown_settings,
    start_connection,
    stop_connection,
    update_connection,
)
from channels.services.errors import ChannelError
from channels.services.receipts import hook_address
from config.console.access import MemberPage
from config.console.paging import keyset_page
from config.console.views import DetailPage, FormPage, ListPage, go_to


def provider_of(connection: Connection) -> Provider | None:
    """The provider; None for one that this installation does not have any more."""
    try:
        return registry.get(connection.provider)
    except LookupError:
        return None


class ConnectionList(ListPage):
    """All connections with their state."""

    template_name = "channels/connections.html"
    order = ("id",)

    def rows(self) -> QuerySet[Any]:
        running = Q(channels__status="running")
        found = Connection.objects.filter(workspace=self.workspace)
        return found.annotate(used=Count("channels"), busy=Count("channels", filter=running))

    def decorate(self, rows: list[Any]) -> list[Any]:
        for row in rows:
            row.look, row.provider_shown = look_of(row), provider_of(row)
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(may_edit=self.may("edit_connections"), **kwargs)


class ChooseProvider(MemberPage, TemplateView):
    """What kind of account is it?"""

    template_name = "channels/choose_provider.html"
    ability = "edit_connections"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        providers = [
            {"provider": provider, "kinds": [KINDS[key] for key in KINDS if key in provider.kinds and KINDS[key].available]}
            for provider in registry.all()
        ]  # fmt: skip
        return super().get_context_data(providers=providers, **kwargs)


class EditConnection(FormPage):
    """Make a connection of a provider, or change one."""

    template_name = "channels/connection_form.html"
    ability = write_ability = "edit_connections"
    refusals = (ChannelError,)

    @property
    def connection(self) -> Connection | None:
        if "pk" not in self.kwargs:
            return None
        return get_object_or_404(Connection, workspace=self.workspace, pk=self.kwargs["pk"])

    @property
    def provider(self) -> Provider:
        connection = self.connection
        try:
            return registry.get(connection.provider if connection else self.kwargs["provider"])
        except LookupError:
            raise Http404 from None

    def make_form(self, data: Any = None, files: Any = None) -> ConnectionForm:
        connection = self.connection
        initial: dict[str, Any] = {}
        secrets: list[str] = []
        if connection:
            initial = {PREFIX + name: value for name, value in shown_settings(connection).items()}
            own = ("name", "rate_per_second", "parallelism", "tracking")
            initial |= {name: getattr(connection, name) for name in own}
            initial |= hours_initial(connection.hours)
            secrets = secrets_set(connection)
        return ConnectionForm(data, provider=self.provider, secrets=secrets, initial=initial)

    def context(self) -> dict[str, Any]:
        connection = self.connection
        here = (
            reverse("connections:detail", args=[connection.pk]) if connection else reverse("connections:list")
        )
        title = f"Edit “{connection.name}”" if connection else f"New connection: {self.provider.label}"
        return {"title": title, "back_url": here, "back_label": connection.name if connection else "Channels",
                "verb": "Save the connection"}  # fmt: skip

    def save(self, form: Any) -> str:
        connection = self.connection
        if connection:
            connection = update_connection(connection, form.payload())
        else:
            connection = create_connection(
                self.workspace.pk, {**form.payload(), "provider": self.provider.name}
            )
        messages.success(
            self.request, f"“{connection.name}” has been saved. Check it before you send through it."
        )
        return reverse("connections:detail", args=[connection.pk])

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        form.take_errors(getattr(refusal, "fields", {}))
        return self.show(form, getattr(refusal, "status", 409))


class ConnectionPage(DetailPage):
    """One connection: what it is, how it is, and, of a sandbox, what it was given to send."""

    template_name = "channels/connection.html"
    context_name = "connection"

    def objects(self) -> QuerySet[Any]:
        return Connection.objects.filter(workspace=self.workspace)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        connection = self.object
        provider = provider_of(connection)
        settings = shown_settings(connection)
        secrets = secrets_set(connection)
        shown = [
            {"label": f.label, "value": "Set" if f.name in secrets else "" if f.type == "secret" else settings.get(f.name)}
            for f in (provider.fields if provider else ())
        ]  # fmt: skip
        return {
            **context,
            "look": look_of(connection),
            "provider": provider,
            "kinds": [KINDS[key] for key in KINDS if provider and key in provider.kinds and KINDS[key].available],
            "settings_shown": shown,
            "hook_url": hook_address(connection),
            "counts_visits": bool(provider) and "email" in provider.kinds,
            "hours": read_hours(connection.hours),
            "has_outbox": bool(provider) and provider.store == "sandbox",
            "may_edit": self.may("edit_connections"),
        }  # fmt: skip


class ConnectionAction(MemberPage, View):
    """check, start, stop: by POST, back to the connection."""

    http_method_names = ["post"]
    ability = "edit_connections"

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        connection = get_object_or_404(Connection, workspace=self.workspace, pk=pk)
        now = timezone.now()
        if action == "check":
            result = check_connection(connection, now)
            (messages.success if result.ok else messages.error)(
                request, f"{connection.name}: {result.message}"
            )
        elif action == "start":
            start_connection(connection, now)
            messages.success(request, f"“{connection.name}” is running now.")
        elif action == "stop":
            stop_connection(connection)
            messages.success(
                request, f"“{connection.name}” is stopped. Its channels wait until it is started again."
            )
        else:
            raise Http404
        return go_to(request, reverse("connections:detail", args=[connection.pk]))


class Outbox(DetailPage):
    """What a sandbox was given to send, newest first."""

    template_name = "channels/outbox.html"
    context_name = "connection"

    def objects(self) -> QuerySet[Any]:
        return Connection.objects.filter(workspace=self.workspace)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        provider = provider_of(self.object)
        if provider is None or provider.store != "sandbox":
            raise Http404
        rows = SandboxMessage.objects.filter(connection=self.object).select_related("delivery")
        if words := self.request.GET.get("q", "").strip():
            rows = rows.filter(address__startswith=words)
        page = keyset_page(rows, ["-delivery_id"], self.request.GET.get("cursor", ""), 30)
        entries = [{"message": row, "kind": KINDS.get(row.kind)} for row in page.rows]
        return {**context, "page": page, "entries": entries}
