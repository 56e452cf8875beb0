"""Connections: one function for each provider that a test may send through."""

from __future__ import annotations

from typing import Any

import factory
from django.conf import settings as django_settings
from factory.django import DjangoModelFactory

from campaigns.models import Workspace
from channels.domain import secrets
from channels.models import Connection
from channels.providers import registry
from tests.factories.workspaces import WorkspaceFactory


class ConnectionFactory(DjangoModelFactory):
    """A running connection. ``settings`` are cleaned by its provider; secrets among them are kept encrypted."""

    class Meta:
        model = Connection

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda number: f"Connection {number}")
    provider = "sandbox"
    settings = factory.LazyFunction(dict)

    @classmethod
    def _create(cls, model_class: type[Connection], *args: object, **values: Any) -> Connection:
        provider = registry.get(values["provider"])
        cleaned = provider.clean(values["settings"])
        hidden = {
            f.name: cleaned.pop(f.name) for f in provider.fields if f.type == "secret" and f.name in cleaned
        }
        keys = [*django_settings.CONNECTION_SECRET_KEYS] or [django_settings.SECRET_KEY]
        given = {name: value for name, value in hidden.items() if value}
        values["settings"] = cleaned
        values.setdefault("secrets", secrets.encrypt(given, keys) if given else "")
        return super()._create(model_class, *args, **values)


def sandbox_connection(workspace: Workspace, **settings: Any) -> Connection:
    """One that keeps what it "sends"; ``settings`` are the sandbox's (fail_rate, delay_ms …)."""
    return ConnectionFactory(workspace=workspace, provider="sandbox", settings=settings)


def in_app_connection(workspace: Workspace) -> Connection:
    """The inbox in our own database."""
    return ConnectionFactory(workspace=workspace, provider="in_app")


def smtp_connection(workspace: Workspace, port: int, **settings: Any) -> Connection:
    """A mail server on this machine, without encryption or log-in."""
    plain = {"host": "127.0.0.1", "port": port, "security": "none", "from_address": "news@example.test"}
    return ConnectionFactory(workspace=workspace, provider="smtp", settings=plain | settings)


def webhook_connection(workspace: Workspace, url: str, **settings: Any) -> Connection:
    """An address that takes HTTP POST."""
    return ConnectionFactory(workspace=workspace, provider="webhook", settings={"url": url} | settings)
