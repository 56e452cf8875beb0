"""What a new step of each type begins with; what has to be filled in is empty and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from campaigns.domain import steps as st


def new_step(kind: str, channels: Sequence[str]) -> dict[str, Any]:
    """A step of this type without its key; a message goes by the campaign's first channel."""
    sends = [key for key in channels if key != st.WEBHOOK]
    begins: dict[str, dict[str, Any]] = {
        st.MESSAGE: {"channel": sends[0] if sends else "email"},
        st.DELAY: {"for": "1 day"},
        st.WINDOW: {
            "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00", "timezone": "person",
        },
        st.BRANCH: {"if": {}, "then": [], "else": []},
        st.WAIT_UNTIL: {"condition": {}, "timeout": "7 days"},
        st.UPDATE: {"attributes": {}},
        st.SPLIT: {"variants": [{"name": name, "weight": 1, "steps": []} for name in ("A", "B")]},
        st.WEBHOOK: {"url": "", "body": ""},
        st.EXIT: {},
    }  # fmt: skip
    return begins[kind]
