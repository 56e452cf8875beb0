"""Which bytes are text, and in which encoding: decided from the whole file, the same way every time.

Nothing is guessed by statistics of a language. The order is: a byte-order mark, the zeros of UTF-16, strict UTF-8 over
the whole file, Windows-1252. What was used and why is said in `TextForm.reason`, and a person may choose otherwise.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO

CHUNK = 1 << 20
LONGEST_LINE = 1_000_000
#: Stands in the decoded text where bytes had no meaning; rows that hold one are refused.
BROKEN = "\udcff"

#: What `encoding=` may be set to by hand, with the name a person knows it by.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little-endian)",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (Western Europe)",
    "latin-1": "ISO 8859-1 (Latin 1)",
    "iso8859-15": "ISO 8859-15 (Latin 9)",
    "cp1250": "Windows-1250 (Central Europe)",
    "iso8859-2": "ISO 8859-2 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "mac-roman": "Mac Roman",
    "shift_jis": "Shift JIS (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc-kr": "EUC-KR (Korean)",
}

_MARKS = (  # longest first: the mark of UTF-32-LE begins with the mark of UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN_BINARIES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls); in Excel choose Save as… > CSV UTF-8"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
)
_UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_BROKEN_RUN = re.compile(BROKEN + "+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes([*range(9), *range(14, 32), 127])


class FileRefused(ValueError):
    """The file as a whole cannot be imported; the message says what it is and what to do."""


@dataclass(frozen=True, slots=True)
class TextForm:
    """How the bytes of a file are read as text."""

    encoding: str
    """Python's name of the codec, without a byte-order mark."""
    reason: str
    """One sentence for the report."""
    mark: int = 0
    """Length of the byte-order mark in bytes."""
    lines: int = 0
    """Physical lines in the file (the base of the progress bar)."""
    has_nul: bool = False
    is_broken: bool = False
    """True when some bytes have no meaning in the encoding; only their rows are refused."""


def _mark_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN, error.end


codecs.register_error("mark-broken", _mark_broken)


def text_lines(stream: BinaryIO, form: TextForm) -> Iterator[str]:
    """The lines of the stream from its start, line ends untouched; bytes without meaning become `BROKEN`.

    The stream is only positioned when the first line is taken, and stays open afterwards.
    """
    stream.seek(form.mark)
    wrapper = TextIOWrapper(stream, encoding=form.encoding, errors="mark-broken", newline="")
    try:
        # Not `yield from wrapper`: closing this generator would then close the stream with it.
        yield from iter(wrapper.readline, "")
    finally:
        if not stream.closed:  # an import that breaks off closes its file first
            wrapper.detach()


def detect(stream: BinaryIO, encoding: str = "") -> TextForm:
    """Find out how a file is encoded by reading all of it once (in chunks; memory stays flat).

    `encoding` (a key of `ENCODINGS`) overrules the detection. Raises `FileRefused` for what is no text at all.
    """
    stream.seek(0)
    head = stream.read(64 * 1024)
    if not head:
        raise FileRefused("The file is empty.")
    mark, marked = next(((len(m), name) for m, name in _MARKS if head.startswith(m)), (0, ""))
    if not marked:
        _refuse_known_binaries(head)
    if encoding:
        if encoding not in ENCODINGS:
            raise FileRefused(f"“{encoding}” is not an encoding this import knows: {', '.join(ENCODINGS)}.")
        usable_mark = mark if marked.startswith(encoding) else 0
        chosen = marked if usable_mark else encoding
        return _measure(stream, chosen, f"{ENCODINGS[encoding]}, as chosen.", usable_mark)
    if marked:
        return _measure(stream, marked, f"{_name(marked)}: the file says so in its byte-order mark.", mark)
    wide = _wide_encoding(head)
    if wide:
        return _measure(
            stream, wide, f"{_name(wide)}: every other byte is zero; there is no byte-order mark."
        )
    return _detect_narrow(stream)


def _name(encoding: str) -> str:
    return ENCODINGS.get(encoding, encoding.upper())


def _refuse_known_binaries(head: bytes) -> None:
    if head.startswith(b"PK\x03\x04"):
        if b"xl/" in head or b"[Content_Types].xml" in head[:200]:
            raise FileRefused(
                "This is an Excel workbook. In Excel choose Save as… > CSV UTF-8 and import that."
            )
        if b"opendocument.spreadsheet" in head:
            raise FileRefused("This is an OpenDocument spreadsheet. Save it as CSV (UTF-8) and import that.")
        raise FileRefused("This is a zip archive. Unpack it and import the CSV inside.")
    for magic, what in _KNOWN_BINARIES:
        if head.startswith(magic):
            raise FileRefused(f"This is not a CSV file but {what}.")


