"""What conditions of a workspace may speak of: attributes with the type that they have been seen to hold, and events."""

from __future__ import annotations

from django.db import connection

from campaigns.domain.conditions import PERSON_FIELDS

#: So many of the oldest and of the newest people are looked at; so many names are shown.
LOOKED_AT = 1_000
MOST_NAMES = 200

_ATTRIBUTES = """
    SELECT key, CASE
        WHEN jsonb_typeof(value) IN ('number', 'boolean') THEN jsonb_typeof(value)
        WHEN jsonb_typeof(value) = 'array' THEN 'list'
        WHEN campaigns_moment(value) IS NOT NULL THEN 'date'
        WHEN campaigns_number(value) IS NOT NULL THEN 'number' ELSE 'text' END AS kind, count(*)
    FROM (
        (SELECT attributes FROM campaigns_person WHERE workspace_id = %(workspace)s ORDER BY id LIMIT %(most)s)
        UNION ALL
        (SELECT attributes FROM campaigns_person WHERE workspace_id = %(workspace)s ORDER BY id DESC LIMIT %(most)s)
    ) seen, jsonb_each(attributes)
    WHERE jsonb_typeof(value) NOT IN ('null', 'object') AND value <> '""'
    GROUP BY 1, 2"""

# From one name to the next along the index, however many events there are.
_EVENTS = """
    WITH RECURSIVE names AS (
        (SELECT name FROM campaigns_event WHERE workspace_id = %(workspace)s ORDER BY name LIMIT 1)
        UNION ALL
        SELECT (SELECT name FROM campaigns_event WHERE workspace_id = %(workspace)s AND name > names.name
            ORDER BY name LIMIT 1) FROM names WHERE names.name IS NOT NULL
    ) SELECT name FROM names WHERE name IS NOT NULL LIMIT %(most)s"""


def attribute_types(workspace_id: int) -> dict[str, str]:
    """Attributes by name with their type: what nine in ten values are, else text. The person's own fields are text."""
    with connection.cursor() as cursor:
        cursor.execute(_ATTRIBUTES, {"workspace": workspace_id, "most": LOOKED_AT})
        rows = cursor.fetchall()
    counts: dict[str, dict[str, int]] = {}
    for key, kind, number in rows:
        counts.setdefault(key, {})[kind] = number
    found = dict.fromkeys(PERSON_FIELDS, "text")
    for key in sorted(counts):
        if key not in found:
            kind, number = max(counts[key].items(), key=lambda item: item[1])
            found[key] = kind if number >= 0.9 * sum(counts[key].values()) else "text"
    return found


def event_names(workspace_id: int) -> list[str]:
    """Names of events that have come, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"workspace": workspace_id, "most": MOST_NAMES})
        return [name for (name,) in cursor.fetchall()]
