"""Agents: automated senders that flows use."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import Body, answers
from campaigns.models import Membership
from campaigns.services.errors import NotFound
from channels.models import Agent
from channels.services.agents import check_agent, create_agent, start_agent, stop_agent

router = Router(tags=["Agents"])


class AgentIn(Body):
    """A new agent; it is stopped until it is started."""

    name: Annotated[str, Field(max_length=200)]
    connection: Annotated[int, Field(strict=True, ge=1, lt=2**63)]


class AgentOut(BaseModel):
    """An agent; `message` is the cause of an error."""

    id: int
    name: str
    connection: int
    status: str
    message: str
    checked_at: datetime | None
    created_at: datetime


class CheckedAgent(AgentOut):
    """An agent and what the check found."""

    ok: bool
    check_message: str


class AgentPage(BaseModel):
    """Agents in the order in which they were made."""

    items: list[AgentOut]
    next: str | None


@router.get("/agents", response=answers(AgentPage))
def list_agents(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The agents of the workspace."""
    rows, cursor = page_by_id(Agent.objects.filter(workspace_id=member_of(request).workspace_id), query)
    return {"items": [_shown(agent) for agent in rows], "next": cursor}


@router.post("/agents", response=answers(AgentOut, 201))
def make_agent(request: HttpRequest, body: AgentIn) -> Any:
    """Make an agent (admins)."""
    member = require(request, "edit_connections")
    return Status(201, _shown(create_agent(member.workspace_id, body.name, body.connection)))


@router.post("/agents/{id:agent_id}/check", response=answers(CheckedAgent))
def check(request: HttpRequest, agent_id: int) -> Any:
    """Really connect, without sending anything; an error is set or cleared by what is found (admins)."""
    agent = _agent(require(request, "edit_connections"), agent_id)
    result = check_agent(agent, timezone.now())
    return {**_shown(agent), "ok": result.ok, "check_message": result.message}


@router.post("/agents/{id:agent_id}/start", response=answers(AgentOut))
def start(request: HttpRequest, agent_id: int) -> Any:
    """Let it work (admins)."""
    return _shown(start_agent(_agent(require(request, "edit_connections"), agent_id)))


@router.post("/agents/{id:agent_id}/stop", response=answers(AgentOut))
def stop(request: HttpRequest, agent_id: int) -> Any:
    """It does nothing any more (admins)."""
    return _shown(stop_agent(_agent(require(request, "edit_connections"), agent_id)))


def _agent(membership: Membership, agent_id: int) -> Agent:
    found = Agent.objects.select_related("connection").filter(
        workspace_id=membership.workspace_id, pk=agent_id
    )
    agent = found.first()
    if agent is None:
        raise NotFound("There is no such agent in this workspace.")
    return agent


def _shown(agent: Agent) -> dict[str, Any]:
    names = set(AgentOut.model_fields) - {"connection"}
    return {**{name: getattr(agent, name) for name in names}, "connection": agent.connection_id}
