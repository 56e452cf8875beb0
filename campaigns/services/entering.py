"""Opening the doors of a journey: who may enter from now on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from campaigns.models import Campaign
from channels.domain import states as cs
from channels.models import Channel, Delivery


def open_doors(campaign: Campaign, audience: str, now: datetime) -> None:
    """``current``: a wave over everybody of the audience, then additions; ``future``: additions after now only.

    The engine walks the wave behind ``enter_cursor``; -1 means that no wave is going on.
    """
    campaign.enter_since = now
    campaign.enter_round += 1
    campaign.enter_cursor = 0 if audience == "current" else -1


def anyone_to_send(channels: Iterable[Channel]) -> bool:
    """Whether a message still waits or is on its way."""
    ids = [channel.pk for channel in channels]
    return Delivery.objects.filter(channel_id__in=ids, status__in=cs.DELIVERY_UNFINISHED).exists()
