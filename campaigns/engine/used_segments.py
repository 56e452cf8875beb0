"""Which segments and lists a campaign names, wherever it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain.conditions import names_in
from campaigns.domain.programs import conditions_within, programs_of
from campaigns.engine.audience import conditions_of
from campaigns.models import Campaign


def segments_of(campaign: Campaign) -> set[int]:
    """Every segment and list that its audience, triggers, filters, workflows, goal or exit criteria name; no query."""
    triggers = [program.trigger for program in programs_of(campaign)] or [campaign.trigger]
    found = {int(pk) for one in triggers for group in one.get("in") or [] for pk in group}
    found |= {int(pk) for one in triggers for pk in one.get("not_in") or []}
    if campaign.segment_id is not None:
        found.add(campaign.segment_id)
    conditions: list[Mapping[str, Any]] = [
        condition for one in triggers for condition in conditions_of(campaign, one)
    ]
    conditions += [one["condition"] for one in triggers if one.get("condition")]
    conditions += conditions_within(campaign)
    for condition in conditions:
        found |= {name for _, kind, name in names_in(condition) if kind == "segment"}
    return found
