"""Deleted campaigns: the rows follow in batches, the campaign's own row last. Its activity stays.

Nobody sees a deleted campaign from the moment it was marked; this only gives the room back.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction

from campaigns.engine.batches import Deadline, only_worker, until_done
from campaigns.models import Campaign, JourneyTally
from channels.models import Channel, Tally

BATCH = 5_000

# What is being sent at this moment is left until its sender has recorded it (or is given up).
_DELIVERIES = """
    WITH gone AS (
        DELETE FROM channels_delivery WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_delivery WHERE channel_id = %(channel)s AND status <> 'sending'
            ORDER BY run, step, person_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING id),
    in_app AS (DELETE FROM channels_inappmessage USING gone WHERE delivery_id = gone.id),
    sandbox AS (DELETE FROM channels_sandboxmessage USING gone WHERE delivery_id = gone.id),
    planned AS (DELETE FROM channels_plannedmessage USING gone WHERE delivery_id = gone.id),
    calls AS (DELETE FROM channels_call USING gone WHERE delivery_id = gone.id)
    SELECT count(*) FROM gone"""

_JOURNEYS = """
    WITH gone AS (
        DELETE FROM campaigns_journey WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM campaigns_journey WHERE campaign_id = %(campaign)s
            ORDER BY person_id, entry LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING id)
    SELECT count(*) FROM gone"""

_PROMISES = """
    WITH gone AS (
        DELETE FROM channels_promisedperson WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_promisedperson WHERE channel_id = %(channel)s
            ORDER BY person_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING person_id)
    SELECT count(*) FROM gone"""

_BY_CAMPAIGN = """
    WITH gone AS (
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM {table} WHERE campaign_id = %(campaign)s
            ORDER BY {order} LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING id)
    SELECT count(*) FROM gone"""
_STRATEGIES = (
    _BY_CAMPAIGN.format(table="campaigns_strategycontact", order="campaign_id, run, person_id"),
    _BY_CAMPAIGN.format(table="campaigns_strategyline", order="campaign_id, id"),
)

_LEFT = """
    SELECT EXISTS (SELECT 1 FROM campaigns_journey WHERE campaign_id = %(campaign)s) OR EXISTS (
        SELECT 1 FROM campaigns_strategycontact WHERE campaign_id = %(campaign)s) OR EXISTS (
        SELECT 1 FROM campaigns_strategyline WHERE campaign_id = %(campaign)s) OR EXISTS (
        SELECT 1 FROM channels_delivery d JOIN channels_channel c ON c.id = d.channel_id
        WHERE c.campaign_id = %(campaign)s) OR EXISTS (
        SELECT 1 FROM channels_promisedperson m JOIN channels_channel c ON c.id = m.channel_id
        WHERE c.campaign_id = %(campaign)s)"""


def purge(campaign_id: int, deadline: Deadline, *, batch: int = BATCH) -> int:
    """Delete the rows of a campaign that is marked as deleted; answers how many went."""
    gone = 0
    for channel_id in Channel.objects.filter(campaign_id=campaign_id).values_list("pk", flat=True):
        values = {"channel": channel_id, "batch": batch}
        gone += until_done(deadline, partial(_delete, campaign_id, _DELIVERIES, values))
        gone += until_done(deadline, partial(_delete, campaign_id, _PROMISES, values))
    for sql in (_JOURNEYS, *_STRATEGIES):
        values = {"campaign": campaign_id, "batch": batch}
        gone += until_done(deadline, partial(_delete, campaign_id, sql, values))
    _delete_campaign(campaign_id)
    return gone


def _delete(campaign_id: int, sql: str, values: dict[str, Any]) -> int:
    with only_worker("sweep", campaign_id) as cursor:
        if cursor is None:
            return 0
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])


def _delete_campaign(campaign_id: int) -> None:
    """The campaign itself, its channels and counts, once nothing else is left of it."""
    with transaction.atomic():
        campaign = (
            Campaign.objects.select_for_update().filter(pk=campaign_id, deleted_at__isnull=False).first()
        )
        if campaign is None:
            return
        with only_worker("sweep", campaign_id) as cursor:
            if cursor is None:
                return
            cursor.execute(_LEFT, {"campaign": campaign_id})
            if cursor.fetchone()[0]:
                return
        Tally.objects.filter(channel__campaign_id=campaign_id).delete()
        JourneyTally.objects.filter(campaign_id=campaign_id).delete()
        campaign.delete()
