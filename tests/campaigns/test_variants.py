"""Results by variant, and the winner: counted from tallies in one query; chosen by a member, for everybody still to come."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Activity, Campaign, Membership
from campaigns.services.actors import Actor
from campaigns.services.campaigns import update_campaign
from campaigns.services.errors import ActionError, Invalid, NotAllowed, NotFound, Stale
from campaigns.services.snapshots import hash_of
from campaigns.services.variants import choose_winner, tallies_of, trials
from channels.models import Channel, Delivery
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

AB = {"variants": [{"name": "A", "weight": 3, "body": "one"}, {"name": "B", "weight": 1, "body": "two"}]}
BY_PROPERTY = {"body": "hello", "variants": {"on_property": "language", "cases": {"tr": {"body": "merhaba"}}}}


def blast(creator: Membership, content: dict[str, Any], kind: str = "outreach", **more: Any) -> Campaign:
    sandbox = factories.sandbox_connection(creator.workspace)
    channels = [{"kind": "sms", "connection": sandbox.pk, "content": content}]
    return factories.CampaignFactory(kind=kind, created_by=creator, channels=channels, **more)


def fill(channel: Channel, step: str = "", **variants: int) -> None:
    """So many messages of each variant went out; the first of each was opened."""
    for name, number in variants.items():
        people = factories.people(channel.campaign.workspace, number)
        Delivery.objects.bulk_create(
            Delivery(
                channel=channel, step=step, person_id=pk, status="sent", variant=name, due_at=NOW, sent_at=NOW,
                opened_at=None,
            )
            for pk in people
        )  # fmt: skip
        Delivery.objects.filter(channel=channel, person_id=people[0]).update(opened_at=NOW)


def test_each_variant_is_counted_by_itself(creator: Membership) -> None:
    campaign = blast(creator, AB)
    channel = campaign.channels.get()
    fill(channel, A=3, B=2)
    (trial,) = trials(campaign, [channel])
    assert (trial.type, trial.winner, trial.sent, trial.can_win) == ("ab", "", 5, True)
    assert [(row.name, row.weight, row.counts["sent"], row.counts["opened"]) for row in trial.rows] == [
        ("A", 75.0, 3, 1),
        ("B", 25.0, 2, 1),
    ]


def test_the_results_are_one_query_and_none_without_variants(creator: Membership) -> None:
    plain, tested = blast(creator, {"body": "hello"}), blast(creator, AB)
    channel, other = plain.channels.get(), tested.channels.get()
    fill(other, A=1)
    with CaptureQueriesContext(connection) as captured:
        assert trials(plain, [channel]) == []
    assert len(captured) == 0
    with CaptureQueriesContext(connection) as captured:
        trials(tested, [other])
    assert len(captured) == 1


def test_the_results_are_read_from_the_tallies_by_their_index(creator: Membership) -> None:
    channel = blast(creator, AB).channels.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_tally (channel_id, run, step, status, variant, n)"
            " SELECT %s + n %% 2000, 0, '', 'sent', 'A', 1 FROM generate_series(1, 60000) AS n",
            [channel.pk],
        )
        cursor.execute("ANALYZE channels_tally")
        sql, values = tallies_of([channel.pk]).query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


def test_steps_of_a_journey_are_trials_of_their_own(creator: Membership) -> None:
    sandbox = factories.sandbox_connection(creator.workspace)
    step: dict[str, Any] = {"type": "message", "channel": "sms", **AB}
    workflow = [{"key": "one", **step}, {"key": "two", **step}]
    channels = [{"kind": "sms", "connection": sandbox.pk}]
    campaign = factories.CampaignFactory(
        kind="journey", created_by=creator, channels=channels, workflow=workflow
    )
    channel = campaign.channels.get()
    fill(channel, "two", A=2)
    assert [(trial.step, trial.sent) for trial in trials(campaign, [channel])] == [("one", 0), ("two", 2)]
    choose_winner(channel.pk, Actor.member(creator), "B", NOW, step="two")
    stored = Campaign.objects.get(pk=campaign.pk)
    assert [step.get("winner") for step in stored.workflow] == [None, "B"]
    choose_winner(channel.pk, Actor.member(creator), "", NOW, step="two")
    assert Campaign.objects.get(pk=campaign.pk).workflow == workflow


def test_messages_inside_branches_and_of_flows_are_trials_too_and_stay_approved(creator: Membership) -> None:
    sandbox = factories.sandbox_connection(creator.workspace)
    inside = {"key": "deep", "type": "message", "channel": "sms", **AB}
    fork = {
        "key": "fork",
        "type": "branch",
        "if": {"attribute": "x", "op": "exists"},
        "then": [inside],
        "else": [],
    }
    flow = {"key": "one", "name": "One", "active": True, "workflow": [fork]}
    campaign = factories.CampaignFactory(
        kind="flow", created_by=creator, channels=[{"kind": "sms", "connection": sandbox.pk}], flows=[flow]
    )
    channel = campaign.channels.get()
    fill(channel, "one:deep", B=2)
    assert [(trial.step, trial.sent) for trial in trials(campaign, [channel])] == [("one:deep", 2)]
    Campaign.objects.filter(pk=campaign.pk).update(approved_hash=hash_of(campaign, [channel]))
    choose_winner(channel.pk, Actor.member(creator), "B", NOW, step="one:deep")
    stored = Campaign.objects.get(pk=campaign.pk)
    assert stored.flows[0]["workflow"][0]["then"][0]["winner"] == "B"
    assert (stored.version, stored.approved_hash) == (campaign.version + 1, hash_of(stored, [channel]))
    choose_winner(channel.pk, Actor.member(creator), "", NOW, step="one:deep")
    assert Campaign.objects.get(pk=campaign.pk).flows == campaign.flows


def test_a_winner_is_kept_said_and_taken_back(creator: Membership) -> None:
    campaign = blast(creator, AB)
    channel = campaign.channels.get()
    choose_winner(channel.pk, Actor.member(creator), "B", NOW, version=campaign.version)
    channel = Channel.objects.get(pk=channel.pk)
    assert channel.winner == "B"
    (trial,) = trials(campaign, [channel])
    assert [row.is_winner for row in trial.rows] == [False, True]
    row = Activity.objects.filter(campaign_id=campaign.pk).latest("id")
    assert (row.action, row.data["variant"], row.channel_id) == ("choose_winner", "B", channel.pk)
    with pytest.raises(Stale):
        choose_winner(channel.pk, Actor.member(creator), "A", NOW, version=campaign.version)
    choose_winner(channel.pk, Actor.member(creator), "", NOW)
    channel = Channel.objects.get(pk=channel.pk)
    assert channel.winner == ""


@pytest.mark.parametrize(
    ("content", "variant", "step", "error", "field"),
    [
        (AB, "C", "", Invalid, "variant"),
        (AB, "A", "hello", Invalid, "step"),
        (BY_PROPERTY, "tr", "", NotAllowed, None),
        ({"body": "hello"}, "A", "", NotAllowed, None),
    ],
)
def test_what_cannot_win_is_refused(
    creator: Membership, content: dict[str, Any], variant: str, step: str, error: type[ActionError], field: str | None
) -> None:  # fmt: skip
    channel = blast(creator, content).channels.get()
    with pytest.raises(error) as caught:
        choose_winner(channel.pk, Actor.member(creator), variant, NOW, step=step)
    assert list(caught.value.fields) == ([field] if field else [])


def test_strangers_know_nothing_of_it_and_archived_campaigns_do_not_change(
    creator: Membership, stranger: Membership
) -> None:
    channel = blast(creator, AB).channels.get()
    with pytest.raises(NotFound):
        choose_winner(channel.pk, Actor.member(stranger), "A", NOW)
    Campaign.objects.filter(pk=channel.campaign_id).update(status="archived")
    with pytest.raises(NotAllowed):
        choose_winner(channel.pk, Actor.member(creator), "A", NOW)


def test_other_variants_are_another_test(creator: Membership) -> None:
    campaign = blast(creator, AB)
    channel = campaign.channels.get()
    choose_winner(channel.pk, Actor.member(creator), "A", NOW)
    same = {"id": channel.pk, "content": AB}
    update_campaign(campaign.pk, Actor.member(creator), {"channels": [same]}, None, NOW)
    channel = Channel.objects.get(pk=channel.pk)
    assert channel.winner == "A"
    others = {"variants": [*AB["variants"], {"name": "C", "weight": 1, "body": "three"}]}
    changed = {"id": channel.pk, "content": others}
    update_campaign(campaign.pk, Actor.member(creator), {"channels": [changed]}, None, NOW)
    channel = Channel.objects.get(pk=channel.pk)
    assert channel.winner == ""
