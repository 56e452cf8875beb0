"""Connections, channels, the ledger of deliveries, what is reported back about them, and who wants no more of them."""

from channels.models.agent import Agent
from channels.models.consent import OptOut
from channels.models.device import Device
from channels.models.receiving import Link, ReceivedEvent
from channels.models.sending import (
    Channel,
    Connection,
    Delivery,
    InAppMessage,
    SandboxMessage,
    Suppression,
    Tally,
)
from channels.models.site import Site

__all__ = [
    "Agent",
    "Channel",
    "Connection",
    "Delivery",
    "Device",
    "InAppMessage",
    "Link",
    "OptOut",
    "ReceivedEvent",
    "SandboxMessage",
    "Site",
    "Suppression",
    "Tally",
]
