"""The sandbox provider. Nothing leaves the installation; the engine keeps what was "sent" to be looked at."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from channels.domain.kinds import KINDS
from channels.providers.base import CheckResult, Message, Outcome, Receipt, Sender, SettingField
from channels.providers.sandbox.receipts import read, verify
from channels.providers.settings_fields import clean_fields
from channels.providers.threaded import Session, ThreadedSender


class SandboxProvider:
    """Pretends to send, with the faults it is told to have."""

    name = "sandbox"
    label = "Sandbox (nothing leaves)"
    kinds = frozenset(KINDS)
    store = "sandbox"
    fields = (
        SettingField(
            "fail_rate",
            "Share refused for good",
            "number",
            default=0,
            minimum=0,
            maximum=1,
            help="Between 0 (none) and 1 (all). The same message always meets the same fate.",
        ),
        SettingField(
            "temporary_fail_rate",
            "Share refused for now",
            "number",
            default=0,
            minimum=0,
            maximum=1,
            help="Between 0 and 1, decided anew for each attempt.",
        ),
        SettingField(
            "delay_ms", "Milliseconds a message takes", "number", default=0, minimum=0, maximum=60_000
        ),
        SettingField(
            "throttle_after",
            "Messages a second before it throttles",
            "number",
            default=0,
            minimum=0,
            maximum=1_000_000,
            help="0: never.",
        ),
        SettingField(
            "receipts_secret",
            "Secret that receipts are signed with",
            "secret",
            help="Without one no receipt is believed.",
        ),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Yes: what it keeps is written by the transaction that records the message as sent."""
        return True

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        return clean_fields(self.fields, settings)

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Always works."""
        return CheckResult(True, "Ready: the sandbox keeps what is sent here, nothing leaves.")

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """What somebody who has the secret says about messages."""
        verify(str(settings.get("receipts_secret") or ""), headers, body, now)
        return read(body)

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` calls at once, each taking ``delay_ms``."""
        throttle = Throttle(int(settings.get("throttle_after") or 0))
        return ThreadedSender(
            lambda: SandboxSession(settings, throttle), parallelism if _delay(settings) else 1, name="sandbox"
        )


class Throttle:
    """Counts messages in one-second windows; shared by all sessions of a sender."""

    def __init__(self, messages_a_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = messages_a_second
        self._clock = clock
        self._lock = threading.Lock()
        self._window_start = clock()
        self._count = 0

    def seconds_to_wait(self) -> float:
        """Count one message: 0 if it may pass, else the seconds until the next window."""
        if not self._limit:
            return 0.0
        with self._lock:
            now = self._clock()
            if now - self._window_start >= 1:
                self._window_start, self._count = now, 0
            self._count += 1
            return 0.0 if self._count <= self._limit else self._window_start + 1 - now


class SandboxSession(Session):
    """Decides each message's fate from its idempotency key, so that a run can be repeated exactly."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        throttle: Throttle,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._fail_rate = float(settings.get("fail_rate") or 0)
        self._temporary_fail_rate = float(settings.get("temporary_fail_rate") or 0)
        self._delay = _delay(settings)
        self._throttle = throttle
        self._sleep = sleep

    def send(self, message: Message) -> Outcome:
        """Take the time it is told to take, then answer."""
        wait = self._throttle.seconds_to_wait()
        if wait > 0:
            return Outcome.retry(
                "throttled", "The sandbox is throttling, as it was set to.", retry_after=wait
            )
        if self._delay:
            self._sleep(self._delay)
        if self._fail_rate and fate(message.idempotency_key, "refused") < self._fail_rate:
            return Outcome.failed("refused", "The sandbox refused this message, as it was set to.")
        attempt = f"attempt {message.attempt}"
        if self._temporary_fail_rate and fate(message.idempotency_key, attempt) < self._temporary_fail_rate:
            return Outcome.retry("refused_for_now", "The sandbox refused this attempt, as it was set to.")
        return Outcome.sent(provider_id=f"sandbox-{message.idempotency_key}")


def fate(idempotency_key: str, question: str) -> float:
    """A number in [0, 1) that is always the same for the same key and question."""
    digest = hashlib.blake2b(f"{question}\0{idempotency_key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _delay(settings: Mapping[str, Any]) -> float:
    return float(settings.get("delay_ms") or 0) / 1000
