"""Loads the facts that the guards ask for: for any number of campaigns, in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Sum

from approvals.models import Decision, Policy, Request
from campaigns.domain import states as s
from campaigns.domain.approval import LIVE_STATUSES, Approval
from campaigns.domain.guards import ChannelFacts, Facts
from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.workflow import workflow_problem
from campaigns.engine import audience, audience_counts
from campaigns.engine.rechecking import RECHECK
from campaigns.engine.segments import filling_of
from campaigns.models import Campaign, Membership
from campaigns.services.snapshots import hash_of
from campaigns.services.strategies import strategy_problem
from channels.domain import states as cs
from channels.domain.content import validate
from channels.domain.kinds import KINDS
from channels.models import Channel, Tally

#: Statuses in which a request may be open.
_MAY_WAIT = (s.PENDING_APPROVAL, *LIVE_STATUSES)
_WORKSPACE = Campaign._meta.get_field("workspace")
_POLICY = Policy._meta.get_field("workspace").remote_field


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
    return _agent_problem(channel)


def _agent_problem(channel: Channel) -> str:
    """Why the automated sender that the channel names does not work, or ""."""
    agent = channel.agent
    if agent is None or agent.status == cs.CONNECTION_RUNNING:
        return ""
    if agent.status == cs.CONNECTION_STOPPED:
        return f"The agent “{agent.name}” is stopped: start it under Channels > Agents."
    return f"The agent “{agent.name}” has an error: {agent.message}"


def channel_facts(channel: Channel, campaign_kind: str) -> ChannelFacts:
    """The facts of one channel; in a journey the workflow carries the content, not the channel."""
    label = KINDS[channel.kind].label
    problems = {} if campaign_kind in BY_STEPS else validate(channel.kind, channel.content)
    content = next((f"{label}, {name}: {message}" for name, message in problems.items()), "")
    return ChannelFacts(label, channel.status, content, connection_problem(channel))


def facts_for(campaigns: Sequence[Campaign], membership: Membership | None) -> dict[int, Facts]:
    """Facts by campaign id: a fixed number of queries, however many campaigns."""
    channels: dict[int, list[Channel]] = defaultdict(list)
    ids = [campaign.pk for campaign in campaigns]
    for channel in (
        Channel.objects.filter(campaign_id__in=ids)
        .select_related("connection", "agent")
        .order_by("position", "id")
    ):
        channels[channel.campaign_id].append(channel)
    unsent = _unsent(channel for c in campaigns if c.status == s.STOPPED for channel in channels[c.pk])
    waiting = _open_requests([c.pk for c in campaigns if c.status in _MAY_WAIT])
    approvals = approvals_of(campaigns, channels, waiting)
    filling = filling_of(campaigns)
    strategic = [c for c in campaigns if c.kind == "python" and c.status in (s.DRAFT, s.CONFIGURED)]
    in_contact = with_contacts(strategic)
    return {
        campaign.pk: Facts(
            has_audience=has_audience(campaign),
            by_trigger=campaign.kind == "journey",
            filling=filling.get(campaign.pk, ""),
            channels=tuple(channel_facts(channel, campaign.kind) for channel in channels[campaign.pk]),
            workflow_problem=_workflow_problem(campaign, channels[campaign.pk]),
            sweeping=campaign.sweep not in ("", RECHECK)
            or any(channel.sweep for channel in channels[campaign.pk]),
            unsent=sum(
                unsent.get(channel.pk, 0) + (not channel.enrolled) for channel in channels[campaign.pk]
            ),
            has_active_flow=any(flow.active for flow in programs_of(campaign)),
            has_contacts=campaign.pk in in_contact,
            has_strategy=bool(campaign.strategy),
            strategy_problem=strategy_problem(campaign) if campaign in strategic else "",
            requested_by=waiting[campaign.pk].asked if campaign.pk in waiting else None,
            authors=waiting[campaign.pk].authors if campaign.pk in waiting else frozenset(),
            decided=waiting[campaign.pk].decided if campaign.pk in waiting else frozenset(),
            approval=approvals[campaign.pk],
            actor=membership.user_id if membership else None,
        )
        for campaign in campaigns
    }


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open request: who asked, who made or edited the version, and who has decided on it already."""

    asked: int
    authors: frozenset[int]
    decided: frozenset[int]


def _open_requests(campaign_ids: Sequence[int]) -> dict[int, Waiting]:
    """The open requests by campaign id; no query where none can be open."""
    if not campaign_ids:
        return {}
    decisions = Decision.objects.filter(request=OuterRef("pk")).values("decided_by_id")
    found = Request.objects.filter(campaign_id__in=campaign_ids, status=Request.OPEN)
    rows = found.annotate(decided=ArraySubquery(decisions)).values_list(
        "campaign_id", "requested_by_id", "authors", "decided"
    )
    return {pk: Waiting(asked, frozenset(made), frozenset(done)) for pk, asked, made, done in rows}