def _wide_encoding(head: bytes) -> str:
    """UTF-16 without a mark: ASCII text in it has a zero in every other byte."""
    even, odd = head[0::2], head[1::2]
    if not odd:
        return ""
    zeros_even, zeros_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros_odd > 0.3 and zeros_even < 0.05:
        return "utf-16-le"
    if zeros_even > 0.3 and zeros_odd < 0.05:
        return "utf-16-be"
    return ""


def _chunks(stream: BinaryIO, start: int) -> Iterator[bytes]:
    stream.seek(start)
    while chunk := stream.read(CHUNK):
        yield chunk


def _detect_narrow(stream: BinaryIO) -> TextForm:
    """UTF-8 if the whole file is; else whichever of UTF-8 with damage and Windows-1252 explains more of it."""
    decoder = codecs.getincrementaldecoder("utf-8")("mark-broken")
    sequences = broken = 0
    only_cp1252 = True
    for chunk in _chunks(stream, 0):
        text = decoder.decode(chunk)
        if not chunk.isascii():  # below, ASCII-only chunks (most) cost nothing
            broken += len(_BROKEN_RUN.findall(text))
            sequences += (
                sum(map(text.count, ()))
                + len(text)
                - len(text.encode("ascii", "ignore"))
                - text.count(BROKEN)
            )
            only_cp1252 = only_cp1252 and not _UNDEFINED_IN_CP1252.search(chunk)
    if decoder.decode(b"", True):
        broken += 1
    if not broken:
        return _measure(stream, "utf-8", "UTF-8: every byte of the file is valid UTF-8.")
    if sequences > broken:
        return _measure(
            stream, "utf-8", f"UTF-8 with damage in {broken} place(s); the rows concerned are refused."
        )
    if only_cp1252:
        return _measure(
            stream,
            "cp1252",
            "Windows-1252: the file is not UTF-8. If names look wrong, choose another encoding.",
        )
    return _measure(
        stream,
        "latin-1",
        "ISO 8859-1: the file is neither UTF-8 nor Windows-1252. If names look wrong, choose another encoding.",
    )


def _measure(stream: BinaryIO, encoding: str, reason: str, mark: int = 0) -> TextForm:
    """Count lines, look for NULs and broken bytes; refuse what is no text and what has no lines."""
    decoder = codecs.getincrementaldecoder(encoding)("mark-broken")
    lines = open_line = controls = length = 0
    has_nul = is_broken = False
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    for chunk in _chunks(stream, mark):
        text = decoder.decode(chunk)
        length += len(text)
        has_nul = has_nul or "\0" in text
        is_broken = is_broken or BROKEN in text
        # Deleting bytes in C is the cheapest way to count them; only wide encodings need the slow way.
        controls += (
            len(_CONTROL.findall(text))
            if is_wide
            else len(chunk) - len(chunk.translate(None, _CONTROL_BYTES))
        )
        if length > 1000 and controls > length * 0.05:
            raise FileRefused(
                "This is not a text file: it is full of control characters. Save it as CSV (UTF-8)."
            )
        end = "\n" if "\n" in text else "\r"
        lines += text.count(end)
        first = text.find(end)
        if open_line + (first if first >= 0 else len(text)) > LONGEST_LINE:
            raise FileRefused(
                f"Line {lines + 1:,} is longer than a million characters; this is not a list of people."
            )
        open_line = open_line + len(text) if first < 0 else len(text) - text.rfind(end) - 1
    is_broken = bool(decoder.decode(b"", True)) or is_broken
    if not length:
        raise FileRefused("The file is empty.")
    if controls > max(length * 0.05, 3):
        raise FileRefused(
            "This is not a text file: it is full of control characters. Save it as CSV (UTF-8)."
        )
    return TextForm(encoding, reason, mark, lines + bool(open_line), has_nul, is_broken)


def sample_of(stream: BinaryIO, form: TextForm, characters: int = 64 * 1024) -> str:
    """The beginning of the text, cut after its last whole line where there is one."""
    stream.seek(form.mark)
    decoder = codecs.getincrementaldecoder(form.encoding)("mark-broken")
    text = decoder.decode(stream.read(characters))
    end = max(text.rfind("\n"), text.rfind("\r"))
    return text[: end + 1] if end >= 0 and len(text) > 1000 else text
