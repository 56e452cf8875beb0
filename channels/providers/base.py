"""What the engine and a provider say to each other: messages in, outcomes out.

Pure Python: nothing here (or in any provider) knows the database, Django or Celery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

OutcomeKind = Literal["sent", "failed", "retry", "unknown", "released"]
FieldType = Literal["text", "lines", "number", "boolean", "secret", "choice"]
"""``lines`` is text of several lines."""
ReceiptKind = Literal[
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "complained",
    "failed",
    "answered",
    "busy",
    "no_answer",
    "machine",
    "unsubscribed",
]


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """One device or browser of a person."""

    id: int
    token: str
    """What the push service knows it by: a registration token, or the endpoint of a subscription."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Web push: ``p256dh`` and ``auth`` of the subscription."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person, already rendered.

    ``context`` carries what belongs to the campaign (campaign id and name, channel id and kind,
    workspace id). Email reads ``context["html"]`` (bool): whether ``body`` is HTML; when it is
    missing the provider looks for tags itself.
    """

    key: int
    """The delivery's id."""
    idempotency_key: str
    """Stable over every retry of this delivery; a call that is placed again has another."""
    address: str
    """Email address, E.164 number or URL; empty where the kind of channel needs none."""
    subject: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Email: Message-ID, List-Unsubscribe, List-Unsubscribe-Post."""
    person: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    start_by: float = float("inf")
    """``time.monotonic()`` after which the call must not start any more (outcome *released*)."""
    attempt: int = 1
    """How many times this delivery has been tried, this time included."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """The content's fields besides subject and body, rendered: ``link``, ``image`` …"""
    devices: tuple[DeviceAddress, ...] = ()
    """Of a kind that reaches devices: all that the person has; the message is sent when one has taken it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call to a provider ended.

    * ``sent``: the provider has taken the message over.
    * ``failed``: refused for good (SMTP 5xx, HTTP 4xx); never retried.
    * ``retry``: refused for now, and surely not delivered (SMTP 4xx, HTTP 429 and 5xx, connection refused).
    * ``unknown``: it may have arrived (cut or timed out after the last byte was handed over).
    * ``released``: not started in time; nothing has left.
    """

    kind: OutcomeKind
    provider_id: str = ""
    reason: str = ""
    """Short code for filters and statistics, such as ``recipient_refused``."""
    detail: str = ""
    """What a person reads, in the provider's own words where it gave any."""
    retry_after: float | None = None
    """Seconds the provider asked to wait, if it did."""
    connection_error: bool = False
    """The account itself is broken (bad login, host gone): every other message would fail alike."""
    dead_devices: tuple[int, ...] = ()
    """Devices that the service does not know any more; nothing is sent to them again."""

    @classmethod
    def sent(cls, provider_id: str = "", detail: str = "") -> Outcome:
        """The provider has taken the message over."""
        return cls("sent", provider_id=provider_id, detail=detail)

    @classmethod
    def failed(cls, reason: str, detail: str = "", *, connection_error: bool = False) -> Outcome:
        """The provider refused for good."""
        return cls("failed", reason=reason, detail=detail, connection_error=connection_error)

    @classmethod
    def retry(
        cls,
        reason: str,
        detail: str = "",
        *,
        retry_after: float | None = None,
        connection_error: bool = False,
    ) -> Outcome:
        """Refused for now; nothing has been delivered."""
        return cls(
            "retry", reason=reason, detail=detail, retry_after=retry_after, connection_error=connection_error
        )

    @classmethod
    def unknown(cls, reason: str, detail: str = "") -> Outcome:
        """The message may have arrived; only a receipt or a person can tell."""
        return cls("unknown", reason=reason, detail=detail)

    @classmethod
    def released(cls, reason: str = "not_started_in_time", detail: str = "") -> Outcome:
        """The call was never started."""
        return cls("released", reason=reason, detail=detail)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Answer of a connection check: whether it works, and one sentence for the person who asked."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field of a connection's settings form; secrets are write-only."""

    name: str
    label: str
    type: FieldType = "text"
    required: bool = False
    default: Any = None
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class SettingsError(ValueError):
    """Settings that cannot work; ``errors`` maps a field's name to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {message}" for name, message in self.errors.items()))


@runtime_checkable
class Sender(Protocol):
    """An open line to a provider: one per worker and channel, ``parallelism`` calls at once."""

    def submit(self, messages: Sequence[Message]) -> None:
        """Queue the messages; returns at once."""

    def collect(self, timeout: float) -> list[tuple[Message, Outcome]]:
        """What has finished since the last call; waits at most ``timeout`` seconds for the first."""

    def close(self) -> None:
        """Finish the calls that have started, release the others; `collect` still hands out the rest."""


@runtime_checkable
class Provider(Protocol):
    """A way to send: what it needs to know, and how to open a line to it."""

    name: str
    label: str
    kinds: frozenset[str]
    """Kinds of channel it can serve (see ``channels.domain.kinds``)."""
    fields: tuple[SettingField, ...]
    store: Literal["", "in_app", "sandbox"]
    """Where the engine itself keeps a sent message, in the transaction that records it as sent."""

    # ``batch`` (int) may be there too: how many messages it takes in one call. Only where a repeated call does no harm
    # (``deduplicates``): so many more messages are in doubt when a worker dies.

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Whether a call whose end is unknown may be repeated with the same idempotency key."""

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with types and defaults put right; raises `SettingsError`.

        What `check`, `open` and `receipts` get are these and what the engine adds, which members cannot set:
        ``allowed_networks`` (private networks that may be called) and ``receipts_url`` (where the service can report to;
        missing where there is none).
        """

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Really connect (and log in); takes cleaned settings, sends nothing."""

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender for cleaned settings; connects when the first message comes."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reports about a message after it took it over."""

    event_id: str
    """The provider's own id of this report, or one made of its content: the same report always has the same."""
    provider_id: str
    """The id that `Outcome.sent` gave; "" where only the address is known."""
    kind: ReceiptKind
    at: datetime | None
    """When it happened (aware); None where the provider does not say."""
    detail: str = ""
    address: str = ""
    permanent: bool = True
    """Of a bounce: whether the address is dead, rather than busy or full."""


class ForgedReceipt(ValueError):
    """A report whose signature is wrong or missing, or that is too old: nothing of it is believed."""


@runtime_checkable
class ReceivesReceipts(Protocol):
    """What a provider has in addition if its service reports back; the others lack the method."""

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """Verify one call of the service's and read it: no receipt, one or many.

        ``headers`` have lower-case names, ``url`` is the whole address as the service called it. Raises
        `ForgedReceipt` for what is not signed as it should be, ValueError for what cannot be read.
        """
