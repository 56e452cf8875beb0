"""Reads and writes the channels of a campaign from the API's shape: ``{"kind", "connection", "agent", "content"}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain.programs import BY_STEPS
from campaigns.models import Campaign
from campaigns.services.errors import Invalid
from campaigns.services.send_schedule import set_time
from channels.domain import states as cs
from channels.domain.content import validate
from channels.domain.kinds import KINDS
from channels.models import Agent, Channel, Connection
from channels.providers import registry

#: Kinds of campaign that are a blast over one kind of channel.
ONLY_CHANNEL = {"sms": "sms", "voice": "voice"}


def replace_channels(campaign: Campaign, listed: Any) -> list[Channel]:
    """Make the campaign's channels those of the list: an item with an ``id`` changes that channel, one without adds.

    A channel that has started cannot be left out or changed in kind. Raises `Invalid` with the path of each problem.
    """
    if not isinstance(listed, list):
        raise Invalid.field("channels", "channels must be a list.")
    existing = {channel.pk: channel for channel in campaign.channels.select_for_update()}
    kept: list[Channel] = []
    for position, item in enumerate(listed):
        path = f"channels.{position}"
        if not isinstance(item, Mapping):
            raise Invalid.field(path, "A channel must be an object with kind, connection and content.")
        channel = existing.pop(item["id"], None) if item.get("id") else Channel(campaign=campaign)
        if channel is None:
            raise Invalid.field(f"{path}.id", "This campaign has no such channel.")
        fill_channel(channel, campaign, item, path)
        channel.position = position
        channel.save()
        kept.append(channel)
    for channel in existing.values():
        if channel.status != cs.READY:
            raise Invalid.field(
                "channels", f"The {KINDS[channel.kind].label} channel has started; it cannot be removed."
            )
        channel.delete()
    return kept


def fill_channel(channel: Channel, campaign: Campaign, item: Mapping[str, Any], path: str) -> None:
    """Set kind, connection and content from the item, refusing what cannot be."""
    prefix = f"{path}." if path else ""
    if unknown := set(item) - {"id", "kind", "connection", "agent", "content", "sends_at"}:
        raise Invalid.field(
            f"{prefix}{sorted(unknown)[0]}",
            "Unknown key; known are kind, connection, agent, content and sends_at.",
        )
    kind = item.get("kind") or channel.kind
    if kind not in KINDS or not KINDS[kind].available:
        known = ", ".join(key for key, row in KINDS.items() if row.available)
        raise Invalid.field(f"{prefix}kind", f"kind must be one of: {known}.")
    if ONLY_CHANNEL.get(campaign.kind, kind) != kind:
        raise Invalid.field(
            f"{prefix}kind", f"A {campaign.lifecycle.title} campaign has only {campaign.kind} channels."
        )
    if channel.pk and channel.status != cs.READY and kind != channel.kind:
        raise Invalid.field(f"{prefix}kind", "The kind of a channel that has started cannot change.")
    channel.kind = kind
    if "sends_at" in item:
        set_time(channel, campaign, item, path)
    if "connection" in item:
        channel.connection = _connection(item["connection"], campaign, kind, f"{prefix}connection")
        if channel.agent and channel.agent.connection_id != channel.connection_id:
            channel.agent = None  # another connection is another sender
    if "agent" in item:
        _name_agent(channel, item["agent"], campaign, f"{prefix}agent")
    if "content" in item:
        before, channel.content = (
            channel.content,
            _content(item["content"], campaign, kind, f"{prefix}content"),
        )
        if before.get("variants") != channel.content.get("variants"):
            channel.winner = ""  # other variants are another test


def _connection(value: Any, campaign: Campaign, kind: str, path: str) -> Connection | None:
    if value is None:
        return None
    found = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = Connection.objects.filter(pk=value, workspace_id=campaign.workspace_id).first()
    if found is None:
        raise Invalid.field(path, f"There is no connection {value!r} in this workspace.")
    provider = registry.get(found.provider)
    if kind not in provider.kinds:
        raise Invalid.field(path, f"“{found.name}” ({provider.label}) cannot carry {KINDS[kind].label}.")
    return found


def _name_agent(channel: Channel, value: Any, campaign: Campaign, path: str) -> None:
    """The automated sender of a flow's channel, and with it the connection; None takes it away."""
    if value is None:
        channel.agent = None
        return
    if campaign.kind != "flow":
        raise Invalid.field(path, "Only the channels of a flow campaign send through an agent.")
    found = None
    if isinstance(value, int) and not isinstance(value, bool):
        agents = Agent.objects.filter(pk=value, workspace_id=campaign.workspace_id)
        found = agents.select_related("connection").first()
    if found is None:
        raise Invalid.field(path, f"There is no agent {value!r} in this workspace.")
    channel.connection = _connection(found.connection_id, campaign, channel.kind, path)
    channel.agent = found


def _content(value: Any, campaign: Campaign, kind: str, path: str) -> dict[str, Any]:
    if value in (None, {}):
        return {}
    if not isinstance(value, Mapping):
        raise Invalid.field(path, "content must be an object.")
    if campaign.kind in BY_STEPS:
        raise Invalid.field(path, "The steps of the workflow carry the content; leave it out here.")
    # A draft may be incomplete (the guards ask for the rest before anything goes out); what is there must be right.
    problems = validate(kind, value, draft=True)
    if problems:
        errors = {f"{path}.{name}": message for name, message in problems.items()}
        raise Invalid(next(iter(errors.values())), errors)
    return {name: part for name, part in value.items() if part not in (None, [], {})}
