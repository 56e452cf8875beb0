"""Steps of other campaigns, archived ones and other workspaces of the same person too, under keys of their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.domain.workflow import steps_in
from campaigns.models import Campaign, Label, Membership, WorkflowEdit
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, MembershipFactory, SegmentFactory, in_state, sandbox_connection

TEXT = {"channel": "email", "subject": "Hello", "body": "Welcome"}


def tree(condition: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": "hello", "type": "message", **TEXT},
        {
            "key": "fork", "type": "branch", "if": condition, "else": [],
            "then": [{"key": "text", "type": "message", "channel": "sms", "body": "Hi"}],
        },
        {
            "key": "test", "type": "split", "winner": "A", "decide": {"after": "7 days"},
            "variants": [{"name": name, "weight": 1, "steps": []} for name in "AB"],
        },
    ]  # fmt: skip


PLAN = {"attribute": "plan", "op": "eq", "value": "pro"}


@pytest.fixture
def target(creator: Membership) -> Campaign:
    sandbox_connection(creator.workspace)
    workflow = [{"key": "hello", "type": "message", **TEXT}]
    return CampaignFactory(created_by=creator, kind="journey", name="Target", workflow=workflow)


def copy_url(target: Campaign, **asked: Any) -> str:
    return f"/campaigns/{target.pk}/edit/what/copy/?" + "&".join(f"{k}={v}" for k, v in asked.items())


def drawn(campaign: Campaign) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WorkflowEdit.objects.get(campaign=campaign).workflow
    return found


def messages_of(page: Client, target: Campaign) -> str:
    return page.get(f"/campaigns/{target.pk}/edit/what/").content.decode()


def test_steps_of_an_archived_campaign_come_with_what_is_inside_under_keys_of_their_own(
    page: Client, creator: Membership, target: Campaign
) -> None:
    source = in_state("archived", "journey", workspace=creator.workspace, created_by=creator, name="Old one")
    Campaign.objects.filter(pk=source.pk).update(workflow=tree(PLAN))
    assert "Old one" in page.get(copy_url(target)).content.decode()
    assert "Old one" not in page.get(copy_url(target, q="nothing")).content.decode()
    address = copy_url(target, **{"from": source.pk}, at="workflow.0")
    assert "plan is “pro”" in page.get(address).content.decode()
    answer = page.post(address, {"steps": ["fork", "text", "test"]})
    made = drawn(target)
    assert answer["Location"].endswith(f"#step-{made[0]['key']}")
    assert [step["type"] for step in made] == ["branch", "split", "message"]
    assert made[0]["then"][0]["body"] == "Hi"
    keys = [place.step["key"] for place in steps_in(made)]
    assert len(set(keys)) == 4 and {"fork", "text", "test"}.isdisjoint(keys)
    assert "winner" not in made[1] and "decide" not in made[1], "what was won there has won nothing here"
    assert "send by SMS" in messages_of(page, target)
    assert Campaign.objects.get(pk=target.pk).workflow[0]["key"] == "hello", "nothing is saved by it"


@pytest.mark.parametrize("steps", [[], ["gone"], ["hello", "gone"]])
def test_no_step_or_one_that_is_not_there_is_refused(
    page: Client, creator: Membership, target: Campaign, steps: list[str]
) -> None:
    source = CampaignFactory(created_by=creator, kind="journey")
    assert page.post(copy_url(target, **{"from": source.pk}), {"steps": steps}).status_code == 422
    assert not WorkflowEdit.objects.exists()


@pytest.fixture
def elsewhere(creator: Membership) -> Membership:
    """The same person in another workspace."""
    return MembershipFactory(user=creator.user, role="viewer")


def test_between_workspaces_segments_go_by_their_names_and_what_is_missing_is_flagged(
    page: Client, creator: Membership, target: Campaign, elsewhere: Membership
) -> None:
    owner = MembershipFactory(workspace=elsewhere.workspace, role="creator")
    sandbox_connection(elsewhere.workspace)
    both, only = (SegmentFactory(workspace=elsewhere.workspace, name=name) for name in ("Readers", "Buyers"))
    here = SegmentFactory(workspace=creator.workspace, name="readers")
    Label.objects.create(workspace=elsewhere.workspace, name="Spring")
    condition = {
        "any": [
            {"segment": both.pk, "op": "in"}, {"not": {"segment": only.pk, "op": "in"}},
            {"label": "Spring", "op": "sent"}, PLAN,
        ]
    }  # fmt: skip
    source = CampaignFactory(created_by=owner, kind="journey", name="There", workflow=tree(condition))
    assert "There" in page.get(copy_url(target, workspace=elsewhere.workspace_id)).content.decode()
    address = copy_url(target, workspace=elsewhere.workspace_id, **{"from": source.pk})
    page.post(address, {"steps": ["fork"]})
    any_of = drawn(target)[1]["if"]["any"]
    assert any_of[0]["segment"] == here.pk and any_of[1]["not"]["segment"] == 0 and any_of[3] == PLAN
    text = messages_of(page, target)
    assert "no segment “Buyers” in this workspace" in text and "no label “Spring”" in text
    step = page.get(f"/campaigns/{target.pk}/edit/what/steps/{drawn(target)[1]['key']}/").content.decode()
    assert "Choose a segment" in step and 'value="pro"' in step, "what could be kept is in the form"
    channels = target.channels.get()
    posted = {"version": target.version, "channels": 1, "c0-id": channels.pk, "c0-kind": "email",
              "c0-connection": channels.connection_id, "op": "save"}  # fmt: skip
    assert page.post(f"/campaigns/{target.pk}/edit/what/", posted).status_code == 422


def test_nothing_is_copied_from_a_workspace_that_one_is_no_member_of(
    page: Client, browse: Browse, creator: Membership, target: Campaign
) -> None:
    stranger = CampaignFactory(kind="journey")
    assert page.get(copy_url(target, workspace=stranger.workspace_id)).status_code == 404
    assert page.get(copy_url(target, **{"from": stranger.pk})).status_code == 404
    assert page.post(copy_url(target, **{"from": stranger.pk}), {"steps": ["hello"]}).status_code == 404
    reader = browse(MembershipFactory(workspace=creator.workspace, role="viewer"))
    source = CampaignFactory(created_by=creator, kind="journey")
    assert reader.post(copy_url(target, **{"from": source.pk}), {"steps": ["hello"]}).status_code == 403
    assert not WorkflowEdit.objects.exists()
