"""How many parts a text message takes: GSM 03.38 and UCS-2, as carriers count and charge."""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class SmsParts:
    """The size of a text message."""

    encoding: str
    """``GSM-7`` or ``UCS-2``; one character outside of GSM-7 more than halves what fits."""
    units: int
    """Septets or 16-bit units."""
    parts: int
    """Messages that are sent and charged; 0 for an empty text."""
    left: int
    """Units that still fit into the last part."""


def sms_parts(text: str) -> SmsParts:
    """Count the parts of a text message."""
    if all(character in _BASIC or character in _EXTENSION for character in text):
        widths = [2 if character in _EXTENSION else 1 for character in text]
        return _count("GSM-7", widths, single=160, several=153)
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _count("UCS-2", widths, single=70, several=67)


def outside_gsm(text: str) -> list[str]:
    """The characters that make a text UCS-2, each once, in their order; empty for one in GSM-7."""
    return [c for c in dict.fromkeys(text) if c not in _BASIC and c not in _EXTENSION]


def sms_words(text: str) -> str:
    """The size of a text message in a sentence: how it is charged, and why."""
    size = sms_parts(text)
    if not size.parts:
        return ""
    counted = "1 message" if size.parts == 1 else f"{size.parts} messages, {size.parts} × the price of one"
    units = "characters" if size.encoding == "GSM-7" else "of the larger characters"
    words = f"{counted}: {size.units} {units} ({size.encoding}), {size.left} more would fit."
    if odd := outside_gsm(text):
        shown = " ".join(odd[:5]) + (" …" if len(odd) > 5 else "")
        plain = sms_parts("".join("x" if c in odd else c for c in text)).parts
        saved = f"; without it {plain} would do" if plain < size.parts else ""
        words += f" {shown} takes it out of GSM-7{saved}."
    return words


def _count(encoding: str, widths: list[int], single: int, several: int) -> SmsParts:
    units = sum(widths)
    if units <= single:
        return SmsParts(encoding, units, 1 if units else 0, single - units)
    parts, used = 1, 0
    for width in widths:
        # A character of two units is never cut in half.
        if used + width > several:
            parts, used = parts + 1, 0
        used += width
    return SmsParts(encoding, units, parts, several - used)
