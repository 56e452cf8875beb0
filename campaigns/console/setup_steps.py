"""The steps above the pages of a draft: kind by kind, which there are and which are done."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from campaigns.services.facts import has_audience

SETUP_STATUSES = ("draft", "configured", "rejected")
STEPS = (("who", "Who"), ("what", "What"), ("when", "When"), ("review", "Review"))
#: Who enters a flow, its own trigger says.
STEPS_OF = {"flow": STEPS[1:]}


def steps_of_setup(campaign: Any, current: str) -> list[dict[str, Any]]:
    """The steps above the pages of a draft; empty once it has been started."""
    if campaign.status not in SETUP_STATUSES:
        return []
    done = {"who": has_audience(campaign), "what": bool(campaign.channel_rows)}
    return [
        {
            "number": number, "label": label, "is_current": name == current, "is_done": done.get(name, False),
            "url": reverse(f"campaigns:{'review' if name == 'review' else 'edit-' + name}", args=[campaign.pk]),
        }
        for number, (name, label) in enumerate(STEPS_OF.get(campaign.kind, STEPS), 1)
    ]  # fmt: skip
