"""The policy on its own page: admins change it, others read it, and every change can be looked up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from approvals.models import Policy
from campaigns.models import Activity, Membership
from tests.console.conftest import Browse
from tests.factories import member

URL = "/settings/approvals/"
POLICY: dict[str, Any] = {
    "kinds": ["message"], "from_audience": 0, "approvers_needed": 1, "approvers_may_publish": "on", "late": "ask",
    "grace_hours": 24,
}  # fmt: skip


@pytest.fixture
def admins_browser(browse: Browse, admin_member: Membership) -> Client:
    return browse(admin_member)


def test_an_admin_changes_it_and_the_log_tells_from_what_to_what(
    admins_browser: Client, admin_member: Membership
) -> None:
    member("approver", admin_member.workspace)
    changed = POLICY | {
        "kinds": ["sms", "message"], "from_audience": 1000, "approvers_needed": 2, "late": "skip", "grace_hours": 6,
    }  # fmt: skip
    del changed["approvers_may_publish"]
    assert admins_browser.post(URL, changed).status_code == 302
    policy = Policy.objects.get(workspace=admin_member.workspace)
    assert (policy.kinds, policy.from_audience, policy.approvers_needed) == (["sms", "message"], 1000, 2)
    assert (policy.approvers_may_publish, policy.late, policy.grace_hours) == (False, "skip", 6)
    log = admins_browser.get("/settings/activity/").content.decode()
    for told in (
        "from audience: 0 → 1,000",
        "grace hours: 24 → 6",
        "late: ask → skip",
        admin_member.user.email,
    ):
        assert told in log
    assert "approvers may publish: yes → no" in log


def test_saving_it_unchanged_is_no_change(admins_browser: Client, admin_member: Membership) -> None:
    assert admins_browser.post(URL, POLICY).status_code == 302
    assert not Activity.objects.filter(workspace=admin_member.workspace).exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kinds": ["fax"]}, "fax is not one of the available choices"),
        ({"from_audience": -1}, "greater than or equal to 0"),
        ({"from_audience": "many"}, "Enter a whole number"),
        ({"approvers_needed": 0}, "greater than or equal to 1"),
        ({"approvers_needed": 6}, "less than or equal to 5"),
        ({"approvers_needed": 3}, "The workspace has only 1 member who may approve"),
        ({"late": "never"}, "never is not one of the available choices"),
        ({"grace_hours": 10_000}, "less than or equal to 8760"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    admins_browser: Client, wrong: dict[str, Any], sentence: str
) -> None:
    response = admins_browser.post(URL, POLICY | wrong)
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_too_few_approvers_are_warned_of(admins_browser: Client) -> None:
    page = admins_browser.get(URL).content.decode()
    assert "The workspace has 1 member who may approve: what one of them makes" in page


@pytest.mark.parametrize("role", ["creator", "approver"])
def test_others_read_it(role: str, browse: Browse, admin_member: Membership) -> None:
    client = browse(member(role, admin_member.workspace))
    page = client.get(URL)
    assert page.status_code == 200
    assert b"Only an admin of the workspace changes the policy" in page.content
    assert b"Save the policy" not in page.content
    assert client.post(URL, POLICY | {"grace_hours": 1}).status_code == 403
    assert Policy.objects.get(workspace=admin_member.workspace).grace_hours == 24


def test_the_log_of_settings_is_the_workspaces_own(
    browse: Browse, admins_browser: Client, stranger: Membership
) -> None:
    admins_browser.post(URL, POLICY | {"grace_hours": 5})
    assert b"24 \xe2\x86\x92 5" not in browse(stranger).get("/settings/activity/").content
