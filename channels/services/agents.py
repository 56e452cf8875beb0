"""Agents: automated senders of flows. One works as long as it is running and its connection can send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from channels.domain import states as s
from channels.models import Agent, Connection
from channels.providers.base import CheckResult
from channels.services.connections import check_connection
from channels.services.errors import ChannelError


class InvalidAgent(ChannelError):
    """Bad input for an agent."""

    code, status = "invalid", 422


def create_agent(workspace_id: int, name: str, connection_id: Any) -> Agent:
    """A new agent, stopped until somebody starts it. Raises `InvalidAgent`."""
    name = " ".join(name.split())
    if not 0 < len(name) <= 120:
        raise InvalidAgent("An agent needs a name of at most 120 characters.", {"name": "Enter a name."})
    account = Connection.objects.filter(workspace_id=workspace_id, pk=connection_id).first()
    if account is None:
        text = "Choose a connection of this workspace."
        raise InvalidAgent(text, {"connection": text})
    agent = Agent(workspace_id=workspace_id, name=name, connection=account, status=s.CONNECTION_STOPPED)
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError:
        text = f"There is already an agent “{name}”."
        raise InvalidAgent(text, {"name": text}) from None
    return agent


def start_agent(agent: Agent) -> Agent:
    """Let it work; it is in error at once where its connection cannot send, and says why."""
    agent.status, agent.message = _state_of(agent.connection)
    agent.save(update_fields=["status", "message"])
    return agent


def stop_agent(agent: Agent) -> Agent:
    """It does nothing until it is started again."""
    agent.status, agent.message = s.CONNECTION_STOPPED, ""
    agent.save(update_fields=["status", "message"])
    return agent


def check_agent(agent: Agent, now: datetime) -> CheckResult:
    """Really connect, and draw the conclusion; one stopped by hand stays stopped."""
    result = check_connection(agent.connection, now)
    agent.refresh_from_db()
    agent.checked_at = now
    if agent.status != s.CONNECTION_STOPPED:
        agent.status, agent.message = _state_of(Connection.objects.get(pk=agent.connection_id))
    agent.save(update_fields=["status", "message", "checked_at"])
    return result


def _state_of(account: Connection) -> tuple[str, str]:
    if account.status == s.CONNECTION_RUNNING:
        return s.CONNECTION_RUNNING, ""
    what = "is stopped" if account.status == s.CONNECTION_STOPPED else f"has an error: {account.message}"
    return s.CONNECTION_ERROR, f"The connection “{account.name}” {what}"[:500]


_FOLLOW = """
UPDATE channels_agent AS agent
SET status = CASE account.status WHEN 'running' THEN 'running' ELSE 'error' END,
    message = left(CASE account.status WHEN 'running' THEN ''
        WHEN 'stopped' THEN 'The connection “' || account.name || '” is stopped'
        ELSE 'The connection “' || account.name || '” has an error: ' || account.message END, 500)
FROM channels_connection AS account
WHERE account.id = agent.connection_id AND (
    agent.status = 'running' AND account.status <> 'running' OR agent.status = 'error' AND account.status = 'running')
"""


def follow_connections() -> int:
    """Agents go to error with their connection and recover with it; answers how many did."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW)
        return cursor.rowcount
