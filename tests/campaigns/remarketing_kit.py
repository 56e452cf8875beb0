"""A finished channel with a ledger row of every sort, and channels made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from campaigns.models import Campaign, Membership
from campaigns.services import duties
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import perform_channel
from channels.models import Channel, Delivery, PromisedPerson
from tests.factories import NOW

InState = Callable[..., Campaign]
LATER = NOW + timedelta(hours=1)
SMS = {"kind": "sms", "content": {"body": "Hello {{ person.first_name }}"}}

#: A ledger row of every sort, with the outcomes that it has for any kind of channel that has them.
ROWS: list[tuple[dict[str, Any], set[str]]] = [
    ({"status": "sent"}, {"not_delivered", "unseen", "not_converted"}),
    ({"status": "sent", "delivered_at": NOW}, {"not_opened", "unseen", "answered", "not_converted"}),
    ({"status": "sent", "opened_at": NOW}, {"not_clicked", "not_converted"}),
    (
        {"status": "sent", "delivered_at": NOW, "opened_at": NOW},
        {"not_clicked", "answered", "not_converted"},
    ),
    ({"status": "sent", "clicked_at": NOW}, {"clicked_not_converted", "not_converted"}),
    ({"status": "sent", "opened_at": NOW, "clicked_at": NOW, "converted_at": NOW}, {"converted"}),
    ({"status": "failed", "reason": "bounced"}, {"failed"}),
    ({"status": "failed", "reason": "complained"}, set()),
    ({"status": "failed", "reason": "person_deleted"}, set()),
    ({"status": "failed", "reason": "busy"}, {"busy", "not_answered"}),
    ({"status": "failed", "reason": "no_answer"}, {"no_answer", "not_answered"}),
    ({"status": "failed", "reason": "machine"}, {"machine", "not_answered"}),
    ({"status": "skipped", "reason": "no_address"}, {"no_address"}),
    ({"status": "skipped", "reason": "no_device"}, {"no_address"}),
    ({"status": "skipped", "reason": "unsubscribed"}, set()),
    ({"status": "skipped", "reason": "suppressed"}, set()),
    ({"status": "skipped", "reason": "duplicate_address"}, set()),
    ({"status": "skipped", "reason": "frequency_cap"}, {"left_out"}),
    ({"status": "skipped", "reason": "no_hour"}, {"left_out"}),
    ({"status": "cancelled", "reason": "stopped"}, {"not_sent"}),
    ({"status": "unknown", "reason": "in_doubt"}, {"unknown"}),
]


def finished_channel(in_state: InState) -> Channel:
    """An email channel that has completed, with a row of every sort."""
    campaign = in_state("outreach", "running", people=len(ROWS))
    duties.work_on(campaign.pk, NOW)
    channel = campaign.channels.get()
    for delivery, (values, _) in zip(channel.deliveries.order_by("person_id"), ROWS, strict=True):
        Delivery.objects.filter(pk=delivery.pk).update(**values)
    assert duties.settle(NOW)["channels_completed"] == [channel.pk]
    return Channel.objects.get(pk=channel.pk)


def remarket(channel: Channel, actor: Membership, outcome: str, **more: Any) -> Channel:
    values = {**SMS, "connection": channel.connection_id, "outcome": outcome} | more
    return perform_channel("remarket", channel.pk, Actor.member(actor), params=values, now=LATER)


def promised(channel: Channel) -> list[int]:
    found = PromisedPerson.objects.filter(channel=channel).order_by("person_id")
    return list(found.values_list("person_id", flat=True))


def by_hand(channel: Channel, outcome: str) -> list[int]:
    """The people whose row says so, by the table above."""
    rows = channel.deliveries.order_by("person_id").values_list("person_id", flat=True)
    return [person for person, (_, has) in zip(rows, ROWS, strict=True) if outcome in has]
