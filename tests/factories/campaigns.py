"""Campaigns of every kind in every status; each has walked there through the gateway, as a real one does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from campaigns.domain import permissions
from campaigns.models import Campaign, Membership, Workspace
from channels.models import Connection
from tests.factories.channels import sandbox_connection
from tests.factories.people import SegmentFactory
from tests.factories.workspaces import NOW, MembershipFactory, WorkspaceFactory

#: The kind of channel that a campaign of this kind has where nothing else is said.
CHANNEL = {"sms": "sms", "voice": "voice"}
BODY = "Hello {{ person.first_name }}"


class CampaignFactory(DjangoModelFactory):
    """A draft made by `create_campaign`, complete enough to start: a list, a channel with content, a connection.

    ``people`` is how many the list has; ``created_by`` a membership of ``workspace``; ``connection`` what its channel
    sends through. All else (``name``, ``audience``, ``channels`` …) goes to the service as the API's data.
    """

    class Meta:
        model = Campaign

    kind = "sms"
    name = factory.Sequence(lambda number: f"Campaign {number}")

    @classmethod
    def _create(cls, model_class: type[Campaign], *args: object, **values: Any) -> Campaign:
        from campaigns.services.actors import Actor
        from campaigns.services.campaigns import create_campaign

        now, number = values.pop("now", NOW), values.pop("people", 3)
        owner, workspace = values.pop("created_by", None), values.pop("workspace", None)
        workspace = workspace or (owner.workspace if owner else WorkspaceFactory())
        owner = owner or member_of(workspace, permissions.CREATOR)
        connection = values.pop("connection", None)
        if "audience" not in values:
            values["audience"] = {"segment": SegmentFactory(workspace=workspace, people=number, now=now).pk}
        data = campaign_data(values["kind"], connection or _connection(workspace))
        if values["kind"] == "flow":
            chosen = (values.pop("audience") or {}).get("segment")
            data["flows"][0]["trigger"] = {"type": "segment", "in": [[chosen]]} if chosen else {}
        data |= values
        return create_campaign(Actor.member(owner), data, now)

    @classmethod
    def in_state(cls, status: str, kind: str = "sms", now: datetime = NOW, **values: Any) -> Campaign:
        """A campaign of this kind that has walked to ``status``; see `in_state`."""
        return in_state(status, kind, now, **values)


def campaign_data(kind: str, connection: Connection) -> dict[str, Any]:
    """What a campaign of this kind needs beside a name and an audience to be startable, in the API's shape."""
    channel = CHANNEL.get(kind, "email")
    content = {"subject": "News", "body": BODY} if channel == "email" else {"body": BODY}
    item: dict[str, Any] = {"kind": channel, "connection": connection.pk, "content": content}
    if kind == "journey":
        message = {"type": "message", "channel": channel, **item.pop("content")}
        wait = {"key": "wait", "type": "delay", "for": "2 days"}
        return {
            "channels": [item],
            "workflow": [{"key": "hello", **message}, wait, {"key": "again", **message}],
        }
    if kind == "flow":
        message = {"type": "message", "channel": channel, **item.pop("content")}
        wait = {"key": "wait", "type": "delay", "for": "2 days"}
        steps = [{"key": "hello", **message}, wait, {"key": "again", **message}]
        return {
            "channels": [item],
            "flows": [{"key": "one", "name": "One", "active": True, "workflow": steps}],
        }
    if kind == "python":
        return {"channels": [item], "strategy": "everyone_at_once"}
    return {"channels": [item]}


def member_of(workspace: Workspace, role: str) -> Membership:
    """The first member with this role; a new one where there is none."""
    found = Membership.objects.filter(workspace=workspace, role=role).order_by("pk").first()
    return found or MembershipFactory(workspace=workspace, role=role)


def owner_of(campaign: Campaign) -> Membership:
    """The membership of whoever made the campaign."""
    return Membership.objects.get(workspace=campaign.workspace, user=campaign.created_by)


def _connection(workspace: Workspace) -> Connection:
    found = Connection.objects.filter(workspace=workspace, provider="sandbox", status="running").first()
    return found or sandbox_connection(workspace)


def in_state(status: str, kind: str, now: datetime = NOW, **values: Any) -> Campaign:
    """A campaign that reached ``status`` by the actions and duties that lead there, all of them at ``now``.

    ``values`` as for `CampaignFactory`. Created by the workspace's creator, published and decided on by its approver.
    A status that the kind never has is a KeyError.
    """
    route = ROUTES[kind][status]
    if status == "draft" and kind == "python":
        values.setdefault("strategy", "")
    campaign = CampaignFactory(kind=kind, now=now, **values)
    for step in route:
        step(campaign, now)
    campaign = Campaign.objects.select_related("workspace").get(pk=campaign.pk)
    assert campaign.status == status, f"The walk of {kind} to {status} ended in {campaign.status}."
    return campaign


Step = Callable[[Campaign, datetime], object]


