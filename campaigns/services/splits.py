"""Splits that decide themselves: when their time is over, the variant with the most conversions per entrant gets everybody.

A split's time (``decide.after``) runs from the beat that finds the first person there, which the activity log notes.
Where none is ahead by then, that is noted too and the time begins anew, as it does when a winner is taken back. Nothing
is decided unless the campaign runs. People choose the winner of a flow's split by hand while the flow is active and
read-only: which way people take is not the shape of the workflow.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Q, Sum, TextField
from django.db.models.functions import Cast

from campaigns.domain.durations import after, duration_words, parse_duration
from campaigns.domain.flows import is_locked
from campaigns.domain.permissions import role_may
from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.splits import best_of, way_sql
from campaigns.domain.steps import SPLIT
from campaigns.domain.workflow import Node, qualified, steps_in
from campaigns.models import Activity, Campaign, JourneyTally
from campaigns.services.actions import check_version, lock, record
from campaigns.services.actors import Actor
from campaigns.services.errors import Forbidden, Invalid, NotAllowed, NotFound
from campaigns.services.snapshots import hash_of

log = logging.getLogger(__name__)

BEGAN, UNDECIDED, DECIDED, REOPENED = "split_began", "split_undecided", "choose_winner", "reopen_test"

_RESULTS = """SELECT {way} AS way, count(*), count(*) FILTER (WHERE converted_at >= %(since)s)
    FROM campaigns_journey WHERE campaign_id = %(campaign)s AND flow = %(flow)s
    GROUP BY way"""


@dataclass(frozen=True, slots=True)
class Split:
    """A split of one of the campaign's workflows."""

    campaign: Campaign
    program: Program
    node: Node

    @property
    def waits(self) -> str:
        """How long, in words."""
        return duration_words(self.node.step.raw["decide"]["after"])


def decide_splits(now: datetime) -> dict[str, Any]:
    """Every split whose time is over; one that fails stops no other."""
    written = Q(as_text__contains='"decide"') | Q(flows_as_text__contains='"decide"')
    live = Campaign.objects.filter(
        kind__in=BY_STEPS, status__in=("running", "stopping"), deleted_at__isnull=True
    )
    found = live.annotate(
        as_text=Cast("workflow", TextField()), flows_as_text=Cast("flows", TextField())
    ).filter(written)
    decided = []
    for pk in found.order_by("pk").values_list("pk", flat=True):
        try:
            decided += _decide(pk, now)
        except Exception:
            log.exception("The splits of campaign %s could not be decided", pk)
    return {"decided": decided}


def _decide(campaign_id: int, now: datetime) -> list[str]:
    """The keys of the campaign's splits that have a winner now."""
    with transaction.atomic():
        campaign = lock(campaign_id, Actor.system())
        if campaign.status not in ("running", "stopping"):
            return []
        return [split.node.key for split in list(_open(campaign)) if _look(split, now)]


def _open(campaign: Campaign) -> Iterator[Split]:
    for split in splits_of(campaign):
        step = split.node.step
        if split.program.active and step.raw.get("decide") and not step.winner:
            yield split


def _look(split: Split, now: datetime) -> bool:
    """Begin, go on or end a split's time; whether it has a winner now."""
    notes = Activity.objects.filter(
        campaign_id=split.campaign.pk,
        action__in=(BEGAN, UNDECIDED, DECIDED, REOPENED),
        data__step=split.node.key,
    )
    first, last = notes.order_by("id").first(), notes.order_by("id").last()
    if first is None or last is None:
        if _arrived(split):
            _note(split, BEGAN, f"The first people have come to it; it is decided in {split.waits}.", now)
        return False
    if after(last.at, parse_duration(split.waits), split.campaign.timezone) > now:
        return False
    results = results_of(split.campaign, split.program, split.node, first.at)
    winner = best_of(results)
    if not winner:
        _note(split, UNDECIDED, f"None is ahead: it is looked at again in {split.waits}.", now)
        return False
    _win(split, winner, results, now)
    return True


def _arrived(split: Split) -> bool:
    tallies = JourneyTally.objects.filter(
        campaign_id=split.campaign.pk, step=split.node.key, status="arrived"
    )
    return bool(tallies.aggregate(people=Sum("n"))["people"])


