"""What lets people into a workflow, and how often, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain import triggers as tr
from campaigns.domain.durations import duration_words
from campaigns.models import Segment
from campaigns.services.segments import condition_words


def trigger_words(trigger: Mapping[str, Any], frequency: Mapping[str, Any]) -> str:
    """One line: what lets people in and how often; "" where there is no trigger."""
    if not trigger:
        return ""
    return f"{_what(trigger)} · {_how_often(trigger, frequency)}"


def _what(trigger: Mapping[str, Any]) -> str:
    kind = tr.type_of(trigger)
    if kind == tr.SEGMENT:
        return _joins(trigger)
    condition = condition_words(trigger["condition"]) if trigger.get("condition") else ""
    who = f", who {condition}" if condition else ""
    if kind == tr.EVENT:
        return f"Does “{trigger.get('name', '')}”{who}"
    if kind == tr.DATE:
        return f"{trigger.get('offset') or 'On the day'} · {trigger.get('attribute')} at {trigger.get('at')}"
    if kind in (tr.OBJECT, tr.RELATIONSHIP):
        return f"{tr.LABELS[kind]}: {trigger.get('object_type')}{f', {condition}' if condition else ''}"
    return f"{tr.LABELS[kind]}{f': {condition}' if condition else ''}"


def _joins(trigger: Mapping[str, Any]) -> str:
    groups, outside = trigger.get("in") or [], trigger.get("not_in") or []
    ids = [pk for group in [*groups, outside] for pk in group]
    names = dict(Segment.objects.filter(pk__in=ids).values_list("pk", "name"))
    inside = " and ".join(" or ".join(names.get(pk, f"#{pk}") for pk in group) for group in groups)
    but = f", not {', '.join(names.get(pk, f'#{pk}') for pk in outside)}" if outside else ""
    return f"Joins {inside}{but}"


def _how_often(trigger: Mapping[str, Any], frequency: Mapping[str, Any]) -> str:
    often = tr.frequency_of(trigger, frequency)
    if frequency.get("at_most_every"):
        return f"at most every {duration_words(frequency['at_most_every'])}"
    return "every time" if often.every else "once"
