"""The page of agents."""

from __future__ import annotations

from campaigns.models import Membership
from channels.models import Agent
from tests import factories
from tests.console.conftest import Browse


def test_an_admin_makes_and_starts_an_agent(
    browse: Browse, admin_member: Membership, creator: Membership
) -> None:
    account = factories.sandbox_connection(admin_member.workspace)
    page = browse(admin_member)
    made = page.post("/channels/agents/new/", {"name": "Night shift", "connection": account.pk})
    assert made.status_code == 302
    agent = Agent.objects.get()
    for action, status in (("check", "stopped"), ("start", "running"), ("stop", "stopped")):
        assert page.post(f"/channels/agents/{agent.pk}/{action}/").status_code == 302
        agent.refresh_from_db()
        assert agent.status == status
    assert "Night shift" in page.get("/channels/agents/").content.decode()
    assert page.post(f"/channels/agents/{agent.pk}/fly/").status_code == 404
    refused = page.post("/channels/agents/new/", {"name": "Night shift", "connection": account.pk})
    assert refused.status_code == 422
    assert browse(creator).post(f"/channels/agents/{agent.pk}/start/").status_code == 403
