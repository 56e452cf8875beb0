"""Every row of the editing table × creator and approver × section, through the API and through the browser's forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from approvals.models import Request
from campaigns.domain.editing import MESSAGE
from campaigns.models import Activity, Campaign, Membership
from channels.models import Channel
from tests import factories
from tests.api.callers import Caller
from tests.campaigns.editing_spec import TABLE, Becomes, Row
from tests.console.form_reader import fields_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
#: The scheduled time is a day after NOW: of the first run, or of the next one.
DUE, BEFORE, AFTER, LATER = NOW + DAY, NOW + timedelta(hours=1), NOW + 2 * DAY, NOW + 5 * DAY
NEW_BODY = "Good day {{ person.first_name }}"
SECTIONS = ("who", "what", "when")


class _Undo(Exception):
    """Rolls one attempt back."""


def _walk(row: Row, workspace: Any) -> Campaign:
    """A campaign in the state of the row, on its way there through the gateway and through edits."""
    status = row.status
    if not row.first_run_done:
        delivery = {"type": "one_time", "at": DUE.isoformat()}
        return factories.in_state(status, "message", NOW, workspace=workspace, delivery=delivery)
    if status == "running":
        return factories.in_state("running", "message", NOW, workspace=workspace)
    campaign = factories.in_state("awaiting_next_run", "message", NOW, workspace=workspace)
    Campaign.objects.filter(pk=campaign.pk).update(next_run_at=DUE)
    if status != "awaiting_next_run":
        _edit_by(workspace, "creator", campaign)
    if status == "rejected":
        approver = factories.member("approver", workspace)
        _perform("reject", campaign, approver, {"comment": "No."})
    return Campaign.objects.get(pk=campaign.pk)


def _edit_by(workspace: Any, role: str, campaign: Campaign) -> None:
    from campaigns.services.actors import Actor
    from campaigns.services.editing import save_edit

    member = Membership.objects.filter(workspace=workspace, role=role).first()
    payload = {"channels": _channels(campaign, "Waiting {{ person.first_name }}")}
    save_edit(campaign.pk, Actor.member(member), payload, None, NOW)


def _perform(action: str, campaign: Campaign, member: Membership, params: dict[str, Any]) -> None:
    from campaigns.services.actions import perform
    from campaigns.services.actors import Actor

    perform(action, campaign.pk, Actor.member(member), params=params, now=NOW)


def _channels(campaign: Campaign, body: str) -> list[dict[str, Any]]:
    channel = campaign.channels.get()
    content = {"subject": "News", "body": body}
    return [{"id": channel.pk, "kind": "email", "connection": channel.connection_id, "content": content}]


Edit = Callable[[Campaign, str, Membership, Row], Any]


def _by_api(campaign: Campaign, section: str, member: Membership, row: Row) -> Any:
    """What a program sends; answers whether it was refused, and how."""
    payload: dict[str, Any] = {
        "who": {"audience": {"segment": factories.SegmentFactory(workspace=member.workspace, people=2).pk}},
        "what": {"channels": _channels(campaign, NEW_BODY)},
        "when": {"delivery": {"type": "one_time", "at": LATER.isoformat()}},
    }[section]
    late = {"start_now": True} if row.status == "pending_approval" and row.after and section != "when" else {}
    answer = Caller(member).patch(
        f"/campaigns/{campaign.pk}", {"version": campaign.version, **payload, **late}
    )
    shape = answer.json()
    if answer.status_code == 409:
        assert shape["error"]["code"] == "edits_discarded", shape
        assert set(shape["error"]["fields"]) == set(payload)
        if section == "what":
            assert NEW_BODY in shape["error"]["fields"]["channels"]
        return None
    assert answer.status_code == 200, shape
    return shape["edit"]["outcome"]


def _by_browser(campaign: Campaign, section: str, member: Membership, row: Row) -> Any:
    """A page that was opened while the section was open (before the time, perhaps) and is sent now."""
    client = Client()
    client.force_login(member.user)
    url = f"/campaigns/{campaign.pk}/edit/{section}/"
    with time_machine.travel(BEFORE, tick=False):
        opened = client.get(url)
    if opened.status_code == 302:
        data: dict[str, Any] = {"version": campaign.version}
    else:
        data = fields_of(opened.content.decode())
    changed = {
        "who": {"segment": factories.SegmentFactory(workspace=member.workspace, people=2).pk},
        "what": {"channels": 1, "steps": 0, "op": "save", "c0-id": campaign.channels.get().pk, "c0-kind": "email",
                 "c0-connection": campaign.channels.get().connection_id, "c0-subject": "News", "c0-body": NEW_BODY},
        "when": {"type": "one_time", "mode": "at", "timezone": "Europe/Istanbul", "starts_at": f"{LATER:%Y-%m-%dT%H:%M}"},
    }[section]  # fmt: skip
    late = {"publish": "now"} if row.status == "pending_approval" and row.after and section != "when" else {}
    answer = client.post(url, {**data, **changed, **late})
    if answer.status_code == 409:
        text = answer.content.decode()
        if section == "what":
            assert "Good day" in text
        return None
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    last = Activity.objects.filter(campaign_id=campaign.pk).order_by("-pk").first()
    return last.action if last and last.action in ("submit", "publish") else "save"


WAYS: dict[str, Edit] = {"api": _by_api, "browser": _by_browser}
CASES = [
    (row, role, becomes)
    for row in TABLE
    for role, becomes in (("creator", row.creator), ("approver", row.approver))
]


def _name(case: Any) -> str:
    row, role, _ = case
    run, time = "later" if row.first_run_done else "first", "after" if row.after else "before"
    return f"{row.status}-{run}-{time}-{role}"


@pytest.mark.parametrize(("row", "role", "becomes"), CASES, ids=[_name(case) for case in CASES])
def test_the_editing_table(row: Row, role: str, becomes: Becomes | None, workspace: Any) -> None:
    member = factories.member(role, workspace)
    if role == "approver":  # the one who walks it there is another
        factories.member("creator", workspace)
    with time_machine.travel(NOW, tick=False):
        campaign = _walk(row, workspace)
    for section, way in product(SECTIONS, WAYS):
        with time_machine.travel(AFTER if row.after else BEFORE, tick=False):
            _attempt(row, way, section, campaign, member, becomes)


def _attempt(
    row: Row, way: str, section: str, campaign: Campaign, member: Membership, becomes: Becomes | None
) -> None:
    told = f"{section} by {way}"
    before, waited = Campaign.objects.get(pk=campaign.pk), Request.objects.filter(status="open").first()
    try:
        with transaction.atomic():
            outcome = WAYS[way](before, section, member, row)
            after = Campaign.objects.get(pk=campaign.pk)
            if becomes is None or section not in becomes.sections:
                assert outcome is None, told
                assert (after.version, after.status) == (before.version, before.status), told
                assert Request.objects.filter(status="open").first() == waited, told
            else:
                assert outcome == becomes.outcome, told
                _check(row, section, before, after, member, becomes, waited)
            raise _Undo
    except _Undo:
        return


def _check(
    row: Row,
    section: str,
    before: Campaign,
    after: Campaign,
    member: Membership,
    becomes: Becomes,
    waited: Any,
) -> None:
    starts_now = (
        row.status == "pending_approval" and row.after and section != "when" and becomes.outcome == "publish"
    )
    assert after.status == ("running" if starts_now else becomes.status)
    assert after.version > before.version
    request = Request.objects.filter(campaign=after, status="open").first()
    if waited is not None:
        assert Request.objects.get(pk=waited.pk).status == "voided"
    taken_over = becomes.outcome == "publish" or not row.first_run_done
    assert _has_it(after, section) is taken_over
    if becomes.outcome == "publish":
        assert request is None
        assert after.approved_hash
        return
    assert request is not None
    assert member.user_id in request.authors and request.requested_by_id == member.user_id
    assert bool(request.proposal) is row.first_run_done
    assert request.snapshot[section] != request.baseline.get(section)


def _has_it(campaign: Campaign, section: str) -> bool:
    """Whether the campaign's own rows hold the edit."""
    if section == "what":
        return bool(Channel.objects.get(campaign=campaign).content["body"] == NEW_BODY)
    if section == "who":
        return campaign.segment is not None and campaign.segment.members.count() == 2
    return campaign.starts_at is not None and campaign.starts_at > AFTER + DAY


def test_the_code_has_no_other_rows() -> None:
    """Draft, stopped and completed need no table of their own: nothing of theirs is approved."""
    there = {
        (status, first, after)
        for status, first, after in MESSAGE
        if status not in ("draft", "stopped", "completed")
    }
    assert {status for status, _, _ in there} == {row.status for row in TABLE}
    for status, first, after in there:
        assert any(
            row.status == status and first in (None, row.first_run_done) and after in (None, row.after)
            for row in TABLE
        )


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.approver], ids=lambda row: f"{row.status}-{row.after}"
)
def test_where_approvers_may_not_publish_their_edit_is_sent_to_another(row: Row, workspace: Any) -> None:
    member = factories.member("approver", workspace)
    with time_machine.travel(NOW, tick=False):
        campaign = _walk(row, workspace)
    workspace.approval_policy.approvers_may_publish = False
    workspace.approval_policy.save()
    with time_machine.travel(AFTER if row.after else BEFORE, tick=False):
        assert _by_api(campaign, "what", member, row._replace(after=False)) == "submit"
    request = Request.objects.get(campaign=campaign, status="open")
    assert request.requested_by == member.user
