"""How the status of a connection is shown: word, colour, icon and what it means."""

from __future__ import annotations

from dataclasses import dataclass

from channels.domain import states as s
from channels.models import Connection


@dataclass(frozen=True, slots=True)
class Look:
    """What a status tag needs."""

    label: str
    colour: str
    icon: str
    meaning: str


LOOKS = {
    s.CONNECTION_RUNNING: Look("Running", "green", "player-play", "Channels may send through it."),
    s.CONNECTION_STOPPED: Look(
        "Stopped",
        "secondary",
        "player-stop",
        "Stopped by hand: nothing leaves through it, its channels wait.",
    ),
    s.CONNECTION_ERROR: Look(
        "Error",
        "red",
        "alert-triangle",
        "Nothing leaves through it until a check succeeds; it is tried again by itself.",
    ),
}


AGENT_LOOKS = {
    s.CONNECTION_RUNNING: Look("Running", "green", "player-play", "Flows may use it."),
    s.CONNECTION_STOPPED: Look("Stopped", "secondary", "player-stop", "Stopped by hand: it does nothing."),
    s.CONNECTION_ERROR: Look(
        "Error", "red", "alert-triangle", "Its connection cannot send; it goes on by itself when that can."
    ),
}


def look_of(connection: Connection) -> Look:
    """The look of its status."""
    return LOOKS[connection.status]
