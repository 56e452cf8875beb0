"""Whether the next envelope should travel with the present body (RFC 2920 allows it).

It saves a round trip a message, which counts where the server's verdict comes as fast as any other answer. Where the
server takes its time over each message the saving is nothing beside it; and some servers of that sort answer what they
were asked meanwhile first, out of order, so they are better not asked.
"""

from __future__ import annotations

SAMPLES = 10
"""Messages of a connection that are sent without it first. Their fastest answers count: any may be slow by accident."""
_NOISE_SECONDS = 0.0005


class Overlap:
    """Learns from messages sent without it; once on, it stays on for this connection."""

    def __init__(self) -> None:
        self._samples = 0
        self._envelope = self._verdict = float("inf")

    @property
    def wanted(self) -> bool:
        """Whether to send the next envelope along."""
        return self._samples >= SAMPLES and self._verdict <= 1.5 * self._envelope + _NOISE_SECONDS

    def measure(self, envelope_seconds: float, verdict_seconds: float) -> None:
        """How long the answers to an envelope took, and how long the verdict on the body behind it."""
        self._samples += 1
        self._envelope = min(self._envelope, envelope_seconds)
        self._verdict = min(self._verdict, verdict_seconds)
