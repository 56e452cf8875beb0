"""Which providers there are. To add one: write the class, name it in `PROVIDERS`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from channels.providers.base import Provider

PROVIDERS: tuple[str, ...] = (
    "channels.providers.smtp.provider:SmtpProvider",
    "channels.providers.anymail.provider:AnymailProvider",
    "channels.providers.twilio.provider:TwilioProvider",
    "channels.providers.vonage.provider:VonageProvider",
    "channels.providers.fcm.provider:FcmProvider",
    "channels.providers.web_push.provider:WebPushProvider",
    "channels.providers.slack.provider:SlackProvider",
    "channels.providers.webhook.provider:WebhookProvider",
    "channels.providers.partner.provider:PartnerProvider",
    "channels.providers.facebook.provider:FacebookProvider",
    "channels.providers.google_ads.provider:GoogleAdsProvider",
    "channels.providers.tiktok.provider:TikTokProvider",
    "channels.providers.inapp.provider:InAppProvider",
    "channels.providers.sandbox.provider:SandboxProvider",
)
"""Import paths, ``module:Class``, in the order in which people see them. Imported on first use, so that
a process that only serves pages does not load every provider's client library."""


class UnknownProvider(LookupError):
    """No provider has this name."""


@cache
def _providers() -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    for path in PROVIDERS:
        module, _, class_name = path.partition(":")
        provider = getattr(import_module(module), class_name)()
        found[provider.name] = provider
    return found


def get(name: str) -> Provider:
    """The provider of this name; raises `UnknownProvider`."""
    try:
        return _providers()[name]
    except KeyError:
        raise UnknownProvider(f"There is no provider called {name!r}.") from None


def all() -> tuple[Provider, ...]:
    """Every provider, in the order of `PROVIDERS`."""
    return tuple(_providers().values())


def for_kind(kind: str) -> tuple[Provider, ...]:
    """The providers that can serve this kind of channel."""
    return tuple(provider for provider in _providers().values() if kind in provider.kinds)