def results_of(
    campaign: Campaign, program: Program, node: Node, since: datetime | None = None
) -> dict[str, tuple[int, int]]:
    """Variant → (entered, converted): everybody who came into the workflow, by the lot that is theirs at this split.

    Conversions count from ``since`` on. Those who never come to the split are spread over the variants by the same
    lot, and take nothing from any of them.
    """
    shares = node.step.shares
    way = way_sql("%(campaign)s", "%(key)s", "person_id", shares)
    values: dict[str, Any] = {
        "campaign": campaign.pk, "key": node.key, "flow": program.flow,
        "since": since or campaign.created_at - timedelta(days=1),
    }  # fmt: skip
    found = {share.name: (0, 0) for share in shares}
    with connection.cursor() as cursor:
        cursor.execute(_RESULTS.format(way=way), values)
        for place, entered, converted in cursor.fetchall():
            found[shares[place].name] = (entered, converted)
    return found


def choose_way(
    campaign_id: int,
    actor: Actor,
    flow: str,
    step: str,
    variant: str,
    now: datetime,
    *,
    version: int | None = None,
) -> Campaign:
    """Everybody who comes to this split of an active flow takes this way from now on; "" goes on with the test.

    Elsewhere the winner is an edit of the workflow, which is open there. ``step`` is the split's own key. Raises
    `NotFound`, `Forbidden`, `Stale`, `NotAllowed` or `Invalid`.
    """
    if actor.membership is None or not role_may(actor.membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        check_version(campaign, version)
        split = split_at(campaign, flow, step)
        if not is_locked(campaign, flow):
            raise NotAllowed("No active flow has this split: its winner is chosen in the workflow.")
        if variant and variant not in [share.name for share in split.node.step.shares]:
            names = ", ".join(share.name for share in split.node.step.shares)
            raise Invalid.field("variant", f"variant must be one of: {names}.")
        store_winner(campaign, split.node.key, variant, now)
        words = f"{variant} goes to everybody from now on." if variant else "The test goes on."
        data = {"step": split.node.key, "variant": variant}
        record(actor, campaign, DECIDED if variant else REOPENED, campaign.status, words, data, now)
    return campaign


def splits_of(campaign: Campaign) -> Iterator[Split]:
    """Every split of every workflow, from top to bottom."""
    for program in programs_of(campaign):
        for node in program.graph().values():
            if node.step.type == SPLIT:
                yield Split(campaign, program, node)


def split_at(campaign: Campaign, flow: str, step: str) -> Split:
    """The split of the flow with this key of its own. Raises `NotFound`."""
    for split in splits_of(campaign):
        if (split.program.flow, split.node.step.key) == (flow, step):
            return split
    raise NotFound("There is no such split in this campaign.")


def _win(split: Split, winner: str, results: dict[str, tuple[int, int]], now: datetime) -> None:
    store_winner(split.campaign, split.node.key, winner, now)
    entered, converted = results[winner]
    words = f"{winner} goes to everybody from now on: {converted:,} of {entered:,} converted."
    numbers = {name: {"entered": n, "converted": c} for name, (n, c) in results.items()}
    _note(split, DECIDED, words, now, {"variant": winner, "results": numbers})


def store_winner(campaign: Campaign, key: str, winner: str, now: datetime) -> None:
    """Write the winner into the step that the ledger calls so ("": none); it stays approved, as every variant was."""
    approved = campaign.approved_hash and campaign.approved_hash == _hash(campaign)
    for program in programs_of(campaign):
        for place in steps_in(program.workflow):
            if qualified(program.flow, place.step["key"]) == key:
                step = cast(dict[str, Any], place.step)
                step.pop("winner", None)
                step |= {"winner": winner} if winner else {}
    if approved:
        campaign.approved_hash = _hash(campaign)
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = now
    campaign.save(
        update_fields=["workflow", "flows", "version", "approved_hash", "updated_at", "last_active_at"]
    )


def _hash(campaign: Campaign) -> str:
    return hash_of(campaign, campaign.channels.order_by("position", "id"))


def _note(split: Split, action: str, words: str, now: datetime, more: dict[str, Any] | None = None) -> None:
    data = {"step": split.node.key, **(more or {})}
    record(Actor.system(), split.campaign, action, split.campaign.status, words, data, now)
