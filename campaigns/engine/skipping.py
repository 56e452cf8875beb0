"""Why a person is left out of a channel: the same rules, as SQL, for a blast and for a journey's message."""

from __future__ import annotations

from typing import Any

from channels.domain.kinds import KINDS
from channels.engine.optouts import opted_out

#: The reason that a row ``sup`` of the suppression list gives.
_SUPPRESSED = "CASE sup.reason WHEN 'unsubscribed' THEN 'unsubscribed' ELSE 'suppressed' END"

#: Of kinds that have no single column for the address. Devices: one probe of the partial index for each person.
_BY_ADDRESS_TYPE = {
    "device": """CASE WHEN EXISTS (SELECT 1 FROM channels_device device
        WHERE device.person_id = p.id AND device.kind = '{kind}' AND device.invalid_at IS NULL)
        THEN '' ELSE 'no_device' END""",
    "contact": """CASE WHEN p.email = '' AND p.phone = '' THEN 'no_address' ELSE coalesce(
        (SELECT {suppressed}
         FROM channels_suppression sup WHERE sup.workspace_id = %(workspace)s AND (
            (sup.address_kind = 'email' AND sup.address = p.email)
            OR (sup.address_kind = 'phone' AND sup.address = p.phone)) LIMIT 1), '') END""",
}


def address_of(kind: str) -> str:
    """The person's column that a kind of channel sends to; "" for a kind that needs no address."""
    address = KINDS[kind].address
    return address if address in ("email", "phone") else ""


def has_opt_outs(cursor: Any, workspace_id: int) -> bool:
    """Whether anybody of the workspace has opted out of anything: most enrolments need not ask for each person."""
    cursor.execute(
        """SELECT EXISTS (SELECT 1 FROM channels_optout opted JOIN campaigns_person p ON p.id = opted.person_id
                          WHERE p.workspace_id = %s)""",
        [workspace_id],
    )
    return bool(cursor.fetchone()[0])


def skip_reason(kind: str, covered: str, *, joined: bool = False, opted: bool = True) -> str:
    """An expression: the code of the reason why the person ``p`` gets no message of this kind of channel, or ''.

    ``covered`` is a condition: another person ``o`` with the same address has this message or is about to. It is only
    asked of people whose address may be shared (a hint that is never false where it matters). ``joined``: the source
    has `join_suppressed`. Needs ``%(workspace)s`` and ``%(channel)s``; ``+ 0`` leaves only the index on
    addresses, because the planner may think every other one that begins with the workspace as good, and walk all people
    for each. ``opted``: false where nobody `has_opt_outs`.
    """
    reason = _address_reason(kind, covered, joined=joined)
    if not opted:
        return reason
    found = opted_out("p.id", f"'{kind}'")
    return f"coalesce((SELECT 'unsubscribed' {found} LIMIT 1), {reason})"


def _address_reason(kind: str, covered: str, *, joined: bool) -> str:
    address = address_of(kind)
    if not address:
        return _BY_ADDRESS_TYPE.get(KINDS[kind].address, "''").format(kind=kind, suppressed=_SUPPRESSED)
    if joined:
        suppressed = f"CASE WHEN sup.id IS NOT NULL THEN {_SUPPRESSED} END"
    else:
        # One probe of an index for each person, whatever the planner knows about the tables.
        suppressed = f"(SELECT {_SUPPRESSED} FROM channels_suppression sup WHERE {_suppressed(address)})"
    return f"""CASE WHEN p.{address} = '' THEN 'no_address' ELSE coalesce({suppressed},
        CASE WHEN p.shares_{address} AND EXISTS (
            SELECT 1 FROM campaigns_person o
            WHERE o.workspace_id + 0 = %(workspace)s AND o.{address} = p.{address} AND o.{address} <> ''
                AND o.id <> p.id AND ({covered})
        ) THEN 'duplicate_address' ELSE '' END) END"""


def join_suppressed(kind: str) -> str:
    """A join of ``p`` with the suppression list, at most one row each: four times as fast as probing while it is short."""
    address = address_of(kind)
    return f"LEFT JOIN channels_suppression sup ON {_suppressed(address)}" if address else ""


def is_short(cursor: Any, kind: str, workspace_id: int, most: int) -> bool:
    """Whether the workspace's suppression list for this kind of channel has at most so many addresses."""
    cursor.execute(
        """SELECT count(*) FROM (SELECT 1 FROM channels_suppression
               WHERE workspace_id = %s AND address_kind = %s LIMIT %s) AS first_ones""",
        [workspace_id, address_of(kind), most + 1],
    )
    return bool(cursor.fetchone()[0] <= most)


def _suppressed(address: str) -> str:
    return (
        f"sup.workspace_id = %(workspace)s AND sup.address_kind = '{address}' AND sup.address = p.{address}"
    )


#: Columns of a new ledger row; event_id and expires_at may be added (see `ledger_values`).
LEDGER_COLUMNS = "(channel_id, run, step, person_id, status, reason, due_at, attempt, provider_id, detail)"
#: The same for rows that are about an event, or that must not go out after some time.
LEDGER_COLUMNS_IN_FULL = LEDGER_COLUMNS.replace(")", ", event_id, expires_at)")


def ledger_values(run: str, step: str, *, ready: str = "pending", due: str = "%(now)s") -> str:
    """The values of those columns, for a source with the columns ``person_id`` and ``why`` (the reason, or '').

    ``ready`` is the status of a row without a reason.
    """
    return (
        f"%(channel)s, {run}, {step}, person_id, CASE WHEN why = '' THEN '{ready}' ELSE 'skipped' END,"
        f" why, {due}, 0, '', ''"
    )
