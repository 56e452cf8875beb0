"""Content variants of a campaign: how each has done, and making one of them the winner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum

from campaigns.domain import states as s
from campaigns.domain.permissions import role_may
from campaigns.domain.programs import programs_of
from campaigns.domain.steps import channel_kind_of
from campaigns.domain.workflow import qualified, steps_in
from campaigns.models import Campaign, Membership
from campaigns.services import handover
from campaigns.services.actions import check_version, record
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import lock_channel
from campaigns.services.errors import Forbidden, Invalid, NotAllowed, NotFound
from campaigns.services.splits import store_winner
from channels.domain.variants import AB, Split, split_of
from channels.models import Channel, Tally

#: What is counted of each variant, in the order of the pages.
COUNTED = ("sent", "delivered", "opened", "clicked", "converted", "failed", "unknown")


@dataclass(slots=True)
class VariantResult:
    """One variant: how large its share is meant to be (percent; None where a property decides), and what became of it."""

    name: str
    weight: float | None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    is_winner: bool = False


@dataclass(slots=True)
class Trial:
    """The variants of one content: of a channel, or of a step of a workflow (``step`` as the ledger calls it)."""

    channel: Channel
    step: str
    type: str
    on_property: str
    winner: str
    rows: list[VariantResult]
    is_over: bool = False
    """Whether nobody gets a message of it any more: a channel of an outreach campaign that has ended."""

    @property
    def sent(self) -> int:
        return sum(row.counts["sent"] for row in self.rows)

    @property
    def can_win(self) -> bool:
        """Whether there is something to win: where a property decides, there is not."""
        return self.type == AB


def trials(campaign: Campaign, channels: Sequence[Channel]) -> list[Trial]:
    """How the variants of these channels (all of the campaign's) have done: one query, none where nothing has variants."""
    found = [
        _trial(channel, step, split, winner) for channel, step, split, winner in _splits(campaign, channels)
    ]
    for trial in found:
        trial.is_over = campaign.kind == "outreach" and trial.channel.status in (s.COMPLETED, s.STOPPED)
    if found:
        _count(found)
    return found


def _splits(campaign: Campaign, channels: Iterable[Channel]) -> Iterator[tuple[Channel, str, Split, str]]:
    """Every content in variants, with its channel, step and winner."""
    for channel in channels:
        for step, content, winner in _contents(campaign, channel):
            if split := split_of(content):
                yield channel, step, split, winner


def _contents(campaign: Campaign, channel: Channel) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    yield "", channel.content, channel.winner
    for program in programs_of(campaign):
        for step in (place.step for place in steps_in(program.workflow)):
            if channel_kind_of(step) == channel.kind:
                yield qualified(program.flow, step["key"]), step, str(step.get("winner") or "")


def _trial(channel: Channel, step: str, split: Split, winner: str) -> Trial:
    whole = sum(variant.weight for variant in split.variants)
    rows = [
        VariantResult(v.name, 100 * v.weight / whole if whole else None, is_winner=v.name == winner)
        for v in split.variants
    ]
    return Trial(channel, step, split.type, split.on_property, winner if winner in split.names else "", rows)


def tallies_of(channel_ids: Iterable[int]) -> QuerySet[Any]:
    """The counts by channel, step, variant and status, of what went out in variants."""
    found = Tally.objects.filter(channel_id__in=list(channel_ids), status__in=COUNTED).exclude(variant="")
    return found.order_by().values("channel_id", "step", "variant", "status").annotate(total=Sum("n"))


def _count(found: list[Trial]) -> None:
    places = {(trial.channel.pk, trial.step, row.name): row for trial in found for row in trial.rows}
    for row in tallies_of({trial.channel.pk for trial in found}):
        place = places.get((row["channel_id"], row["step"], row["variant"]))
        if place is not None:
            place.counts[row["status"]] = row["total"]


def choose_winner(
    channel_id: int,
    actor: Actor,
    variant: str,
    now: datetime,
    *,
    step: str = "",
    version: int | None = None,
) -> Channel:
    """From now on everybody who has not been sent to gets this variant; "" goes on with the test.

    ``version`` is the campaign's. Raises `NotFound`, `Forbidden`, `Stale`, `NotAllowed` or `Invalid`.
    """
    if actor.membership is None or not role_may(actor.membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    with transaction.atomic():
        campaign, channel = lock_channel(channel_id, actor)
        check_version(campaign, version)
        if campaign.status == s.ARCHIVED:
            raise NotAllowed(f"It is {campaign.look.label}: nothing in it changes any more.")
        _refuse_unknown(campaign, channel, step, variant)
        _store(campaign, channel, step, variant, now)
        data = {"channel": channel.kind, "variant": variant} | ({"step": step} if step else {})
        words = f"{variant} goes to everybody from now on." if variant else "The test goes on."
        action = "choose_winner" if variant else "reopen_test"
        record(actor, campaign, action, campaign.status, words, data, now, channel_id=channel.pk)
        handover.after_commit(campaign, [])
    return channel


def _refuse_unknown(campaign: Campaign, channel: Channel, step: str, variant: str) -> None:
    contents = {key: content for key, content, _ in _contents(campaign, channel)}
    if step not in contents:
        raise Invalid.field("step", f"No step “{step[:60]}” of this campaign sends over this channel.")
    split = split_of(contents[step])
    if split is None or split.type != AB:
        raise NotAllowed("Only an A/B test has a winner; this content is not one.")
    if variant and variant not in split.names:
        raise Invalid.field("variant", f"variant must be one of: {', '.join(split.names)}.")


def _store(campaign: Campaign, channel: Channel, step: str, variant: str, now: datetime) -> None:
    if step:
        store_winner(campaign, step, variant, now)
        return
    channel.winner = variant
    channel.save(update_fields=["winner"])
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = now
    campaign.save(update_fields=["version", "updated_at", "last_active_at"])


def results_of(channel_id: int, membership: Membership) -> list[dict[str, Any]]:
    """The trials of one channel, as the API gives them. Raises `NotFound` for what is not theirs."""
    visible = Campaign.objects.visible_to(membership)
    found = Channel.objects.select_related("campaign").filter(pk=channel_id, campaign__in=visible).first()
    if found is None:
        raise NotFound("There is no such channel in this workspace.")
    return [as_api(trial) for trial in trials(found.campaign, [found])]


def as_api(trial: Trial) -> dict[str, Any]:
    """A trial as the API gives it."""
    variants = [{"name": row.name, "weight": row.weight, "counts": row.counts} for row in trial.rows]
    return {
        "step": trial.step,
        "type": trial.type,
        "on_property": trial.on_property or None,
        "winner": trial.winner or None,
        "variants": variants,
    }
