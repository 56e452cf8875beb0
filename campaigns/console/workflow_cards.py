"""A workflow as cards: one for each step, with what is inside it, what is wrong with it and who stands at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from campaigns.console.step_words import icon_of, lines_of, names_for, title_of, type_label, way_label
from campaigns.domain.steps import SENDING, branches_of
from campaigns.domain.workflow import DEEPEST, own_part, steps_in, workflow_errors
from channels.domain.variants import Variant, texts_of


@dataclass(slots=True)
class Way:
    """One of the ways out of a step, with the cards on it; ``path`` is the list's."""

    name: str
    label: str
    path: str
    cards: list[Card]
    is_closed: bool = False
    """Nothing may be put into it: it lies as deep as branches may."""


@dataclass(slots=True)
class Card:
    """A step."""

    key: str
    type: str
    number: int
    path: str
    next_path: str
    title: str
    type_label: str
    icon: str
    lines: list[str]
    errors: list[str] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    here: int = 0
    state: str = ""
    """*new* or *changed* against what is saved, "" where it is the same."""
    texts: tuple[Variant, ...] = ()
    """What it sends, where the drawing is there to read it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What all cards are made from."""

    names: Mapping[int, str]
    errors: Mapping[str, str]
    here: Mapping[str, int]
    saved: Mapping[str, Mapping[str, Any]] | None
    with_texts: bool


def cards_of(
    workflow: Sequence[Mapping[str, Any]],
    *,
    saved: Sequence[Mapping[str, Any]] | None = None,
    here: Mapping[str, int] | None = None,
    refused: Mapping[str, str] | None = None,
    with_texts: bool = False,
) -> list[Card]:
    """The cards from top to bottom; compared with what is ``saved`` where that is given, people ``here`` by key.

    ``refused`` is what else is wrong, by path; ``with_texts``: with all that they send.
    """
    places = [place.step for place in steps_in(workflow)]
    before = {str(p.step.get("key")): p.step for p in steps_in(saved)} if saved is not None else None
    known = _Known(
        names_for(places),
        {**(refused or {}), **workflow_errors(list(workflow))},
        here or {},
        before,
        with_texts,
    )
    return _cards(workflow, "workflow", count(1), 0, known)


def problems_of(cards: Sequence[Card]) -> int:
    """How many steps are not right yet."""
    return sum(bool(card.errors) + sum(problems_of(way.cards) for way in card.ways) for card in cards)


def card_with(cards: Sequence[Card], key: str) -> Card | None:
    """The card of a step, wherever it is."""
    for card in cards:
        if card.key == key:
            return card
        for way in card.ways:
            if found := card_with(way.cards, key):
                return found
    return None


def _cards(steps: Sequence[Any], path: str, numbers: count[int], depth: int, known: _Known) -> list[Card]:
    return [
        _card(step, path, at, numbers, depth, known)
        for at, step in enumerate(steps)
        if isinstance(step, Mapping)
    ]


def _card(
    step: Mapping[str, Any], path: str, at: int, numbers: count[int], depth: int, known: _Known
) -> Card:
    here, key, kind = f"{path}.{at}", str(step.get("key", "")), str(step.get("type", ""))
    lines = lines_of(step, known.names)
    title = str(step.get("name") or "") or (lines.pop(0) if lines else title_of(step))
    card = Card(
        key, kind, next(numbers), here, f"{path}.{at + 1}", title, type_label(step), icon_of(step), lines,
        here=known.here.get(key, 0), state=_state(step, known.saved),
        texts=tuple(texts_of(step)) if known.with_texts and kind in SENDING else (),
    )  # fmt: skip
    ways = branches_of(step)
    inside = [f"{here}.{below}" for _, below, _ in ways]
    card.errors = [
        message
        for error, message in known.errors.items()
        if (error == here or error.startswith(f"{here}."))
        and not any(error.startswith(f"{one}.") for one in inside)
    ][:3]
    card.ways = [
        Way(
            name, way_label(step, name), f"{here}.{below}",
            _cards(listed, f"{here}.{below}", numbers, depth + 1, known), depth >= DEEPEST,
        )
        for name, below, listed in ways
    ]  # fmt: skip
    return card


def _state(step: Mapping[str, Any], saved: Mapping[str, Mapping[str, Any]] | None) -> str:
    if saved is None:
        return ""
    before = saved.get(str(step.get("key", "")))
    return "new" if before is None else "" if own_part(before) == own_part(step) else "changed"
