"""What the webhook tests share: settings for a sink, and a message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from channels.providers.base import Message
from channels.providers.webhook.provider import WebhookProvider
from tests.channels.provider_kit import message
from tests.sinks.sink import Sink

WEBHOOK = WebhookProvider()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def settings_for(sink: Sink, allowed: tuple[str, ...] = ("127.0.0.0/8",), **changes: Any) -> dict[str, Any]:
    """Cleaned settings that lead to the sink, with the networks that the installation allows."""
    cleaned = WEBHOOK.clean({"url": sink.url, "secret": SECRET, "timeout": 5, **changes})
    return {**cleaned, "allowed_networks": list(allowed)}


def hook(number: int, **changes: Any) -> Message:
    """A message to the connection's own address."""
    return replace(message(number), address="", **changes)
