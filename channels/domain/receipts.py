"""What a report about a message does to its row of the ledger, as a table.

All of it is a minimum or a maximum, so that reports may come twice and in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Effect:
    """What one kind of report means."""

    marks: str = ""
    """The time of the row that it sets, to the earliest reported."""
    fails: int = 0
    """0: the message has arrived or is on its way; else it has not, and of several reasons the highest is kept."""
    suppresses: str = ""
    """The reason for which the address is not contacted any more."""


#: The kinds of `providers.base.Receipt`; the reason of a failed row is the kind itself.
EFFECTS: dict[str, Effect] = {
    "delivered": Effect(marks="delivered_at"),
    "answered": Effect(marks="delivered_at"),
    "opened": Effect(marks="opened_at"),
    "clicked": Effect(marks="clicked_at"),
    "unsubscribed": Effect(suppresses="unsubscribed"),
    "busy": Effect(fails=1),
    "no_answer": Effect(fails=2),
    "machine": Effect(fails=3),
    "failed": Effect(fails=4),
    "bounced": Effect(fails=5, suppresses="bounced"),
    "complained": Effect(fails=6, suppresses="complained"),
}
#: Of an address that is reported for several reasons the highest is kept. What a person did by hand stays, unless the
#: owner of the address unsubscribes.
SUPPRESSION_RANKS = {"bounced": 1, "complained": 2, "manual": 3, "unsubscribed": 4}

#: A report may come before the worker has recorded the provider's id. It is looked for again, later each time.
FIRST_RETRY = timedelta(seconds=5)
GIVE_UP_AFTER = timedelta(days=1)
#: Reports are kept for so long, to know one that is repeated.
KEPT = timedelta(days=90)
_OWN_KEY = re.compile(r"(?:^|-)d(\d{1,18})\.\d{1,18}(?:r\d{1,4})?(?:@|$)")


def retry_after(tries: int) -> timedelta:
    """How long a report whose message is not known waits after so many tries."""
    return FIRST_RETRY * 2 ** min(tries, 9)


def own_key(delivery: int, workspace: int, redials: int = 0) -> str:
    """Our own key of a message, the same over every try. A call that is placed again is another call.

    >>> own_key(12, 3), own_key(12, 3, 1)
    ('d12.3', 'd12.3r1')
    """
    return f"d{delivery}.{workspace}" + (f"r{redials}" if redials else "")


def delivery_of(provider_id: str) -> int | None:
    """The delivery that our own idempotency key names, where a provider reports back by that.

    >>> delivery_of("sandbox-d12.3"), delivery_of("<d12.3@example.org>".strip("<>")), delivery_of("SM1f")
    (12, 12, None)
    >>> delivery_of("sandbox-d12.3r1")
    12
    """
    found = _OWN_KEY.search(provider_id)
    return int(found[1]) if found else None
