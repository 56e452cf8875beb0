"""What differs between two texts, word by word: the parts that a side-by-side page marks. Pure; nothing is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, REMOVED, ADDED = "same", "removed", "added"
_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
#: Comparing words is quadratic; texts of more than so many are compared by their lines first.
MOST_WORDS = 1_500


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text that is the same on both sides, or only on this one."""

    kind: str
    text: str


def compare(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """Both texts in parts: the left with what was removed, the right with what was added.

    The parts of a side, put together, are exactly its text.
    """
    left: list[Part] = []
    right: list[Part] = []
    for kind, old, new in _blocks(_LINE.findall(before), _LINE.findall(after)):
        if kind == "equal":
            _append(left, SAME, old)
            _append(right, SAME, new)
        else:
            _compare_words(old, new, left, right)
    return left, right


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) > MOST_WORDS)
    for kind, a, b, c, d in matcher.get_opcodes():
        yield kind, "".join(old[a:b]), "".join(new[c:d])


def _compare_words(old: str, new: str, left: list[Part], right: list[Part]) -> None:
    words = _WORD.findall(old), _WORD.findall(new)
    if max(map(len, words)) > MOST_WORDS:
        _append(left, REMOVED, old)
        _append(right, ADDED, new)
        return
    blocks = list(_blocks(*words))
    for index, (kind, gone, come) in enumerate(blocks):
        # A space between two changed words belongs to the change: nobody reads it on its own.
        same = kind == "equal" and (not gone.isspace() or index in (0, len(blocks) - 1))
        _append(left, SAME if same else REMOVED, gone)
        _append(right, SAME if same else ADDED, come)


def _append(parts: list[Part], kind: str, text: str) -> None:
    """Add a stretch; one of the same kind before it grows instead."""
    if not text:
        return
    if parts and parts[-1].kind == kind:
        text = parts.pop().text + text
    parts.append(Part(kind, text))
