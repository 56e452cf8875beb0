"""Writes JSON answers: a moment is written in one way, whether it is answered now or again from memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja.renderers import JSONRenderer as Renderer
from ninja.responses import NinjaJSONEncoder


class JSONEncoder(NinjaJSONEncoder):
    """Moments in milliseconds, which are left out when there are none.

    Django's own encoder leaves them out only where there is not a microsecond either: 0.4 ms is written ``.000``, and
    the same moment read back from there without a fraction, so that an answer given twice differed in its spelling.
    """

    def default(self, o: Any) -> Any:
        """What JSON has no word for, as text."""
        if isinstance(o, datetime):
            o = o.replace(microsecond=o.microsecond // 1000 * 1000)
        return super().default(o)


class JSONRenderer(Renderer):
    """The API's answers."""

    encoder_class = JSONEncoder
