"""All that one dispatch of a channel needs to know about the channel, its campaign and its connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from channels.domain.hours import ANY_HOUR, Hours, read_hours
from channels.domain.kinds import KINDS, displayed_kinds
from channels.domain.secrets import SecretsUnreadable, decrypt
from channels.domain.states import TRACKING_OFF
from channels.engine.tokens import hook_url
from channels.models import Channel, Connection
from channels.providers import registry
from channels.providers.base import Provider, ReceivesReceipts, SettingsError

#: Of a channel without a connection: messages that stay in our own database.
OWN_PROVIDERS = dict.fromkeys(displayed_kinds(), "in_app")
OWN_PARALLELISM = 4
#: One worker reaches this many messages a second with ease; a connection limited to less is left to one.
ONE_WORKER_RATE = 500


class CannotSend(Exception):
    """The connection cannot be used; the message says why, for the person who set it up."""


@dataclass(frozen=True, slots=True)
class Line:
    """A channel with the provider it sends through and the provider's settings, secrets included."""

    channel_id: int
    channel_kind: str
    campaign_id: int
    workspace_id: int
    connection_id: int | None
    parallelism: int
    provider: Provider
    settings: dict[str, Any]
    one_worker: bool = False
    """Its rate limit is so low that a second worker could only wait beside the first."""
    tracking: str = TRACKING_OFF
    """Which e-mails have tracked links and a pixel."""
    hours: Hours = ANY_HOUR
    """When it may send; ``home_zone`` is the workspace's."""
    home_zone: str = "UTC"
    planned: bool = False
    """Each of its messages was planned by a strategy (python campaigns): texts, values and windows of its own."""

    @property
    def address_kind(self) -> str:
        """email, phone or none: what a person of this channel is reached at."""
        address = KINDS[self.channel_kind].address
        return address if address in ("email", "phone") else "none"

    @property
    def to_devices(self) -> bool:
        """Whether it reaches devices that people have registered."""
        return KINDS[self.channel_kind].address == "device"

    @property
    def lease_seconds(self) -> float:
        """How long a claimed message may stay unreported: beyond the provider's own time-outs."""
        return settings.DISPATCH_LEASE_SECONDS + 2 * float(self.settings.get("timeout") or 0)

    @property
    def mail_domain(self) -> str:
        """The right-hand side of a Message-ID: the sender's domain, else the console's."""
        domain = str(self.settings.get("from_address") or "").rpartition("@")[2]
        return domain or urlsplit(settings.SITE_URL).hostname or "localhost"


def find_line(channel_id: int) -> Line | None:
    """The line of a channel; None where there is no such channel. Raises `CannotSend`."""
    channel = (
        Channel.objects.filter(pk=channel_id)
        .values_list(
            "kind", "campaign_id", "campaign__workspace_id", "campaign__workspace__timezone", "campaign__kind"
        )
        .first()
    )
    if channel is None:
        return None
    kind, campaign_id, workspace_id, home_zone, campaign_kind = channel
    connection = Connection.objects.filter(channels__pk=channel_id).first()
    provider, options = open_settings(connection) if connection else own_provider(kind)
    return Line(
        channel_id,
        kind,
        campaign_id,
        workspace_id,
        connection.pk if connection else None,
        connection.parallelism if connection else OWN_PARALLELISM,
        provider,
        options,
        bool(connection and connection.rate_per_second and connection.rate_per_second <= ONE_WORKER_RATE),
        connection.tracking if connection and kind == "email" else TRACKING_OFF,
        read_hours(connection.hours) if connection else ANY_HOUR,
        home_zone,
        campaign_kind == "python",
    )


def own_provider(kind: str) -> tuple[Provider, dict[str, Any]]:
    """The provider of a kind that needs no account. Raises `CannotSend`."""
    if kind not in OWN_PROVIDERS:
        raise CannotSend("The channel has no connection.")
    return registry.get(OWN_PROVIDERS[kind]), {}


def open_settings(connection: Connection) -> tuple[Provider, dict[str, Any]]:
    """A connection's provider and its complete settings, ready for use. Raises `CannotSend`."""
    try:
        provider = registry.get(connection.provider)
        stored = {**connection.settings, **decrypt(connection.secrets, secret_keys())}
        options = provider.clean(stored)
    except (registry.UnknownProvider, SecretsUnreadable, SettingsError) as problem:
        raise CannotSend(str(problem).strip("'")) from problem
    if settings.WEBHOOK_ALLOWED_NETWORKS:
        options["allowed_networks"] = list(settings.WEBHOOK_ALLOWED_NETWORKS)
    if isinstance(provider, ReceivesReceipts):
        options["receipts_url"] = hook_url(connection.pk)
    return provider, options


def secret_keys() -> Sequence[str]:
    """What secrets of connections are encrypted with, newest first."""
    return settings.CONNECTION_SECRET_KEYS or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
