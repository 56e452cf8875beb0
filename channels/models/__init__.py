"""Connections, channels, the ledger of deliveries, what is reported back about them, and who wants no more of them."""

from channels.models.agent import Agent
from channels.models.calls import Call
from channels.models.consent import OptOut
from channels.models.device import Device
from channels.models.planned import PlannedMessage
from channels.models.promise import PromisedPerson
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
    "Call",
    "Channel",
    "Connection",
    "Delivery",
    "Device",
    "InAppMessage",
    "Link",
    "OptOut",
    "PlannedMessage",
    "PromisedPerson",
    "ReceivedEvent",
    "SandboxMessage",
    "Site",
    "Suppression",
    "Tally",
]
