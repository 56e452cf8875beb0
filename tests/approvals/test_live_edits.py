"""Approval swaps the content of a live campaign between two claims, never within one; runs go out with what is approved."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from approvals.models import Request
from campaigns.models import Campaign, Run
from campaigns.services import due_runs, duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, SandboxMessage
from tests import factories
from tests.factories import NOW, in_state

DAY = timedelta(days=1)


def edit(campaign: Campaign, member: Any, body: str) -> None:
    channel = Channel.objects.get(campaign=campaign)
    content = {"subject": "News", "body": body}
    item = {"id": channel.pk, "kind": "email", "connection": channel.connection_id, "content": content}
    save_edit(campaign.pk, Actor.member(member), {"channels": [item]}, None, NOW)


def bodies(campaign: Campaign) -> list[str]:
    """What has been sent, in the order in which it was claimed."""
    rows = SandboxMessage.objects.filter(delivery__channel__campaign=campaign).order_by("delivery_id")
    return [str(body).split()[0] for body in rows.values_list("body", flat=True)]


@pytest.mark.django_db(transaction=True)
def test_approval_in_the_middle_of_a_run_swaps_once_and_for_good() -> None:
    workspace = factories.WorkspaceFactory()
    creator, approver = (factories.member(role, workspace) for role in ("creator", "approver"))
    slow = factories.sandbox_connection(workspace, delay_ms=5)
    campaign = in_state(
        "running", "message", workspace=workspace, created_by=creator, people=400, connection=slow
    )
    duties.work_on(campaign.pk, NOW)
    edit(campaign, creator, "Changed {{ person.first_name }}")
    channel = Channel.objects.get(campaign=campaign)

    def send() -> None:
        try:
            dispatch_channel(channel.pk, now=NOW, seconds=120)
        finally:
            connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    patience = time.monotonic() + 120
    while len(bodies(campaign)) < 20 and time.monotonic() < patience:
        time.sleep(0.01)
    perform("approve", campaign.pk, Actor.member(approver), now=NOW)
    sender.join(timeout=150)
    sent = bodies(campaign)
    assert len(sent) == 400
    turn = sent.index("Changed")
    assert turn >= 20
    assert set(sent[:turn]) == {"Hello"} and set(sent[turn:]) == {"Changed"}


@pytest.mark.django_db
def test_the_next_run_goes_out_with_what_is_approved_while_an_edit_of_the_last_one_waits(
    workspace: Any, creator: Any, approver: Any
) -> None:
    delivery = {"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": NOW.isoformat()}
    campaign = factories.CampaignFactory(kind="message", created_by=creator, delivery=delivery, now=NOW - DAY)
    perform("publish", campaign.pk, Actor.member(approver), now=NOW - timedelta(hours=1))
    due_runs.run_due(NOW)
    approved = Campaign.objects.get(pk=campaign.pk).approved_hash
    edit(campaign, creator, "Changed {{ person.first_name }}")
    rested = perform("await_next_run", campaign.pk, Actor.system(), now=NOW)
    assert rested.status == "awaiting_next_run"
    due_runs.run_due(NOW + DAY)
    second = Run.objects.get(campaign=campaign, number=2)
    assert (second.status, second.content_hash) == ("running", approved)
    request = Request.objects.get(campaign=campaign)
    assert request.status == "open"
    perform("approve", campaign.pk, Actor.member(approver), now=NOW + DAY)
    perform("await_next_run", campaign.pk, Actor.system(), now=NOW + DAY)
    due_runs.run_due(NOW + 2 * DAY)
    assert Run.objects.get(campaign=campaign, number=3).content_hash == request.content_hash
