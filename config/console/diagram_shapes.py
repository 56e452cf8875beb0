"""The parts of a diagram: words, boxes and arrows, in the coordinates of its SVG. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

BOX_WIDTH, BOX_HEIGHT = 108, 42
LINE = 12


@dataclass(slots=True)
class Words:
    """Some lines of text around a middle."""

    x: float
    y: float
    lines: list[tuple[float, str]] = field(default_factory=list)

    @classmethod
    def around(cls, x: float, y: float, text: str, width: int, line: float = LINE) -> Words:
        """``text`` wrapped at so many letters, centred on (x, y)."""
        lines = textwrap.wrap(text, width) or [""]
        top = y - line * (len(lines) - 1) / 2
        return cls(x, y, [(top + line * index, words) for index, words in enumerate(lines)])


@dataclass(slots=True)
class Node:
    """A status as a box."""

    key: str
    label: str
    x: float
    y: float
    is_here: bool = False
    was_here: bool = False
    width: float = BOX_WIDTH
    height: float = BOX_HEIGHT

    @property
    def centre_x(self) -> float:
        return self.x + self.width / 2

    @property
    def centre_y(self) -> float:
        return self.y + self.height / 2

    @property
    def words(self) -> Words:
        return Words.around(self.centre_x, self.centre_y, self.label, 14, 14)


@dataclass(slots=True)
class Edge:
    """Everything that leads between two statuses, as one arrow; with two heads where it goes both ways."""

    source: str
    target: str
    labels: list[str] = field(default_factory=list)
    back_labels: list[str] = field(default_factory=list)
    is_system: bool = True
    from_here: bool = False
    path: str = ""
    arrows: list[str] = field(default_factory=list)
    words: Words | None = None

    @property
    def both_ways(self) -> bool:
        return bool(self.back_labels)

    @property
    def text(self) -> str:
        there, back = " · ".join(self.labels), " · ".join(self.back_labels)
        return f"{there} ⇄ {back}" if back else there
