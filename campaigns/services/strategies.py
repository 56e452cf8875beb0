"""The strategies that campaigns can be given, and what keeps a campaign from using its own."""

from __future__ import annotations

from typing import Any

from campaigns.domain.stages import missing, with_colours
from campaigns.engine.strategies import registered
from campaigns.models import Campaign
from campaigns.services.errors import Invalid
from campaigns.strategies.registry import Registered, Registry


def known_strategies() -> Registry:
    """Everything that is registered, and what could not be."""
    return registered()


def strategy_of(campaign: Campaign) -> Registered | None:
    """The campaign's strategy; None where it has none, or one that is not registered here."""
    return registered().strategies.get(campaign.strategy) if campaign.strategy else None


def strategy_problem(campaign: Campaign) -> str:
    """Why the campaign's strategy cannot be used, or "" (also where none has been chosen: another guard says so)."""
    if campaign.kind != "python" or not campaign.strategy:
        return ""
    found = registered()
    if problem := found.problem(campaign.strategy):
        return problem
    strategy = found.strategies[campaign.strategy]
    if lacking := missing(campaign.stages, (key for key, _ in strategy.stages)):
        names = ", ".join(f"“{key}”" for key in lacking)
        return f"The strategy uses stages that the campaign does not have: add {names} under What."
    return ""


def refuse_unknown(name: str) -> None:
    """Raise `Invalid` where no strategy of this name is registered."""
    if name and (problem := registered().problem(name)):
        raise Invalid.field("strategy", problem)


def stages_of(campaign: Campaign) -> list[dict[str, str]]:
    """The campaign's stages with name and colour: its own, else those of its strategy."""
    strategy = strategy_of(campaign)
    own: list[dict[str, Any]] = campaign.stages
    if not own and strategy:
        own = [{"key": key, "name": name} for key, name in strategy.stages]
    return with_colours(own)
