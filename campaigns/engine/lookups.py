"""How a statement finds the person whose id it knows: by the primary key, whatever the planner expects of the table."""

from __future__ import annotations


def person_of(known_id: str, columns: str = "*") -> str:
    """What a ``JOIN`` or ``LEFT JOIN`` finds the person ``p`` with: one probe of the key for each row.

    LATERAL … LIMIT: each by key, even where the planner takes the table for an empty one. In the key's order, which no
    other index has that holds the id: that of an empty table costs nothing to walk from end to end.
    """
    return f"""LATERAL (
        SELECT {columns} FROM campaigns_person WHERE id BETWEEN {known_id} AND {known_id} ORDER BY id LIMIT 1) p ON true"""
