"""The journal of a sink: one JSON object a line, on disk before the sink says that it accepted."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any


class Journal:
    """Appends records; calls ``answer`` for each once it would survive ``kill -9`` and a power cut.

    All records of one turn of the event loop share one write and one fsync, which is what keeps the sink fast.
    """

    def __init__(self, path: str, *, fsync: bool = True) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._fsync = fsync
        self._lines: list[str] = []
        self._answers: list[Callable[[], None]] = []

    def add(self, record: dict[str, Any], answer: Callable[[], None]) -> None:
        """Write the record at the end of this turn of the loop, then call ``answer``."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
        self._answers.append(answer)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        answers, self._answers = self._answers, []
        os.write(self._file, ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
        if self._fsync:
            os.fdatasync(self._file)
        for answer in answers:
            answer()
