"""Loads the facts that the guards ask for: for any number of campaigns, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Sum

from approvals.models import Request
from campaigns.domain import states as s
from campaigns.domain.guards import ChannelFacts, Facts
from campaigns.domain.workflow import workflow_problem
from campaigns.models import Activity, Campaign, Membership
from channels.domain import states as cs
from channels.domain.content import validate
from channels.domain.kinds import KINDS
from channels.models import Channel, Tally

#: What puts something into a campaign, as the activity log names it.
_EDITS = ("create", "edit", "add_channel", "edit_channel")


def connection_problem(channel: Channel) -> str:
    """Why this channel cannot send now, or ""."""
    label = KINDS[channel.kind].label
    connection = channel.connection
    if connection is None:
        return f"{label} has no connection: choose one under What."
    if connection.status == cs.CONNECTION_STOPPED:
        return f"The connection “{connection.name}” is stopped: start it under Channels."
    if connection.status == cs.CONNECTION_ERROR:
        return f"The connection “{connection.name}” has an error: {connection.message}"
    return ""


def channel_facts(channel: Channel, campaign_kind: str) -> ChannelFacts:
    """The facts of one channel; in a journey the workflow carries the content, not the channel."""
    label = KINDS[channel.kind].label
    problems = {} if campaign_kind in ("journey", "flow") else validate(channel.kind, channel.content)
    content = next((f"{label}, {name}: {message}" for name, message in problems.items()), "")
    return ChannelFacts(label, channel.status, content, connection_problem(channel))


def facts_for(campaigns: Sequence[Campaign], membership: Membership | None) -> dict[int, Facts]:
    """Facts by campaign id: at most three queries, however many campaigns."""
    channels: dict[int, list[Channel]] = defaultdict(list)
    ids = [campaign.pk for campaign in campaigns]
    for channel in (
        Channel.objects.filter(campaign_id__in=ids).select_related("connection").order_by("position", "id")
    ):
        channels[channel.campaign_id].append(channel)
    unsent = _unsent(channel for c in campaigns if c.status == s.STOPPED for channel in channels[c.pk])
    pending = [c.pk for c in campaigns if c.status == s.PENDING_APPROVAL]
    waiting = _open_requests(pending)
    return {
        campaign.pk: Facts(
            has_audience=has_audience(campaign),
            channels=tuple(channel_facts(channel, campaign.kind) for channel in channels[campaign.pk]),
            workflow_problem=_workflow_problem(campaign, channels[campaign.pk]),
            sweeping=bool(campaign.sweep) or any(channel.sweep for channel in channels[campaign.pk]),
            unsent=sum(
                unsent.get(channel.pk, 0) + (not channel.enrolled) for channel in channels[campaign.pk]
            ),
            has_active_flow=any(flow.get("active") for flow in campaign.flows),
            has_strategy=bool(campaign.strategy),
            requested_by=waiting[campaign.pk][0] if campaign.pk in waiting else None,
            authors=waiting[campaign.pk][1] if campaign.pk in waiting else frozenset(),
            actor=membership.user_id if membership else None,
        )
        for campaign in campaigns
    }


def _open_requests(campaign_ids: Sequence[int]) -> dict[int, tuple[int, frozenset[int]]]:
    """Who has asked for approval and who made or edited it, by campaign id; no query where nothing waits."""
    if not campaign_ids:
        return {}
    edits = Activity.objects.filter(
        campaign_id=OuterRef("campaign_id"), action__in=_EDITS, actor__isnull=False
    ).values("actor_id")
    found = Request.objects.filter(campaign_id__in=campaign_ids, status=Request.OPEN)
    rows = found.annotate(made_by=ArraySubquery(edits)).values_list(
        "campaign_id", "requested_by_id", "made_by"
    )
    return {campaign_id: (asked, frozenset(authors)) for campaign_id, asked, authors in rows}


def has_audience(campaign: Campaign) -> bool:
    """Whether somebody has been chosen: a list, or a segment trigger with at least one *in*."""
    return campaign.segment_id is not None or bool(campaign.trigger.get("in"))


def _workflow_problem(campaign: Campaign, channels: list[Channel]) -> str:
    if campaign.kind != "journey":
        return ""
    return workflow_problem(campaign.workflow, {channel.kind for channel in channels})


def _unsent(channels: Iterable[Channel]) -> dict[int, int]:
    """How many messages a restart would send again into the queue: cancelled by a stop, by channel id."""
    ids = [channel.pk for channel in channels]
    if not ids:
        return {}
    rows = Tally.objects.filter(channel_id__in=ids, status__in=(cs.CANCELLED, cs.PENDING))
    return dict(rows.values("channel_id").annotate(total=Sum("n")).values_list("channel_id", "total"))
