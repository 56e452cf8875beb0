"""Receipts: a provider's call is verified, stored and answered; a duty applies what was stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.engine.applying import apply_received, forget_received
from channels.engine.lines import CannotSend, open_settings
from channels.engine.receiving import store_receipts
from channels.engine.tokens import hook_url, read_hook
from channels.models import Connection
from channels.providers import registry
from channels.providers.base import ForgedReceipt, ReceivesReceipts
from channels.services.errors import ChannelError

#: The largest call that is read; providers send some kilobytes.
MOST_BYTES = 1024 * 1024


class NoSuchHook(ChannelError):
    """Nothing is reported to this address."""

    code, status = "not_found", 404


class Forged(ChannelError):
    """The call is not signed as the provider signs."""

    code, status = "forged", 403


class Unreadable(ChannelError):
    """The call is signed, but is not what the provider documents."""

    code, status = "invalid", 400


def receive(token: str, headers: Mapping[str, str], body: bytes, url: str, now: datetime) -> int:
    """Store what a provider reports in one call; answers how much of it was new.

    ``headers`` with lower-case names. Raises `NoSuchHook`, `Forged` or `Unreadable`.
    """
    connection = Connection.objects.filter(pk=read_hook(token) or 0).first()
    if connection is None:
        raise NoSuchHook("There is no such address.")
    try:
        provider, options = open_settings(connection)
    except CannotSend as problem:
        raise NoSuchHook(str(problem)) from None
    if not isinstance(provider, ReceivesReceipts):
        raise NoSuchHook("This provider reports nothing.")
    try:
        receipts = provider.receipts(options, headers, body, url, now)
    except ForgedReceipt as problem:
        raise Forged(str(problem)) from None
    except (ValueError, KeyError, TypeError) as problem:
        raise Unreadable(f"The call cannot be read: {problem}"[:300]) from None
    return store_receipts(connection.pk, receipts, now)


def hook_address(connection: Connection) -> str:
    """Where the provider of this connection reports to; "" for one that reports nothing."""
    try:
        provider = registry.get(connection.provider)
    except registry.UnknownProvider:
        return ""
    return hook_url(connection.pk) if isinstance(provider, ReceivesReceipts) else ""


def apply_duty(now: datetime) -> dict[str, Any]:
    """Apply what has been reported, and forget what is very old."""
    return {**apply_received(now), "forgotten": forget_received(now)}
