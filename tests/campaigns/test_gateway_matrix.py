"""Every kind × status × action × role (and a stranger): the gateway does exactly what the tables say, and nothing else."""

import pytest
from django.db import transaction

from campaigns.models import Activity, Campaign, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError, Forbidden, Invalid, NotAllowed, NotFound
from tests.campaigns import lifecycle_spec as spec

pytestmark = pytest.mark.django_db

#: What an action needs to be told in order to succeed.
PARAMS = {
    "schedule": {"starts_at": "2031-01-01T09:00:00+00:00"},
    "schedule_stop": {"stops_at": "2031-01-01T09:00:00+00:00"},
    "stop": {"mode": "exit"},
    "restart": {"audience": "current"},
    "reject": {"comment": "The link is wrong."},
}
#: Offered with a reason why it cannot be: Created lacks a strategy, a running campaign has channels at work.
INCOMPLETE = {("python", "draft", "start"), ("outreach", "running", "archive")}
ACTIONS = sorted(
    {action for kind in spec.MENUS.values() for menu in kind.values() for _, action, _ in menu if action}
)
STATES = [(kind, status) for kind, menus in spec.MENUS.items() for status in menus]


class _Undo(Exception):
    """Rolls one attempt back."""


def _attempt(action, campaign, membership, now):
    """The status after the action (or the refusal), and the activity rows it wrote; all undone again."""
    outcome: tuple = ()
    try:
        with transaction.atomic():
            rows = Activity.objects.count()
            try:
                result = perform(
                    action, campaign.pk, Actor.member(membership, "api"), params=PARAMS.get(action), now=now
                )
                outcome = ("done", result, Activity.objects.count() - rows)
            except ActionError as refusal:
                stored = Campaign.objects.get(pk=campaign.pk)
                assert (stored.status, stored.version) == (campaign.status, campaign.version)
                outcome = ("refused", refusal, Activity.objects.count() - rows)
            raise _Undo
    except _Undo:
        return outcome


@pytest.mark.parametrize(("kind", "status"), STATES, ids=[f"{kind}-{status}" for kind, status in STATES])
def test_every_action_by_every_role(kind, status, in_state, creator, approver, admin_member, stranger, now):
    campaign = in_state(kind, status)
    assert campaign.status == status
    for action in ACTIONS:
        what, result, _ = _attempt(action, campaign, stranger, now)
        assert what == "refused" and isinstance(result, NotFound), f"{kind} {status} {action}: {result!r}"
    legal = {action: targets for _, action, targets in spec.MENUS[kind][status] if action}
    for membership in (creator, approver, admin_member):
        for action in ACTIONS:
            what, result, rows = _attempt(action, campaign, membership, now)
            told = f"{kind} {status} {action} by {membership.role}: {result!r}"
            if action not in legal:
                assert what == "refused", told
                assert isinstance(result, NotAllowed), told
            elif membership.role not in spec.ROLES.get(action, {membership.role}):
                assert isinstance(result, Forbidden), told
            elif (kind, status, action) in INCOMPLETE:
                assert isinstance(result, NotAllowed), told
                assert result.message.endswith("."), told
            else:
                assert what == "done", told
                assert rows >= 1, told
                _check_result(action, legal[action], campaign, result, told)


def _check_result(action, targets, campaign, result, told):
    if action == "duplicate":
        assert (
            result.pk != campaign.pk and result.status == "draft" and result.name == f"[COPY] {campaign.name}"
        ), told
        assert result.starts_at is None and result.stops_at is None, told
    elif action == "delete":
        assert result.deleted_at is not None, told
    elif targets:
        assert result.status in targets, told
        assert result.version > campaign.version, told
    else:
        assert result.status == campaign.status, told


def test_stop_of_a_journey_with_people_inside_must_be_told_how(in_state, creator, now):
    campaign = in_state("journey", "running")
    with pytest.raises(Invalid) as refusal:
        perform("stop", campaign.pk, Actor.member(creator), now=now)
    assert "mode" in refusal.value.fields


def test_a_membership_of_another_role_in_the_database_is_what_counts(in_state, creator, now):
    """The role is read from the membership that acts, not from the user."""
    campaign = in_state("message", "draft")
    assert Membership.objects.get(pk=creator.pk).role == "creator"
    with pytest.raises(Forbidden):
        perform("publish", campaign.pk, Actor.member(creator), now=now)
