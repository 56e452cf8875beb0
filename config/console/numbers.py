"""Numbers in addresses and forms: whatever somebody puts there, it is a number or it is not; never an error."""

from __future__ import annotations

from typing import Any

#: Digits that every number of the database has room for.
_MOST_DIGITS = 18


def whole(text: Any) -> int | None:
    """The number that a text says in plain digits; None for anything else, such as “²”, “-1” or a thousand digits.

    >>> whole("12"), whole("²"), whole(""), whole(None), whole("9" * 19)
    (12, None, None, None, None)
    """
    text = str(text or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def wholes(texts: list[str]) -> list[int]:
    """The numbers among some texts."""
    return [number for number in map(whole, texts) if number is not None]
