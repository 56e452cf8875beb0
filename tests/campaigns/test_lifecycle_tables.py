"""The lifecycle tables against the specification, and against the FSM's graph. No database."""

import pytest
from django_fsm import RETURN_VALUE

from campaigns.domain import states
from campaigns.domain.approval import Approval, menu_of, policy_edges, review_of
from campaigns.domain.guards import GUARDS
from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS, CHANNEL_MENUS, derive
from campaigns.models import Campaign
from campaigns.services.effects import EFFECTS
from channels.models import Channel
from tests.campaigns import lifecycle_spec as spec

ROLES = ("creator", "approver", "admin")


def _fsm_edges(model):
    """(transition, source, target) of the FSM, read from django-fsm's own bookkeeping."""
    edges = set()
    for transition in model._meta.get_field("status").get_all_transitions(model):
        targets = (
            transition.target.allowed_states
            if isinstance(transition.target, RETURN_VALUE)
            else [transition.target]
        )
        edges |= {(transition.name, transition.source, target) for target in targets}
    return edges


def test_all_seven_kinds_are_there():
    assert set(BY_KIND) == set(spec.MENUS) == set(spec.LABELS)


@pytest.mark.parametrize("kind", spec.MENUS)
def test_menu_is_the_specification_in_its_order(kind):
    menus = {
        status: [(entry.label, "" if entry.link else entry.name, entry.targets) for entry in menu]
        for status, menu in BY_KIND[kind].menus.items()
    }
    assert menus == spec.MENUS[kind]


@pytest.mark.parametrize("kind", spec.LABELS)
def test_statuses_and_their_words(kind):
    assert {status: look.label for status, look in BY_KIND[kind].looks.items()} == spec.LABELS[kind]


@pytest.mark.parametrize(("kind", "status"), spec.COLOURS)
def test_colours_that_the_seed_names(kind, status):
    assert BY_KIND[kind].look(status).colour == spec.COLOURS[kind, status]


def test_every_status_explains_itself_and_has_an_icon():
    for lifecycle in BY_KIND.values():
        for look in lifecycle.looks.values():
            assert look.meaning.endswith("."), look
            assert look.icon


@pytest.mark.parametrize("kind", spec.MENUS)
def test_roles(kind):
    for menu in BY_KIND[kind].menus.values():
        for entry in menu:
            if not entry.link:
                assert entry.roles == spec.ROLES.get(entry.name, set(ROLES)), entry


@pytest.mark.parametrize("kind", spec.MENUS)
def test_lifecycle_is_a_subset_of_the_fsm_graph(kind):
    graph = _fsm_edges(Campaign)
    edges = {
        (action, source, target) for action, source, target, _ in BY_KIND[kind].edges() if source != target
    }
    edges |= {edge for edge in policy_edges(BY_KIND[kind]) if edge[1] != edge[2]}
    assert edges - graph == set()


def test_the_fsm_has_no_edge_that_no_lifecycle_uses():
    used = {(a, source, target) for table in BY_KIND.values() for a, source, target, _ in table.edges()}
    used |= {edge for table in BY_KIND.values() for edge in policy_edges(table)}
    unused = {edge for edge in _fsm_edges(Campaign) if edge not in used and edge[1] != edge[2]}
    # A RETURN_VALUE transition lists targets for several kinds at once, so only (action, source) can be compared there.
    assert {(a, source) for a, source, _ in unused} - {(a, source) for a, source, _ in used} == set()


def test_channel_menus_are_the_specification_and_a_subset_of_the_fsm():
    assert {status: [e.label for e in menu] for status, menu in CHANNEL_MENUS.items()} == spec.CHANNEL_MENUS
    assert set(CHANNEL_LOOKS) == set(spec.CHANNEL_MENUS)
    edges = {(e.name, status, t) for status, menu in CHANNEL_MENUS.items() for e in menu for t in e.targets}
    assert edges - _fsm_edges(Channel) == set()


def test_every_guard_and_effect_that_a_table_names_exists():
    for table in BY_KIND.values():
        for menu in table.menus.values():
            for entry in menu:
                assert set(entry.guards) <= set(GUARDS), entry
                assert entry.link or entry.name in EFFECTS, entry


