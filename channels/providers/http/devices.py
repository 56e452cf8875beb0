"""One message to all devices of a person: sent as soon as one of them has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from channels.providers.base import DeviceAddress, Message, Outcome

#: Which device's fate is the message's, best first. A doubt comes before a refusal for now: trying again could
#: show the message twice.
_ORDER = ("sent", "unknown", "retry", "failed", "released")


def gone(device: DeviceAddress, detail: str) -> Outcome:
    """The service does not know the device any more."""
    return replace(Outcome.failed("no_device", detail), dead_devices=(device.id,))


async def to_every_device(
    message: Message, call: Callable[[Message, DeviceAddress], Awaitable[Outcome]]
) -> Outcome:
    """Call once for each device, all at once, and put the outcomes together."""
    if not message.devices:
        return Outcome.failed("no_device", "The person has no device.")
    return together(await asyncio.gather(*(call(message, device) for device in message.devices)))


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a message whose devices ended like this; at least one."""
    best = min(outcomes, key=lambda outcome: _ORDER.index(outcome.kind))
    dead = tuple(device for outcome in outcomes for device in outcome.dead_devices)
    if best.kind == "sent":
        taken = sum(outcome.kind == "sent" for outcome in outcomes)
        lost = f"{taken} of {len(outcomes)} devices have taken it." if taken < len(outcomes) else ""
        return replace(best, detail=lost, dead_devices=dead)
    if len(outcomes) > 1 and len(dead) == len(outcomes):
        best = Outcome.failed("no_device", f"None of {len(outcomes)} devices is registered any more.")
    return replace(best, dead_devices=dead)