def _perform(
    action: str, campaign: Campaign, member: Membership | None, params: dict[str, Any], now: datetime
) -> object:
    """Through the gateway; imported late, so that tests of lower layers need not load the services."""
    from campaigns.services.actions import perform
    from campaigns.services.actors import Actor

    actor = Actor.member(member) if member else Actor.system()
    return perform(action, campaign.pk, actor, params=params, now=now)


def _by(role: str, action: str, **params: Any) -> Step:
    """An action by the member with this role."""

    def step(campaign: Campaign, now: datetime) -> object:
        return _perform(action, campaign, member_of(campaign.workspace, role), params, now)

    return step


def _owner(action: str, **params: Any) -> Step:
    """An action by whoever made the campaign."""

    def step(campaign: Campaign, now: datetime) -> object:
        return _perform(action, campaign, owner_of(campaign), params, now)

    return step


def _system(action: str, **params: Any) -> Step:
    """What the beat or the engine does once it is due."""

    def step(campaign: Campaign, now: datetime) -> object:
        return _perform(action, campaign, None, params, now)

    return step


def _schedule(campaign: Campaign, now: datetime) -> object:
    return _owner("schedule", starts_at=now + timedelta(days=1))(campaign, now)


def _launch(campaign: Campaign, now: datetime) -> object:
    return _system("launch")(campaign, now + timedelta(days=1))


def _publish_later(campaign: Campaign, now: datetime) -> object:
    return _by(permissions.APPROVER, "publish", starts_at=now + timedelta(days=1))(campaign, now)


def _work(campaign: Campaign, now: datetime) -> object:
    """The engine's part: whatever the action before left for the background."""
    from campaigns.services import duties

    return duties.work_on(campaign.pk, now)


def _channel(action: str) -> Step:
    """An action on every channel of an outreach campaign."""

    def step(campaign: Campaign, now: datetime) -> object:
        from campaigns.services.actors import Actor
        from campaigns.services.channel_actions import perform_channel

        actor = Actor.member(owner_of(campaign))
        ids = list(campaign.channels.values_list("pk", flat=True))
        return [perform_channel(action, pk, actor, now=now) for pk in ids]

    return step


def _complete_channels(campaign: Campaign, now: datetime) -> object:
    from campaigns.services.channel_actions import complete_channel

    return [complete_channel(pk, now) for pk in list(campaign.channels.values_list("pk", flat=True))]


def _routes(**routes: list[Step]) -> dict[str, list[Step]]:
    return routes


_BLAST = [_schedule, _launch]
_ARCHIVE = _owner("archive")
_PUBLISH = _by(permissions.APPROVER, "publish")
_FAIL = _system("fail", reason="The connection has an error.")

#: How a campaign of each kind gets to each of its statuses.
ROUTES: dict[str, dict[str, list[Step]]] = {
    "journey": _routes(
        draft=[],
        running=[_owner("start"), _work],
        stopping=[_owner("start"), _work, _owner("stop", mode="finish")],
        stopped=[_owner("start"), _work, _owner("stop", mode="exit"), _work],
        archived=[_owner("start"), _work, _owner("stop", mode="exit"), _work, _ARCHIVE],
    ),
    "sms": _routes(
        draft=[],
        scheduled=[_schedule],
        running=_BLAST,
        stopped=[*_BLAST, _owner("stop"), _work],
        completed=[*_BLAST, _system("complete")],
        archived=[*_BLAST, _system("complete"), _ARCHIVE],
    ),
    "voice": _routes(
        draft=[],
        scheduled=[_schedule],
        running=_BLAST,
        stopped=[*_BLAST, _owner("stop"), _work],
        completed=[*_BLAST, _system("complete")],
        errored=[*_BLAST, _FAIL],
        archived=[*_BLAST, _system("complete"), _ARCHIVE],
    ),
    "flow": _routes(
        draft=[],
        running=[_owner("start")],
        errored=[_owner("start"), _FAIL],
        archived=[_ARCHIVE],
    ),
    "python": _routes(
        draft=[],
        configured=[],
        running=[_owner("start")],
        errored=[_owner("start"), _FAIL],
        archived=[_ARCHIVE],
    ),
    "outreach": _routes(
        draft=[],
        running=[_channel("start")],
        stopped=[_channel("start"), _channel("stop"), _work],
        completed=[_channel("start"), _complete_channels],
        archived=[_channel("start"), _complete_channels, _ARCHIVE],
    ),
    "message": _routes(
        draft=[],
        pending_approval=[_owner("submit")],
        rejected=[_owner("submit"), _by(permissions.APPROVER, "reject", comment="The link is wrong.")],
        scheduled=[_publish_later],
        running=[_PUBLISH],
        awaiting_next_run=[_PUBLISH, _system("await_next_run")],
        stopped=[_PUBLISH, _owner("stop"), _work],
        completed=[_PUBLISH, _system("complete")],
        archived=[_PUBLISH, _system("complete"), _ARCHIVE],
    ),
}
