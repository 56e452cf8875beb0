"""Agents: made stopped, checked, and in error as long as what they send through is."""

from __future__ import annotations

import pytest

from campaigns.services import duties
from channels.models import Agent, Connection
from channels.services.agents import InvalidAgent, check_agent, create_agent, start_agent, stop_agent
from channels.services.connections import stop_connection
from tests import factories
from tests.engine.sending import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Agent:
    account = factories.sandbox_connection(factories.WorkspaceFactory())
    return create_agent(account.workspace_id, " Night  shift ", account.pk)


def test_an_agent_is_started_checked_and_stopped(agent: Agent) -> None:
    assert (agent.name, agent.status) == ("Night shift", "stopped")
    assert check_agent(agent, NOW).ok and (agent.status, agent.checked_at) == ("stopped", NOW)
    assert start_agent(agent).status == "running"
    assert stop_agent(agent).status == "stopped"


def test_it_goes_to_error_and_recovers_with_its_connection(agent: Agent) -> None:
    start_agent(agent)
    Connection.objects.update(status="error", message="Login refused", checked_at=NOW)
    assert duties.DUTIES["recheck"](NOW)["agents"] == 1
    agent.refresh_from_db()
    assert agent.status == "error" and agent.message.endswith("has an error: Login refused")
    Connection.objects.update(status="running", message="")
    assert duties.DUTIES["recheck"](NOW)["agents"] == 1
    agent.refresh_from_db()
    assert (agent.status, agent.message) == ("running", "")


def test_starting_one_whose_connection_is_stopped_says_why(agent: Agent) -> None:
    stop_connection(agent.connection)
    assert start_agent(agent).status == "error" and "is stopped" in agent.message


def test_bad_agents_are_refused_by_field(agent: Agent) -> None:
    workspace, account = agent.workspace_id, agent.connection_id
    elsewhere = factories.sandbox_connection(factories.WorkspaceFactory()).pk
    for name, connection, field in (
        ("", account, "name"), ("x" * 121, account, "name"), ("Night shift", account, "name"),
        ("A", elsewhere, "connection"), ("A", None, "connection"),
    ):  # fmt: skip
        with pytest.raises(InvalidAgent) as refused:
            create_agent(workspace, name, connection)
        assert list(refused.value.fields) == [field]
