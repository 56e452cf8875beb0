"""Four eyes in the database itself: what the gateway would never write is refused when somebody writes it directly."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from approvals.models import Request
from tests.factories import NOW, in_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(workspace: Any, creator: Any, approver: Any) -> Request:
    """A request by the creator, with a second author."""
    campaign = in_state("pending_approval", "message", workspace=workspace, created_by=creator)
    request = campaign.approval_requests.get()
    request.authors = [*request.authors, approver.user_id]
    request.save()
    return request


def _refused(sql: str, *values: Any) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return str(refusal.value)


DECIDE = "UPDATE approvals_request SET status = %s, decided_by_id = %s WHERE id = %s"
SAY = "INSERT INTO approvals_decision (request_id, verdict, decided_by_id, comment, decided_at) VALUES (%s, %s, %s, %s, %s)"


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_neither_who_asked_nor_an_author_can_be_written_down_as_the_one_who_decided(
    asked: Request, approver: Any, status: str
) -> None:
    assert "four_eyes" in _refused(DECIDE, status, asked.requested_by_id, asked.pk)
    assert "four_eyes" in _refused(DECIDE, status, approver.user_id, asked.pk)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_no_decision_of_theirs_can_be_written_down(asked: Request, approver: Any, verdict: str) -> None:
    for user in (asked.requested_by_id, approver.user_id):
        assert "Nobody decides" in _refused(SAY, asked.pk, verdict, user, "Fine.", NOW)


def test_a_decision_cannot_be_moved_to_an_author_afterwards(
    asked: Request, approver: Any, admin_member: Any
) -> None:
    asked.decisions.create(verdict="approve", decided_by=admin_member.user, decided_at=NOW)
    moved = "UPDATE approvals_decision SET decided_by_id = %s WHERE request_id = %s"
    assert "Nobody decides" in _refused(moved, approver.user_id, asked.pk)


def test_one_decision_each_a_reason_for_each_no_and_one_open_request(
    asked: Request, admin_member: Any
) -> None:
    assert "rejection_says_why" in _refused(SAY, asked.pk, "reject", admin_member.user_id, "", NOW)
    asked.decisions.create(verdict="approve", decided_by=admin_member.user, decided_at=NOW)
    assert "one_decision_each" in _refused(SAY, asked.pk, "approve", admin_member.user_id, "", NOW)
    with pytest.raises(IntegrityError, match="one_open_request"), transaction.atomic():
        Request.objects.create(
            campaign=asked.campaign, version=9, requested_by=asked.requested_by, requested_at=NOW
        )
