"""The log of a python campaign, for pages and the API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from campaigns.models import StrategyLine


def lines_of(campaign_id: int, levels: Collection[str] = (), words: str = "") -> QuerySet[Any]:
    """The lines with one of these levels (none: all) whose text has these words; in no order yet."""
    lines = StrategyLine.objects.filter(campaign_id=campaign_id).select_related("person")
    if levels:
        lines = lines.filter(level__in=levels)
    return lines.filter(text__icontains=words) if words else lines
