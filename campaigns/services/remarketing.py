"""Remarketing (seed 003): a new channel for the people of a finished one whom a chosen outcome takes.

Whom it was promised to is frozen when the channel is made and never changes; who must not be contacted when it starts
(unsubscribed since, no address for the new kind …) is skipped then, with the reason.
"""

from __future__ import annotations

from typing import Any

from campaigns.domain.remarketing import OUTCOMES, Outcome, outcomes_of
from campaigns.engine import promising
from campaigns.models import Campaign
from campaigns.services.channel_payloads import fill_channel
from campaigns.services.errors import Invalid, Stale
from campaigns.services.parameters import Params
from channels.domain.kinds import KINDS
from channels.models import Channel

PARAMETERS = ("outcome", "kind", "connection", "content", "people")
_CHANNEL = ("kind", "connection", "content")


def promise(campaign: Campaign, source: Channel, params: Params) -> Channel:
    """The new channel, not saved yet, and its people, copied out of the ledger. `Invalid` names what is wrong.

    To be called in the transaction that saves it, before anything of the campaign is locked.
    """
    outcome = read_outcome(source, params)
    given = {name: params[name] for name in _CHANNEL if name in params}
    if unknown := sorted(set(params) - set(PARAMETERS)):
        raise Invalid.field(
            unknown[0], f"Remarket takes {', '.join(PARAMETERS)} and version, not {unknown[0]}."
        )
    made = Channel(campaign=campaign, source=source, outcome=outcome.key)
    fill_channel(made, campaign, given, "")
    made.pk = promising.reserve_channel()
    made.promised = promising.freeze(made.pk, source, outcome)
    if not made.promised:
        label = KINDS[source.kind].label
        raise Invalid.field(
            "outcome", f"“{outcome.label}” of this {label} channel has nobody: choose an outcome with people."
        )
    seen = params.get("people")
    if seen is not None and seen != made.promised:
        raise Stale(f"“{outcome.label}” takes {made.promised:,} people now, it took {seen} when you looked.")
    return made


def read_outcome(source: Channel, params: Params) -> Outcome:
    """The outcome that was chosen, if channels of this kind have it."""
    found = OUTCOMES.get(str(params.get("outcome") or ""))
    if found is None or source.kind not in found.kinds:
        known = ", ".join(one.key for one in outcomes_of(source.kind))
        label = KINDS[source.kind].label
        raise Invalid.field("outcome", f"outcome must be one of those of {label}: {known}.")
    return found


def numbers(source: Channel, to: str = "") -> list[dict[str, Any]]:
    """What Remarket would take now, for each of the channel's outcomes, in the table's order.

    ``{"outcome", "label", "meaning", "people", "unreachable"}``: the last counts who has no address for channels of the
    kind ``to``.
    """
    counted = promising.count_outcomes(source, to)
    return [
        {
            "outcome": one.key,
            "label": one.label,
            "meaning": one.meaning,
            "people": counted[one.key].people,
            "unreachable": counted[one.key].unreachable,
        }
        for one in outcomes_of(source.kind)
    ]
