"""What waits for a decision."""

from __future__ import annotations

from tests.api.callers import Caller
from tests.factories import in_state


def test_open_requests_are_listed_with_who_may_decide(
    owner: Caller, approver: Caller, stranger: Caller
) -> None:
    waiting = in_state("pending_approval", "message", created_by=owner.membership)
    in_state("rejected", "message", created_by=owner.membership)
    shown = approver.get("/approvals").json()["items"]
    assert [row["campaign"] for row in shown] == [waiting.pk]
    assert set(shown[0]) == {
        "id", "campaign", "campaign_name", "kind", "version", "status", "content_hash", "waits_beside", "requested_by",
        "requested_at", "starts_at", "audience", "needed", "approvals", "decided_by", "decided_at", "comment",
        "may_decide",
    }  # fmt: skip
    assert shown[0]["requested_by"] == owner.membership.user.email
    assert shown[0]["version"] == waiting.version
    assert shown[0]["may_decide"] is True
    assert owner.get("/approvals").json()["items"][0]["may_decide"] is False
    assert stranger.get("/approvals").json()["items"] == []


def test_nobody_may_decide_on_what_they_submitted(approver: Caller, owner: Caller) -> None:
    waiting = in_state("pending_approval", "message", created_by=owner.membership)
    request = waiting.approval_requests.get()
    request.requested_by = approver.membership.user
    request.save()
    assert approver.get("/approvals").json()["items"][0]["may_decide"] is False


def test_the_queue_is_paged(owner: Caller, approver: Caller) -> None:
    ids = [in_state("pending_approval", "message", created_by=owner.membership).pk for _ in range(3)]
    assert [row["campaign"] for row in approver.everything("/approvals?limit=1")] == ids
