"""Any workflow, any people: everybody goes the way that a plain walk goes, everyone ends, and the ledger adds up."""

from __future__ import annotations

import itertools
import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from campaigns.domain.workflow import workflow_errors
from campaigns.engine import ledger
from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign, Journey, Person
from channels.models import Delivery
from tests.engine import plain_walk
from tests.engine.plain_walk import Walker
from tests.engine.world import NOW, make_journey, make_list, make_people, make_workspace, message

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

PLANS = ("gold", "free", "none")
ZONES = ("", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_TICKS = 400
_numbers = itertools.count()

conditions = st.sampled_from(PLANS).flatmap(
    lambda plan: st.sampled_from(
        [
            {"attribute": "plan", "op": "eq", "value": plan},
            {"not": {"attribute": "plan", "op": "eq", "value": plan}},
        ]
    )
)
durations = st.sampled_from(["30 minutes", "5 hours", "1 day", "3 days", "1 week", "1 month"])
hours = st.sampled_from([("00:30", "01:30"), ("09:00", "17:00"), ("20:00", "23:30"), ("02:00", "03:00")])


def _window(by: str, times: tuple[str, str], days: set[str]) -> dict[str, Any]:
    return {
        "type": "window", "from": times[0], "to": times[1], "timezone": by, "days": sorted(days, key=DAYS.index),
    }  # fmt: skip


single = st.one_of(
    st.sampled_from([{"type": "message", "sending": "draft"}, *({"type": "message"},) * 3]),
    st.builds(lambda time: {"type": "delay", "for": time}, durations),
    st.builds(
        lambda c, time: {"type": "wait_until", "condition": c, "timeout": time}, conditions, durations
    ),
    st.builds(lambda plan: {"type": "update", "attributes": {"plan": plan}}, st.sampled_from([*PLANS, None])),
    st.builds(_window, st.sampled_from(["person", "campaign"]), hours, st.sets(st.sampled_from(DAYS), min_size=1)),
    st.just({"type": "exit"}),
)  # fmt: skip


def _nested(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    steps = st.lists(inside, max_size=3)
    variant = st.builds(lambda weight, steps: {"weight": weight, "steps": steps}, st.integers(1, 5), steps)
    return st.one_of(
        st.builds(lambda c, a, b: {"type": "branch", "if": c, "then": a, "else": b}, conditions, steps, steps),
        st.builds(
            lambda variants, won: {"type": "split", "variants": variants, "won": won},
            st.lists(variant, min_size=2, max_size=3),
            st.booleans(),
        ),
    )  # fmt: skip


steps = st.recursive(single, lambda inside: inside | _nested(inside), max_leaves=8)
workflows = st.lists(steps, min_size=1, max_size=6)
people = st.lists(
    st.tuples(st.sampled_from(PLANS), st.sampled_from(ZONES), st.booleans()), min_size=1, max_size=12
)


def named(workflow: list[dict[str, Any]], keys: Any) -> list[dict[str, Any]]:
    """The same with a key for each step, and what the type needs besides."""
    found = []
    for drawn in workflow:
        step = {**drawn, "key": f"k{next(keys)}"}
        if step["type"] == "message":
            step = {**message(step["key"]), **step}
        for way in ("then", "else"):
            if way in step:
                step[way] = named(step[way], keys)
        if "variants" in step:
            step["variants"] = [
                {**variant, "name": f"v{place}", "steps": named(variant["steps"], keys)}
                for place, variant in enumerate(step["variants"])
            ]
            if step.pop("won"):
                step["winner"] = "v1"
        found.append(step)
    return found


@settings(
    max_examples=int(os.environ.get("WALK_EXAMPLES", "25")),
    suppress_health_check=list(HealthCheck),
    # Shrinking takes minutes with a database; what is drawn is small as it is.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    workflows, people, st.none() | conditions, st.none() | conditions,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]), st.integers(1, 7), st.lists(st.integers(0, 900)),
)  # fmt: skip
def test_everybody_goes_the_way_that_a_plain_walk_goes(
    drawn: list[dict[str, Any]],
    who: list[tuple[str, str, bool]],
    leaving: dict[str, Any] | None,
    filtered: dict[str, Any] | None,
    zone: str,
    batch: int,
    late: list[int],
) -> None:
    workflow = named(drawn, itertools.count())
    assert not workflow_errors(workflow)
    campaign = _journey(workflow, who, zone, leaving, filtered)
    rules = {"exit": leaving, "filter": filtered}
    walkers = [
        Walker(pk, attributes, zone, bool(phone))
        for pk, attributes, zone, phone in Person.objects.filter(workspace=campaign.workspace)
        .order_by("pk")
        .values_list("pk", "attributes", "timezone", "phone")
    ]
    for walker in walkers:
        plain_walk.arrive(walker, workflow, NOW, zone, None)
    now, delays = NOW, itertools.chain(late, itertools.repeat(0))
    for _ in range(MOST_TICKS):
        active = [walker for walker in walkers if walker.status == "active"]
        if not active:
            break
        # As somebody is due, or some minutes late.
        now = max(now, min(walker.due for walker in active)) + timedelta(minutes=next(delays))
        advance(campaign.pk, now, batch=batch)
        for walker in walkers:
            plain_walk.take(walker, now, campaign.pk, zone, rules)
        _compare(campaign, walkers)
    assert all(walker.status != "active" for walker in walkers), "everyone ends"
    assert list(ledger.violations()) == []


def _journey(
    workflow: list[dict[str, Any]],
    who: list[tuple[str, str, bool]],
    zone: str,
    leaving: dict[str, Any] | None,
    filtered: dict[str, Any] | None,
) -> Campaign:
    number = next(_numbers)
    workspace = make_workspace(f"walk{number}")
    ids = make_people(workspace, len(who), prefix=f"w{number}_")
    for pk, (plan, clock, phone) in zip(ids, who, strict=True):
        Person.objects.filter(pk=pk).update(
            attributes={"plan": plan}, timezone=clock, **({} if phone else {"phone": ""})
        )
    segment = make_list(workspace, ids)
    campaign = make_journey(
        segment, workflow, timezone=zone, exit={"condition": leaving} if leaving else {},
        trigger={"type": "segment", "in": [[segment.pk]]},
    )  # fmt: skip
    enter_people(campaign.pk, NOW)
    if filtered:
        # After they have entered: the filter is also asked of who enters.
        Campaign.objects.filter(pk=campaign.pk).update(trigger=campaign.trigger | {"filter": filtered})
    return campaign


def _compare(campaign: Campaign, walkers: list[Walker]) -> None:
    rows: dict[int, dict[str, Any]] = {}
    written = Delivery.objects.filter(channel__campaign=campaign)
    for pk, step, status, reason, expires in written.values_list(
        "person_id", "step", "status", "reason", "expires_at"
    ):
        rows.setdefault(pk, {})[step] = (status, reason, expires)
    found = {
        pk: ("active", step, due, until) if status == "active" else (status, reason)
        for pk, status, reason, step, due, until in Journey.objects.filter(campaign=campaign).values_list(
            "person_id", "status", "reason", "step", "due_at", "until"
        )
    }
    attributes = dict(Person.objects.filter(pk__in=found).values_list("pk", "attributes"))
    for walker in walkers:
        assert found[walker.pk] == walker.place
        assert rows.get(walker.pk, {}) == walker.rows
        assert attributes[walker.pk] == walker.attributes
