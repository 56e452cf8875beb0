"""What waits for a decision."""

from __future__ import annotations

from tests.api.callers import Caller, assert_problem
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


def test_the_four_scopes(owner: Caller, approver: Caller, admin: Caller) -> None:
    waiting = in_state("pending_approval", "message", created_by=owner.membership)
    decided = in_state("rejected", "message", created_by=owner.membership)

    def listed(caller: Caller, scope: str) -> list[int]:
        return [row["campaign"] for row in caller.everything(f"/approvals?scope={scope}")]

    assert listed(approver, "pending") == listed(admin, "pending") == listed(owner, "open") == [waiting.pk]
    assert listed(owner, "pending") == []
    assert listed(owner, "decided") == [decided.pk]
    assert listed(owner, "mine") == [waiting.pk, decided.pk] and listed(approver, "mine") == []
    assert_problem(approver.get("/approvals?scope=all"), 422, "invalid", "scope")


def test_a_request_shows_what_differs_for_whom_and_who_said_what(owner: Caller, approver: Caller) -> None:
    campaign = in_state("running", "message", created_by=owner.membership)
    channel = campaign.channels.get()
    content = {"subject": "News", "body": "Changed"}
    item = {"id": channel.pk, "kind": "email", "connection": channel.connection_id, "content": content}
    edited = owner.patch(
        f"/campaigns/{campaign.pk}", {"version": campaign.version, "channels": [item]}
    ).json()
    assert (edited["edit"]["outcome"], edited["status"]) == ("submit", "running")
    shown = approver.get(f"/approvals/{edited['edit']['request']}").json()
    assert shown["waits_beside"] is True and shown["may_decide"] is True
    assert [(one["path"], one["after"]) for one in shown["differences"]] == [
        ("channels.0.content.body", "Changed")
    ]
    assert (shown["audience"], shown["audience_now"], shown["decisions"]) == (3, 3, [])
    seen = {"request": shown["id"], "content_hash": shown["content_hash"]}
    decide = f"/campaigns/{campaign.pk}/actions"
    assert_problem(owner.post(f"{decide}/approve", seen), 403, "forbidden")
    assert_problem(
        approver.post(f"{decide}/approve", seen | {"content_hash": "0" * 64}), 409, "stale_version"
    )
    assert_problem(approver.post(f"{decide}/reject", seen), 422, "invalid", "comment")
    assert approver.post(f"{decide}/approve", seen | {"comment": "Fine."}).json()["status"] == "running"
    after = approver.get(f"/approvals/{shown['id']}").json()
    assert (after["status"], after["may_decide"]) == ("approved", False)
    assert [(one["verdict"], one["comment"]) for one in after["decisions"]] == [("approve", "Fine.")]
    assert channel.__class__.objects.get(pk=channel.pk).content == content


def test_a_channel_of_a_live_campaign_is_changed_and_added_by_approval(
    owner: Caller, approver: Caller
) -> None:
    campaign = in_state("running", "message", created_by=owner.membership)
    channel = campaign.channels.get()
    body = {"content": {"subject": "News", "body": "Changed"}}
    assert owner.patch(f"/channels/{channel.pk}", body).json()["content"] == channel.content
    added = {"kind": "sms", "connection": channel.connection_id, "content": {"body": "Hello"}}
    answer = owner.post(f"/campaigns/{campaign.pk}/channels", added)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending_approval")
    assert campaign.channels.count() == 1
    approver.post(f"/campaigns/{campaign.pk}/actions/approve")
    kinds = {row.kind: (row.content["body"], row.status) for row in campaign.channels.all()}
    assert kinds == {"email": ("Changed", "running"), "sms": ("Hello", "running")}
