"""Remarketing (seed 003): the outcomes by which people of a finished channel can be reached again, as a table.

An outcome is a condition on a person's ledger row, as data; engine/promising.py makes SQL of it. Some overlap: an email
that was opened and not clicked did not convert either. Who said no is in none of them: unsubscribed, suppressed and
complaining people are not to be reached by another way.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.domain.kinds import KINDS, displayed_kinds


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whom one outcome takes: rows in this status (and for one of these reasons), where that happened and this did not.

    ``happened`` and ``missing`` name the times of a ledger row (``delivered_at`` …).
    """

    key: str
    label: str
    meaning: str
    status: str
    reasons: tuple[str, ...] = ()
    """Only rows with one of them; none: whatever the reason."""
    but_reasons: tuple[str, ...] = ()
    """No rows with one of them."""
    happened: tuple[str, ...] = ()
    """All of these times are known."""
    missing: tuple[str, ...] = ()
    """None of these times is known."""
    kinds: frozenset[str] = frozenset(KINDS)
    """The kinds of channel that have this outcome."""
    unqueued: bool = False
    """Also people of the audience who had no row yet when the channel was stopped."""

    @property
    def is_of_goal(self) -> bool:
        """Whether it asks who converted."""
        return "converted_at" in (*self.happened, *self.missing)


_CALLS = frozenset({"voice"})
#: Kinds of which it is reported that they arrived, were opened, were clicked: by providers, or by what we serve ourselves.
_REPORTED = frozenset({"email", "sms", "whatsapp"})
_OPENED = frozenset({"email", "whatsapp"}) | displayed_kinds()
_CLICKED = frozenset({"email"}) | displayed_kinds()
_CALLED_IN_VAIN = ("no_answer", "busy", "machine")
#: Neither who complained nor who is not there any more.
_NEVER_AGAIN = ("complained", "person_deleted")

_TABLE = (
    Outcome(
        "not_delivered", "Not delivered",
        "It left, and nothing says that it arrived: no receipt, no open, no click.",
        "sent", missing=("delivered_at", "opened_at", "clicked_at"), kinds=_REPORTED,
    ),
    Outcome(
        "not_opened", "Delivered, not opened", "It arrived, and was neither opened nor clicked.",
        "sent", happened=("delivered_at",), missing=("opened_at", "clicked_at"), kinds=_REPORTED & _OPENED,
    ),
    Outcome(
        "unseen", "Sent, not opened", "It was neither opened nor clicked, whether or not its arrival was reported.",
        "sent", missing=("opened_at", "clicked_at"), kinds=_OPENED,
    ),
    Outcome(
        "not_clicked", "Opened, not clicked", "It was opened, and nothing in it was clicked.",
        "sent", happened=("opened_at",), missing=("clicked_at",), kinds=_OPENED & _CLICKED,
    ),
    Outcome(
        "clicked_not_converted", "Clicked, not converted", "It was clicked, and the goal was not reached.",
        "sent", happened=("clicked_at",), missing=("converted_at",), kinds=_CLICKED,
    ),
    Outcome("answered", "Answered", "Somebody answered.", "sent", happened=("delivered_at",), kinds=_CALLS),
    Outcome(
        "not_answered", "Not answered", "Nobody was spoken to: no answer, busy, or a machine.",
        "failed", reasons=_CALLED_IN_VAIN, kinds=_CALLS,
    ),
    Outcome("no_answer", "No answer", "It rang in vain.", "failed", reasons=("no_answer",), kinds=_CALLS),
    Outcome("busy", "Busy", "The line was engaged.", "failed", reasons=("busy",), kinds=_CALLS),
    Outcome("machine", "Machine", "A machine answered.", "failed", reasons=("machine",), kinds=_CALLS),
    Outcome(
        "not_converted", "Sent, not converted", "They had the message and did not reach the goal.",
        "sent", missing=("converted_at",),
    ),
    Outcome("converted", "Converted", "They reached the goal after it.", "sent", happened=("converted_at",)),
    Outcome(
        "failed", "Failed", "It could not be sent, or was refused or bounced. Whoever complained is left out.",
        "failed", but_reasons=(*_NEVER_AGAIN, *_CALLED_IN_VAIN),
    ),
    Outcome(
        "no_address", "No address for this channel", "Nothing is known by which this kind of channel reaches them.",
        "skipped", reasons=("no_address", "no_device"),
    ),
    Outcome(
        "left_out", "Left out by caps or hours",
        "Skipped for the frequency cap, a filter or the hours. Whoever unsubscribed or is suppressed is not in it.",
        "skipped", reasons=("frequency_cap", "filtered", "window_passed", "no_hour"),
    ),
    Outcome(
        "not_sent", "Not sent before the stop", "The channel was stopped before their turn came.",
        "cancelled", reasons=("stopped",), unqueued=True,
    ),
    Outcome("unknown", "In doubt", "The provider never confirmed it: some may have had it already.", "unknown"),
)  # fmt: skip
OUTCOMES: dict[str, Outcome] = {outcome.key: outcome for outcome in _TABLE}


def outcomes_of(kind: str) -> tuple[Outcome, ...]:
    """The outcomes that a channel of this kind has, in the table's order."""
    return tuple(outcome for outcome in OUTCOMES.values() if kind in outcome.kinds)
