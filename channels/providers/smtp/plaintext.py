"""The plain-text part of an HTML email: its words, its line structure, and where its links go.

Written for many messages made from one template: what they share is worked out once and remembered.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import NamedTuple

# A tag never contains another "<", so a page of unclosed brackets is read in one pass.
_TAGS = re.compile(r"<(?:!--|/?[a-zA-Z])[^<>]*>")
_NAME = re.compile(r"</?([a-zA-Z0-9]+|!--)")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_UNSEEN = {"head", "style", "script", "title", "template"}
_PARAGRAPH = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr", "pre"}
_LINE = {"br", "div", "tr", "li", "section", "article", "header", "footer", "center"}
_WORTH_REMEMBERING = 80
"""Characters from which a piece of text is looked up instead of squeezed again."""
_ASCII_WIDTH = 900
_WIDTH = 240
"""A mail's line holds 998 bytes, which may be no more than 249 characters; longer ones have to be encoded."""


class _Tag(NamedTuple):
    name: str
    closing: bool
    breaks: int
    """1: ends the line; 2: ends the paragraph."""
    link: str


def plain_text(markup: str) -> str:
    """Readable text of an HTML body, with lines ended by ``\\n``."""
    lines: list[str] = []
    words: list[str] = []
    unseen = link = ""
    position = 0
    for found in _TAGS.finditer(markup):
        start, end = found.span()
        if start > position and not unseen:
            words.append(_squeeze(markup[position:start]))
        position = end
        tag = _read_tag(found.group())
        if unseen:
            unseen = "" if tag.closing and tag.name == unseen else unseen
        elif tag.name in _UNSEEN:
            unseen = "" if tag.closing else tag.name
        elif tag.breaks:
            _end_line(lines, words)
            if tag.breaks == 2 and lines and lines[-1]:
                lines.append("")
            elif tag.name == "li" and not tag.closing:
                words.append("- ")
        elif tag.name == "a":
            if link and link not in "".join(words[-2:]):
                words.append(f" ({link})")
            link = tag.link
        elif tag.name in ("td", "th"):
            words.append(" ")
    if not unseen:
        words.append(_squeeze(markup[position:]))
    _end_line(lines, words)
    return "\n".join(lines).strip("\n") + "\n"


@lru_cache(maxsize=4096)
def _read_tag(text: str) -> _Tag:
    found = _NAME.match(text)
    name = found.group(1).lower() if found else ""
    closing = text[1] == "/"
    breaks = 2 if name in _PARAGRAPH else 1 if name in _LINE else 0
    return _Tag(name, closing, breaks, _target(text) if name == "a" and not closing else "")


def _target(text: str) -> str:
    found = _HREF.search(text)
    target = (found.group(1) or found.group(2) or found.group(3) or "") if found else ""
    return target if target.startswith(("http://", "https://", "mailto:", "tel:")) else ""


def _squeeze(text: str) -> str:
    return _squeeze_long(text) if len(text) >= _WORTH_REMEMBERING else _squeeze_short(text)


def _squeeze_short(text: str) -> str:
    """Runs of white space become one space, at both ends too."""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"


_squeeze_long = lru_cache(maxsize=2048)(_squeeze_short)


def _end_line(lines: list[str], words: list[str]) -> None:
    if not words:
        return
    text = "".join(words).strip()
    words.clear()
    if text:
        if "  " in text:
            text = " ".join(text.split())
        text = html.unescape(text) if "&" in text else text
        width = _ASCII_WIDTH if text.isascii() else _WIDTH
        while len(text) > width and (end := text.rfind(" ", 0, width)) > 0:
            lines.append(text[:end])
            text = text[end + 1 :]
        lines.append(text)