def test_targets_are_statuses_of_the_kind():
    for table in BY_KIND.values():
        for _, source, target, _ in table.edges():
            assert {source, target} <= set(table.statuses)


def test_every_resting_status_falls_under_the_six_month_rule():
    for table in BY_KIND.values():
        archived = {
            source for edge in table.system if edge.action == "auto_archive" for source in edge.sources
        }
        assert archived == set(states.RESTING) & set(table.statuses), table.kind


@pytest.mark.parametrize(
    ("channels", "status", "message"),
    [
        ([], "draft", ""),
        (["ready"], "draft", ""),
        (["ready", "ready"], "draft", ""),
        (["running", "ready"], "running", "1 channel running"),
        (["running", "errored", "stopped"], "running", "1 channel running"),
        (["paused", "paused", "completed"], "running", "2 channels paused"),
        (["errored", "paused"], "running", "1 channel paused, 1 channel errored"),
        (["completed", "ready"], "running", "1 channel finished, 1 still to start"),
        (["stopped", "ready", "ready"], "running", "1 channel finished, 2 still to start"),
        (["stopped", "stopped"], "stopped", ""),
        (["stopped", "completed"], "completed", ""),
        (["completed"], "completed", ""),
    ],
)
def test_outreach_status_is_derived_in_this_order(channels, status, message):
    assert derive(channels) == (status, message)


def _labels(menu):
    return [entry.label for entry in menu]


@pytest.mark.parametrize("kind", spec.SENT_FROM)
def test_a_policy_puts_send_for_approval_first_and_changes_nothing_else(kind):
    lifecycle = BY_KIND[kind]
    plain = {status: _labels(menu) for status, menu in lifecycle.menus.items()}
    for status, labels in plain.items():
        assert _labels(menu_of(lifecycle, status, Approval())) == labels
        assert _labels(menu_of(lifecycle, status, Approval(asked=True, approved=True))) == labels
        first = ["Send for approval"] if status in spec.SENT_FROM[kind] else []
        assert _labels(menu_of(lifecycle, status, Approval(asked=True))) == first + labels


@pytest.mark.parametrize("kind", spec.SENT_FROM)
def test_what_waits_for_approval_is_decided_on_and_copied_and_nothing_else(kind):
    lifecycle, asked = BY_KIND[kind], Approval(asked=True, waiting=True)
    pending = menu_of(lifecycle, "pending_approval", asked)
    copy = "Duplicate" if kind in ("journey", "outreach") else "Clone"
    assert _labels(pending) == ["Approve", "Reject", "Withdraw", copy]
    back = spec.SENT_FROM[kind] - {"running"}
    assert set(pending[0].targets) == set(pending[2].targets) == back
    assert pending[1].targets == ("rejected",)
    archive = [] if kind == "journey" else ["Archive"]
    rejected = _labels(menu_of(lifecycle, "rejected", Approval(asked=True)))
    assert rejected == ["Send for approval", *archive, copy, "Delete"]


@pytest.mark.parametrize("status", ["scheduled", "running", "awaiting_next_run"])
def test_a_live_campaign_has_decisions_only_while_an_edit_waits_and_never_in_its_menu(status):
    lifecycle = BY_KIND["message"]
    waiting = Approval(asked=True, approved=True, waiting=True)
    assert _labels(review_of(lifecycle, status, waiting)) == ["Approve", "Reject", "Withdraw"]
    assert review_of(lifecycle, status, Approval(asked=True, approved=True)) == ()
    assert _labels(menu_of(lifecycle, status, waiting)) == _labels(lifecycle.menus[status])


@pytest.mark.parametrize(
    ("approval", "creator", "approver"),
    [
        (Approval(asked=True), ["Send for approval"], ["Publish"]),
        (Approval(asked=True, may_publish=False), ["Send for approval"], ["Send for approval"]),
        (Approval(asked=False), ["Publish"], ["Publish"]),
    ],
)
@pytest.mark.parametrize("status", ["draft", "rejected"])
def test_who_sends_a_message_for_approval_and_who_publishes_it(approval, creator, approver, status):
    menu = menu_of(BY_KIND["message"], status, approval)
    for role, labels in (("creator", creator), ("approver", approver), ("admin", approver)):
        assert _labels(entry for entry in menu if role in entry.roles)[:-3] == labels
