"""The way through a workflow in numbers: how many came to each step, where they are, and what became of its messages.

Pure: made from the counts that journeys and the ledger keep, so it costs the same for ten people and a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.console.step_words import icon_of, title_of, type_label, way_label
from campaigns.domain.programs import Program
from campaigns.domain.steps import SENDING, SPLIT, branches_of
from campaigns.domain.workflow import flow_of, qualified

#: Of the picture, in its units: its width, what a level and a row take, and the room for numbers behind a bar.
WIDTH, INDENT, ROW, NUMBERS = 360, 12, 44, 112
LONGEST_TITLE = 46

Counts = Mapping[str, Mapping[str, int]]


@dataclass(slots=True)
class Row:
    """A step, or a way out of one (``key`` is then "")."""

    key: str
    title: str
    icon: str
    depth: int
    own_key: str = ""
    type: str = ""
    label: str = ""
    gone: bool = False
    """The workflow has it no more."""
    sends: bool = False
    winner: str = ""
    people: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_way(self) -> bool:
        return not self.key

    @property
    def inset(self) -> int:
        """How far the table moves it in."""
        return min(self.depth, 8)

    @property
    def is_split(self) -> bool:
        return self.type == SPLIT

    @property
    def arrived(self) -> int:
        """People who have ever come here."""
        return self.people.get("arrived", 0)

    @property
    def here(self) -> int:
        """Those of them who are here now."""
        return self.people.get("active", 0)

    @property
    def left(self) -> int:
        """Those who left the campaign from here before its end."""
        return self.people.get("exited", 0)

    @property
    def finished(self) -> int:
        """Those for whom nothing came behind it."""
        return self.people.get("finished", 0)

    @property
    def went_on(self) -> int:
        """To the next step or the end."""
        return max(0, self.arrived - self.here - self.left)


def rows_of(program: Program, people: Counts, messages: Counts) -> list[Row]:
    """The rows of a workflow from top to bottom; then those of steps that it has no more and people came to.

    ``people``: step → status of journeys or *arrived* → number; ``messages``: step → status or outcome → number.
    """
    found = list(_walk(program.workflow, program.flow, 0, people, messages))
    known = {row.key for row in found}
    for key in sorted({*people, *messages} - known):
        if flow_of(key) == program.flow:
            own = key.rpartition(":")[2]
            row = Row(key, own, "trash", 0, own, gone=True, sends=key in messages)
            row.people, row.messages = people.get(key, {}), messages.get(key, {})
            found.append(row)
    return found


def _walk(
    steps: Sequence[Mapping[str, Any]], flow: str, depth: int, people: Counts, messages: Counts
) -> Iterator[Row]:
    for step in steps:
        key = qualified(flow, step["key"])
        row = Row(
            key, title_of(step), icon_of(step), depth, step["key"], step["type"], type_label(step),
            sends=step["type"] in SENDING, winner=str(step.get("winner") or ""),
            people=people.get(key, {}), messages=messages.get(key, {}),
        )  # fmt: skip
        yield row
        ways = list(branches_of(step))
        came = [_came(inside, flow, people) for _, _, inside in ways]
        for (name, _, inside), number in zip(ways, came, strict=True):
            if number is None and came.count(None) == 1:
                number = max(0, row.went_on - sum(n for n in came if n is not None))
            counted = {} if number is None else {"arrived": number}
            yield Row("", way_label(step, name), "chevron-right", depth + 1, people=counted)
            yield from _walk(inside, flow, depth + 2, people, messages)


def _came(inside: Sequence[Mapping[str, Any]], flow: str, people: Counts) -> int | None:
    """How many came to the first step of a way; None where it has none."""
    if not inside:
        return None
    return people.get(qualified(flow, inside[0]["key"]), {}).get("arrived", 0)


def totals(program: Program, people: Counts, messages: Counts) -> dict[str, int]:
    """What became of everybody who entered this workflow, over steps that it has no more, too."""
    mine = [counts for key, counts in people.items() if flow_of(key) == program.flow]
    found = {name: sum(counts.get(name, 0) for counts in mine) for name in ("active", "finished", "exited")}
    converted = sum(
        counts.get("converted", 0) for key, counts in messages.items() if flow_of(key) == program.flow
    )
    return {"entered": sum(found.values()), **found, "converted": converted}


@dataclass(frozen=True, slots=True)
class Shape:
    """One row of the picture, in its units."""

    row: Row
    title: str
    x: int
    y: int
    width: float
    inner: float

    @property
    def words_y(self) -> int:
        return self.y + 12

    @property
    def bar_y(self) -> int:
        return self.y + 22

    @property
    def number_x(self) -> float:
        return round(self.x + self.width + 6, 1)

    @property
    def number_y(self) -> int:
        return self.bar_y + 7


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawn funnel; ``lines`` are (x, from, to): they hold the steps of a way together."""

    shapes: Sequence[Shape]
    lines: Sequence[tuple[int, int, int]]
    height: int
    summary: str
    width: int = WIDTH


def picture_of(rows: Sequence[Row]) -> Picture:
    """A bar for each step, all on one scale, as long as people came to it; its stronger part went on."""
    drawn = [row for row in rows if not row.gone]
    most = max((row.arrived for row in drawn), default=0) or 1
    longest = WIDTH - NUMBERS - INDENT * max((row.depth for row in drawn), default=0)
    shapes: list[Shape] = []
    tops = _tops(drawn)
    for row, y in zip(drawn, tops, strict=False):
        width, inner = (_length(n, most, longest) for n in (row.arrived, row.went_on))
        room = LONGEST_TITLE - 2 * row.depth
        title = row.title if len(row.title) <= room else f"{row.title[: room - 1]}…"
        shapes.append(Shape(row, title, INDENT * row.depth, y, 0 if row.is_way else width, inner))
    words = [
        f"{row.title}: {row.arrived:,} arrived, {row.went_on:,} went on" for row in drawn if not row.is_way
    ]
    return Picture(shapes, _lines(shapes, tops[-1]), tops[-1], "; ".join(words))


def _tops(rows: Sequence[Row]) -> list[int]:
    """Where each row begins, and where the last one ends; a way is only words."""
    tops = [0]
    for row in rows:
        tops.append(tops[-1] + (ROW // 2 if row.is_way else ROW))
    return tops


def _length(number: int, most: int, longest: int) -> float:
    return round(max(longest * number / most, 2 if number else 0), 1)


def _lines(shapes: Sequence[Shape], bottom: int) -> list[tuple[int, int, int]]:
    found = []
    for at, shape in enumerate(shapes):
        below = shapes[at + 1 :]
        end = next((one.y for one in below if one.row.depth <= shape.row.depth), bottom)
        if shape.row.is_way and end > shape.y + ROW // 2:
            found.append((shape.x + 4, shape.y + 18, end - 6))
    return found


def table_lines(name: str, rows: Sequence[Row], outcomes: Sequence[str]) -> Iterator[list[Any]]:
    """The lines of the table of one workflow, without its ways."""
    for row in rows:
        if not row.is_way:
            yield [
                name, row.own_key, row.title, row.type, row.arrived, row.here, row.went_on, row.finished, row.left,
                *(row.messages.get(outcome, 0) for outcome in outcomes),
            ]  # fmt: skip
