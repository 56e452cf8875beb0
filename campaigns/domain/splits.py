"""Which way of a split a person takes: the same at every look and on every machine, in Python and in SQL. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import md5
from itertools import accumulate

from campaigns.domain.steps import Share


def way_of(campaign_id: int, step: str, person_id: int, shares: Sequence[Share], winner: str = "") -> str:
    """The name of the variant that the person gets at this step; of a test that has been won everybody gets the winner.

    ``step`` is the node's key. People are spread evenly by a hash of campaign, step and person, then cut by weight.
    """
    if winner and any(share.name == winner for share in shares):
        return winner
    draw = md5(f"{campaign_id}:{step}:{person_id}".encode(), usedforsecurity=False).hexdigest()[:8]
    number = int(draw, 16) % sum(share.weight for share in shares)
    for share in shares:
        number -= share.weight
        if number < 0:
            return share.name
    raise AssertionError("the weights add up to more than the rest of a division by their sum")


def way_sql(campaign: str, step: str, person: str, shares: Sequence[Share]) -> str:
    """The same way as an expression: its place among the shares. The parts are SQL."""
    ends = accumulate(share.weight for share in shares)
    cases = " ".join(f"WHEN drawn < {end} THEN {place}" for place, end in enumerate(ends))
    return (
        f"(SELECT CASE {cases} END FROM (SELECT {_draw_sql(campaign, step, person, shares)} AS drawn) AS lot)"
    )


def _draw_sql(campaign: str, step: str, person: str, shares: Sequence[Share]) -> str:
    """From 0 to one less than the sum of the weights."""
    total = sum(share.weight for share in shares)
    hashed = f"substr(md5({campaign}::text || ':' || {step}::text || ':' || {person}::text), 1, 8)"
    return f"(('x' || {hashed})::bit(32)::bigint %% {total})"


def best_of(results: Mapping[str, tuple[int, int]]) -> str:
    """The variant with the most conversions per entrant; "" while none is ahead.

    ``results``: name → (entered, converted).
    """
    rates = {name: Fraction(converted, entered) for name, (entered, converted) in results.items() if entered}
    most = max(rates.values(), default=Fraction(0))
    ahead = [name for name, rate in rates.items() if rate == most]
    return ahead[0] if most and len(ahead) == 1 else ""
