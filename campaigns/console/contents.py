"""The workflows of a campaign as pages show them to read: every step in its place, with the texts that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.console.trigger_words import trigger_words
from campaigns.console.workflow_cards import Card, cards_of
from campaigns.domain.programs import HasPrograms, programs_of
from campaigns.domain.steps import channel_kind_of
from campaigns.domain.workflow import steps_in
from channels.domain.variants import Variant, texts_of


@dataclass(frozen=True, slots=True)
class Drawing:
    """The workflow of a journey (``flow`` is ""), or of one flow."""

    flow: str
    name: str
    active: bool
    cards: list[Card]
    enters: str = ""
    """What lets people into a flow, in words."""


def drawings_of(campaign: HasPrograms) -> list[Drawing]:
    """Its workflows, the inactive flows too; none for kinds that have no steps."""
    return [
        Drawing(
            one.flow, one.name, one.active, cards_of(one.workflow, with_texts=True),
            trigger_words(one.trigger, one.frequency) if one.flow else "",
        )
        for one in programs_of(campaign)
    ]  # fmt: skip


def texts_within(campaign: HasPrograms) -> Iterator[tuple[str, Variant]]:
    """(kind of channel, text) of everything that its steps send, wherever they stand; each variant by itself."""
    for program in programs_of(campaign):
        for place in steps_in(program.workflow):
            if kind := channel_kind_of(place.step):
                yield from ((kind, text) for text in texts_of(place.step))