def approvals_of(
    campaigns: Sequence[Campaign], channels: Mapping[int, list[Channel]], waiting: Container[int]
) -> dict[int, Approval]:
    """What the policies of their workspaces say of these campaigns, by campaign id."""
    policies = _policies(campaigns)
    large = _large_enough(campaigns, policies)
    found = {}
    for campaign in campaigns:
        policy = policies[campaign.workspace_id]
        asked = campaign.kind in policy.kinds and (policy.from_audience == 0 or campaign.pk in large)
        found[campaign.pk] = Approval(
            asked=asked,
            approved=asked and _is_approved(campaign, channels[campaign.pk]),
            may_publish=policy.approvers_may_publish,
            waiting=campaign.pk in waiting,
            whose=_whose(campaign, policy),
        )
    return found


def approval_of(campaign: Campaign) -> Approval:
    """The same for one campaign whose channels are not known."""
    channels = list(Channel.objects.filter(campaign=campaign).order_by("position", "id"))
    return approvals_of([campaign], {campaign.pk: channels}, ())[campaign.pk]


def _policies(campaigns: Sequence[Campaign]) -> dict[int, Policy]:
    """By workspace id; one query, and none for those that came along with their campaigns."""
    there = {}
    for campaign in campaigns:
        workspace = campaign.workspace if _WORKSPACE.is_cached(campaign) else None
        if workspace is not None and _POLICY.is_cached(workspace):
            there[campaign.workspace_id] = getattr(workspace, "approval_policy", None) or Policy()
    missing = {campaign.workspace_id for campaign in campaigns} - there.keys()
    if missing:
        there |= {policy.workspace_id: policy for policy in Policy.objects.filter(workspace__in=missing)}
    return {pk: there.get(pk) or Policy() for pk in {campaign.workspace_id for campaign in campaigns}}


def _large_enough(campaigns: Sequence[Campaign], policies: Mapping[int, Policy]) -> set[int]:
    """Those whose audience is as large as their policy says; people are counted only where it matters."""
    by_size: dict[int, list[Campaign]] = defaultdict(list)
    for campaign in campaigns:
        policy = policies[campaign.workspace_id]
        if policy.from_audience and campaign.kind in policy.kinds and campaign.status != s.ARCHIVED:
            by_size[policy.from_audience].append(campaign)
    return {pk for number, listed in by_size.items() for pk in audience_counts.at_least(listed, number)}


def _is_approved(campaign: Campaign, channels: list[Channel]) -> bool:
    """A message that has been approved stays so: from then on an edit waits beside it, or takes its status away."""
    if campaign.kind == "message" or not campaign.approved_hash:
        return bool(campaign.approved_hash)
    return campaign.approved_hash == hash_of(campaign, channels)


def _whose(campaign: Campaign, policy: Policy) -> str:
    size = f" of {policy.from_audience:,} people or more" if policy.from_audience else ""
    return f"{campaign.lifecycle.title} campaigns{size}"


def has_audience(campaign: Campaign) -> bool:
    """Whether somebody has been chosen: a list or condition, or by a trigger of any type."""
    chosen = campaign.segment_id is not None or bool(campaign.audience_condition)
    return chosen or bool(campaign.trigger)


def with_contacts(campaigns: Sequence[Campaign], now: datetime | None = None) -> set[int]:
    """The ids of those that have contacts: somebody in their list now, or a condition, whoever may meet it."""
    chosen = audience.audiences_of(campaigns, now) if campaigns else {}
    by_condition = {pk for pk, found in chosen.items() if found is not None and found.where is not None}
    lists = [campaign for campaign in campaigns if chosen[campaign.pk] and campaign.pk not in by_condition]
    return by_condition | (audience_counts.at_least(lists, 1, now) if lists else set())


def _workflow_problem(campaign: Campaign, channels: list[Channel]) -> str:
    if campaign.kind not in BY_STEPS:
        return ""
    kinds = {channel.kind for channel in channels}
    if campaign.kind == "journey":
        return workflow_problem(campaign.workflow, kinds)
    problems = ((flow.name, _flow_problem(flow, kinds)) for flow in programs_of(campaign) if flow.active)
    return next((f"Flow “{name}”: {problem}" for name, problem in problems if problem), "")


def _flow_problem(flow: Program, kinds: set[str]) -> str:
    if not flow.trigger:
        return "It has no trigger yet: choose what lets people in."
    return workflow_problem(flow.workflow, kinds)


def _unsent(channels: Iterable[Channel]) -> dict[int, int]:
    """How many messages a restart would send again into the queue: cancelled by a stop, by channel id."""
    ids = [channel.pk for channel in channels]
    if not ids:
        return {}
    rows = Tally.objects.filter(channel_id__in=ids, status__in=(cs.CANCELLED, cs.PENDING))
    return dict(rows.values("channel_id").annotate(total=Sum("n")).values_list("channel_id", "total"))
