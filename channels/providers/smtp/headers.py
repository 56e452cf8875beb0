"""Header values as RFC 5322 and RFC 2047 want them. Line breaks never pass: they would make new headers."""

from __future__ import annotations

import re
from base64 import b64encode

LONGEST_PLAIN = 900
"""Longer values do not fit on a line of 998 beside their name."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}\Z")
_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*\Z")
_WORD_BYTES = 45
"""Bytes that fill one encoded word of 75 characters when written in base64."""


class BadMessage(ValueError):
    """This one message cannot be written as an email; ``args`` are the short reason and the detail."""


def one_line(text: str) -> str:
    """The text with every run of line breaks and control characters replaced by a space."""
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def unstructured(text: str) -> str:
    """A Subject-like value, as encoded words where plain ASCII will not do."""
    text = one_line(text)
    if text.isascii() and "=?" not in text and len(text) <= LONGEST_PLAIN and text == text.strip():
        return text
    return encoded_words(text)


def encoded_words(text: str) -> str:
    """RFC 2047 encoded words of at most 75 characters, each holding whole characters, folded."""
    data = text.encode("utf-8", "replace")
    words = []
    start = 0
    while start < len(data):
        end = start + _WORD_BYTES
        # A word must not end inside a character: step back over UTF-8 continuation bytes.
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"=?utf-8?b?{b64encode(data[start:end]).decode()}?=")
        start = end
    return "\r\n ".join(words)


def mailbox(name: str, address: str) -> str:
    """``Name <address>`` with the name quoted or encoded as it needs."""
    name = one_line(name).strip()
    if not name:
        return address
    if not name.isascii() or len(name) > 70:
        return f"{encoded_words(name)}\r\n <{address}>"
    if _PHRASE.match(name) and "=?" not in name:
        return f"{name} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def structured(name: str, value: str) -> str:
    """A machine-read header line (Message-ID, List-Unsubscribe): sent as it is, or refused."""
    if not _NAME.match(name):
        raise BadMessage("bad_header", f"{name[:80]!r} cannot be the name of a header.")
    if not value.isascii() or not value.isprintable() or len(name) + len(value) > 990:
        raise BadMessage("bad_header", f"The value of {name} has characters or a length that mail forbids.")
    return f"{name}: {value}\r\n"
