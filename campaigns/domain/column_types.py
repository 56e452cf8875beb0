"""Typed attributes: a column becomes numbers, booleans or ISO dates only if *every* value of the file allows it.

Deciding per column keeps a postal code "01234" text beside "90210", and lets 25/12/1990 settle that a column writes
the day first. What stays ambiguous stays text.
"""

import re
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring

Writer = Callable[[str], str]
"""Takes a cell, gives the JSON text of its value."""


def _date(pattern: re.Pattern[str]) -> Writer:
    def write(cell: str) -> str:
        match = pattern.fullmatch(cell.strip())
        if match is None:
            return encode_basestring(cell)
        return f'"{match["year"]}-{int(match["month"]):02}-{int(match["day"]):02}"'

    return write


_DAY, _MONTH, _YEAR = (
    r"(?P<day>0?[1-9]|[12]\d|3[01])",
    r"(?P<month>0?[1-9]|1[0-2])",
    r"(?P<year>(?:19|20)\d\d)",
)
_DAY_FIRST = re.compile(rf"\s*{_DAY}/{_MONTH}/{_YEAR}\s*", re.ASCII)
_MONTH_FIRST = re.compile(rf"\s*{_MONTH}/{_DAY}/{_YEAR}\s*", re.ASCII)
_DOTTED = re.compile(rf"\s*{_DAY}\.{_MONTH}\.{_YEAR}\s*", re.ASCII)

#: Name → (pattern every value must match, how a value is written). The first that survives the file is used.
KINDS: dict[str, tuple[re.Pattern[str], Writer]] = {
    # 15 digits at most: more is an account number, and JavaScript and floats would change it.
    "integer": (re.compile(r"\s*-?(?:0|[1-9]\d{0,14})\s*", re.ASCII), str.strip),
    "decimal": (re.compile(r"\s*-?(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?\s*", re.ASCII), str.strip),
    "boolean": (re.compile(r"\s*(?:true|false)\s*", re.IGNORECASE), lambda cell: cell.strip().lower()),
    "day first date": (_DAY_FIRST, _date(_DAY_FIRST)),
    "month first date": (_MONTH_FIRST, _date(_MONTH_FIRST)),
    "dotted date": (_DOTTED, _date(_DOTTED)),
}


class ColumnTypes:
    """Watches all records of a file once and then says how each column's values are written as JSON."""

    def __init__(self, columns: Sequence[int]) -> None:
        self._open = [(column, list(KINDS)) for column in columns]
        self._open_columns = self._open
        self._seen: set[int] = set()

    def watch(self, cells: Sequence[str]) -> None:
        """Take one record into account; a column that can only be text is not looked at again."""
        closed = False
        for column, kinds in self._open_columns:
            cell = cells[column]
            if cell:
                self._seen.add(column)
                for kind in tuple(kinds):
                    if not KINDS[kind][0].fullmatch(cell):
                        kinds.remove(kind)
                        closed = closed or not kinds
        if closed:
            self._open_columns = [(column, kinds) for column, kinds in self._open_columns if kinds]

    def kinds(self) -> dict[int, str]:
        """`{column: name in KINDS}` for columns whose every value has that kind; all others are text."""
        decided = {}
        for column, kinds in self._open:
            if column not in self._seen or {"day first date", "month first date"} <= set(kinds):
                continue  # never filled, or 03/04/2020 throughout: nobody can tell
            if kinds:
                decided[column] = kinds[0]
        return decided


def writer_of(kind: str) -> Writer:
    """How a cell of a column of this kind becomes JSON text; "" is text."""
    return KINDS[kind][1] if kind else encode_basestring
