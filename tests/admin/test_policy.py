"""The approval policy in the admin: the same rules and the same row in the log as on its page in the console."""

import pytest
from django.urls import reverse

from campaigns.models import Activity, Membership

pytestmark = pytest.mark.django_db

VALUES = {
    "kinds": ["sms", "message"], "from_audience": 0, "approvers_needed": 1, "approvers_may_publish": "on", "late": "ask",
    "grace_hours": 3,
}  # fmt: skip


def test_an_admin_changes_the_policy(admin_member, workspace, enter):
    policy = workspace.approval_policy
    client, address = enter(admin_member), reverse("admin:approvals_policy_change", args=[policy.pk])
    assert client.post(address, VALUES).status_code == 302
    policy.refresh_from_db()
    assert (policy.grace_hours, policy.kinds) == (3, ["sms", "message"])
    row = Activity.objects.get(workspace=workspace, campaign=None, action="edit_policy")
    assert (row.via, row.actor_label) == ("admin", admin_member.user.email)
    assert row.data["changed"] == {"grace_hours": [24, 3], "kinds": [["message"], ["sms", "message"]]}
    response = client.post(address, VALUES | {"approvers_needed": 2, "kinds": ["sms", "fax"]})
    assert {"approvers_needed", "kinds"} == set(response.context["adminform"].form.errors)


def test_a_superuser_sets_the_policy_of_a_workspace_they_do_not_belong_to(root, workspace, enter):
    address = reverse("admin:approvals_policy_change", args=[workspace.approval_policy.pk])
    assert not Membership.objects.filter(user=root).exists()
    assert enter(root).post(address, VALUES).status_code == 302
    assert Activity.objects.get(workspace=workspace, action="edit_policy").actor_label == root.email
