"""Words for what the pages of campaigns name by a code."""

from django import template

from campaigns.domain.durations import duration_words
from channels.domain.kinds import KINDS
from channels.domain.states import REASONS

register = template.Library()

SPECIAL = {"unknown": "In doubt", "derive": "Status follows the channels"}


@register.filter
def words(code: str) -> str:
    """Schedule stop of ``schedule_stop``; In doubt of ``unknown``."""
    return SPECIAL.get(code, str(code).replace("_", " ").capitalize())


@register.filter
def duration(written: str) -> str:
    """1 day of “1 days”."""
    return duration_words(written)


@register.filter
def reason_words(code: str) -> str:
    """Why a delivery or journey ended as it did, in words."""
    return REASONS.get(code, str(code).replace("_", " ").capitalize())


@register.filter
def kind_label(key: str) -> str:
    """SMS of ``sms``."""
    return KINDS[key].label if key in KINDS else str(key)
