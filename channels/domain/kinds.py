"""The catalogue of channel kinds, as data: what each is called and can do. No behaviour lives here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AddressType = Literal["email", "phone", "contact", "device", "none"]


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One kind of channel."""

    key: str
    label: str
    icon: str
    """Name of a Tabler icon, without the prefix ``ti-``."""
    address: AddressType
    """What a person must have to be reached. ``contact``: an email address or a number, ``device``: a device of this kind
    that they have registered, ``none``: being known is enough."""
    available: bool = True
    """Whether an installation can use it now; the others are shown as not available yet."""
    recallable: bool = False
    """A message sent but not opened can be taken back."""
    restartable: bool = True
    """What a stop cancelled can go out after a restart."""
    displayed: bool = False
    """It waits in the customer's app or site until the person comes by, instead of being pushed to them."""
    can_error: bool = True
    """It depends on an account outside of this installation, which can break."""


def _catalogue(*kinds: ChannelKind) -> dict[str, ChannelKind]:
    return {kind.key: kind for kind in kinds}


def _displayed(key: str, label: str, icon: str) -> ChannelKind:
    """Served from our own database (see services/displayed.py), so it can be taken back and depends on nobody."""
    return ChannelKind(key, label, icon, "none", recallable=True, displayed=True, can_error=False)


KINDS: dict[str, ChannelKind] = _catalogue(
    ChannelKind("email", "Email", "mail", "email"),
    ChannelKind("sms", "SMS", "message", "phone"),
    ChannelKind("voice", "Voice call", "phone-call", "phone", restartable=False),
    ChannelKind("webhook", "Webhook", "webhook", "none"),
    _displayed("in_app", "In-app message", "device-mobile-message"),
    _displayed("app_inbox", "App inbox", "inbox"),
    ChannelKind("push", "Push notification", "bell", "device"),
    ChannelKind("web_push", "Web push", "world-bolt", "device"),
    _displayed("web_popup", "Web pop-up", "app-window"),
    _displayed("web_exit_intent", "Web exit intent", "door-exit"),
    _displayed("native_display", "Native display", "layout-cards"),
    _displayed("web_native_display", "Web native display", "layout-board"),
    ChannelKind("whatsapp", "WhatsApp", "brand-whatsapp", "phone"),
    ChannelKind("slack", "Slack", "brand-slack", "none"),
    ChannelKind("partner", "Partner", "affiliate", "none"),
    ChannelKind("facebook_audience", "Facebook audience", "brand-facebook", "contact"),
    ChannelKind("google_ads_audience", "Google Ads audience", "brand-google", "contact"),
    ChannelKind("tiktok_audience", "TikTok audience", "brand-tiktok", "contact"),
)


def available_kinds() -> tuple[ChannelKind, ...]:
    """The kinds that can be used now, in the catalogue's order."""
    return tuple(kind for kind in KINDS.values() if kind.available)


def displayed_kinds() -> frozenset[str]:
    """The kinds that wait in our own database until the person comes by."""
    return frozenset(kind.key for kind in KINDS.values() if kind.displayed)
