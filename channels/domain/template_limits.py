"""What a marketer's template may cost. A template that wants more is stopped, quickly and with a reason."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from liquid import RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import (
    FilterArgumentError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
)

SOURCE_LIMIT = 256 * 1024
"""Characters of a template."""
CODE_LIMIT = 64 * 1024
"""Characters of a template that stand inside of ``{{ }}`` and ``{% %}``."""
TAG_LIMIT = 5000
"""Characters between one ``{{`` and its ``}}``."""
OUTPUT_LIMIT = 1024 * 1024
"""Characters of a rendered text."""
VALUE_LIMIT = 256 * 1024
"""Characters (or items) of one value that goes into or comes out of a filter."""
NAMESPACE_LIMIT = 1024 * 1024
"""Bytes of everything that a template assigns."""
FILTER_WORK_LIMIT = 4 * 1024 * 1024
"""Characters that all filters of one rendering may work through together."""
ITERATION_LIMIT = 10_000
"""Turns of all loops of one rendering together."""
LOOP_WORK_LIMIT = 3_000_000
"""Turns of loops times characters of code: a long template gets fewer turns."""
DEPTH_LIMIT = 30
"""Blocks inside of blocks."""
_WIDE_DIRECTIVE = re.compile(r"%[^A-Za-z%]*\d{3,}")


class WorkLimitError(ResourceLimitError):
    """The filters of a template work through too much text."""


class Buffer:
    """Collects what a template writes; stops it at the limit."""

    __slots__ = ("_limit", "_parts", "size")

    def __init__(self, limit: int = OUTPUT_LIMIT) -> None:
        self._limit = limit
        self._parts: list[str] = []
        self.size = 0

    def write(self, text: str) -> int:
        """Add text; raises `OutputStreamLimitError`."""
        length = len(text)
        self.size += length
        if self.size > self._limit:
            raise OutputStreamLimitError("the text gets too long", token=None)
        self._parts.append(text)
        return length

    def getvalue(self) -> str:
        """Everything written."""
        return "".join(self._parts)


class LimitedContext(RenderContext):
    """The state of one rendering, with its budgets."""

    __slots__ = ("_filter_work", "_iterations", "_iterations_allowed", "_locals_size")

    def __init__(self, *args: Any, code_size: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._filter_work = 0
        self._iterations = 0
        self._iterations_allowed = min(ITERATION_LIMIT, LOOP_WORK_LIMIT // max(1, code_size))
        self._locals_size = 0

    def assign(self, key: str, val: Any) -> None:
        """Keep a variable, unless all of them together get too large."""
        # The sum is kept up to date: adding all of them up at each assignment would itself be a way to stall.
        self._locals_size += sys.getsizeof(val, 1) - sys.getsizeof(self.locals.get(key), 1)
        self.locals[key] = val
        if self._locals_size > NAMESPACE_LIMIT:
            raise LocalNamespaceLimitError("the variables get too large", token=None)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the turns of a loop that is about to begin; nested loops begin again and again."""
        self._iterations += length
        if self._iterations > self._iterations_allowed:
            raise LoopIterationLimitError(
                f"the loops take more than {self._iterations_allowed} turns", token=None
            )

    def get_buffer(self, buf: Any = None) -> Any:
        """A buffer for a captured block; what it holds counts with what is written already."""
        return Buffer(OUTPUT_LIMIT - (buf.size if isinstance(buf, Buffer) else 0))

    def filter(self, name: str, token: Any) -> Callable[..., object]:
        """The filter, with its work counted."""
        return partial(self._apply, name, super().filter(name, token))

    def _apply(self, name: str, function: Callable[..., object], *args: Any, **kwargs: Any) -> object:
        size = _size(args)
        if name in ("replace", "join", "uniq"):
            size += _growth(name, args)
        elif name == "date":
            _check_date(args)
        if size > VALUE_LIMIT:
            raise WorkLimitError(f"'{name}' gets too much to work on", token=None)
        self._filter_work += size
        if self._filter_work > FILTER_WORK_LIMIT:
            raise WorkLimitError("the filters get too much to work on", token=None)
        result = function(*args, **kwargs)
        if _size((result,)) > VALUE_LIMIT:
            raise WorkLimitError(f"'{name}' makes too much", token=None)
        return result


def _size(values: Iterable[Any], depth: int = 5) -> int:
    """Roughly how many characters the values would be when written out."""
    total = 0
    for value in values:
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, int):
            total += value.bit_length() // 4
        elif isinstance(value, range):
            total += min(abs(value.stop - value.start), VALUE_LIMIT + 1)
        elif isinstance(value, (list, tuple)):
            total += len(value) + (_size(value, depth - 1) if depth else VALUE_LIMIT)
        elif isinstance(value, Mapping):
            total += len(value)
        if total > VALUE_LIMIT:
            break
    return total


def _growth(name: str, args: tuple[Any, ...]) -> int:
    """What a filter costs beyond the size of its arguments."""
    value, *others = args
    if name == "uniq":
        # The library compares each item with every other.
        return len(value) ** 2 // 16 if isinstance(value, (list, tuple, range)) else 0
    if name == "join":
        separator = others[0] if others else " "
        count = len(value) if isinstance(value, (list, tuple, range)) else 1
        return len(str(separator)) * count
    text = str(value)
    sought, replacement = (*(str(other) for other in others), "", "")[:2]
    return text.count(sought) * len(replacement)


def _check_date(args: tuple[Any, ...]) -> None:
    if any(isinstance(argument, str) and len(argument) > 200 for argument in args):
        raise FilterArgumentError("a date or its format is too long", token=None)
    if len(args) > 1 and _WIDE_DIRECTIVE.search(str(args[1])):
        raise FilterArgumentError("a width in the format of a date is too large", token=None)


def _limited_range(literal: RangeLiteral, start: Any, stop: Any) -> range:
    made = _unlimited_range(literal, start, stop)
    if made.stop - made.start > VALUE_LIMIT:
        raise LoopIterationLimitError("a range is too long", token=literal.token)
    return made


# A loop skips to its offset one by one, so an endless range stalls before any loop limit is asked.
_unlimited_range = RangeLiteral._make_range
RangeLiteral._make_range = _limited_range  # type: ignore[method-assign,assignment]
