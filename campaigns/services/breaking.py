"""What becomes of campaigns whose connection or agent is down: voice blasts and flows err, channels of outreach wait."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.services import actions
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import fail_channel
from campaigns.services.errors import ActionError
from campaigns.services.facts import connection_problem
from channels.domain import states as cs
from channels.models import Channel

log = logging.getLogger(__name__)

#: A channel of an outreach campaign waits for so many checks of its connection before it errs: most outages pass, and
#: then it goes on by itself. Calls do not wait: whoever is called an hour late is called at another time of the day.
MOST_CHECKS = 3


def fail_broken(now: datetime) -> dict[str, Any]:
    """Voice blasts whose connection has an error end in Errored (seed 001); channels of outreach wait for a Retry.

    Flows err as soon as a connection or agent that they use does not run, whoever stopped it (seed 002, Error).
    """
    broken = Channel.objects.filter(
        status=cs.RUNNING,
        campaign__status="running",
        campaign__deleted_at__isnull=True,
        connection__status=cs.CONNECTION_ERROR,
    ).select_related("connection")
    failed = [_fail_campaign(channel, now) for channel in broken.filter(campaign__kind="voice")]
    failed += [_fail_campaign(channel, now) for channel in _down_flows()]
    lasting = Q(kind="voice") | Q(connection__consecutive_failures__gte=MOST_CHECKS)
    channels = broken.filter(lasting, campaign__kind="outreach").values_list("pk", flat=True)
    return {
        "failed": list(dict.fromkeys(pk for pk in failed if pk)),
        "channels": [pk for pk in list(channels) if _fail_channel(pk, now)],
    }


def _down_flows() -> QuerySet[Channel]:
    """For each flow campaign that cannot go on, the first channel that is why."""
    down = ~Q(connection__status=cs.CONNECTION_RUNNING) | Q(connection__isnull=True)
    down |= Q(agent__isnull=False) & ~Q(agent__status=cs.CONNECTION_RUNNING)
    found = Channel.objects.filter(
        down, campaign__kind="flow", campaign__status="running", campaign__deleted_at__isnull=True
    )
    in_order = found.order_by("campaign_id", "position", "pk").distinct("campaign_id")
    return in_order.select_related("connection", "agent")


def _fail_campaign(channel: Channel, now: datetime) -> int | None:
    cause = connection_problem(channel)
    try:
        actions.perform("fail", channel.campaign_id, Actor.system(), params={"reason": cause}, now=now)
    except ActionError as refusal:
        log.info("Failing campaign %s: %s", channel.campaign_id, refusal.message)
        return None
    except Exception:
        log.exception("Failing campaign %s failed", channel.campaign_id)
        return None
    return channel.campaign_id


def _fail_channel(channel_id: int, now: datetime) -> bool:
    try:
        return fail_channel(channel_id, now)
    except ActionError as refusal:
        log.info("Failing channel %s: %s", channel_id, refusal.message)
    except Exception:
        log.exception("Failing channel %s failed", channel_id)
    return False
