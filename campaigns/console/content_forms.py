"""The form of *What*: one block a channel. It reads what was posted into the API's shape. Steps are in step_forms.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.console.retry_forms import RetryRow, retries_of, rows_as_posted, rows_as_stored
from campaigns.console.variant_forms import Texts, texts_as_posted, texts_as_stored
from channels.domain.kinds import KINDS, ChannelKind, available_kinds
from channels.models import Connection
from channels.providers import registry
from config.console.numbers import whole

MOST_CHANNELS = 20
#: Kinds of campaign that are about one kind of channel only.
ONLY = {"sms": "sms", "voice": "voice"}


@dataclass(slots=True)
class Block:
    """One channel of the form: what was chosen and typed, and what is wrong with it."""

    index: int
    kind: ChannelKind
    id: str = ""
    connection: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    locked: str = ""
    connections: list[Connection] = field(default_factory=list)
    texts: Texts = field(default_factory=lambda: Texts("", ""))
    retries: list[RetryRow] = field(default_factory=list)
    """Of calls: whom it calls again."""
    agent: int | None = None
    """Of a flow: the automated sender."""

    def __post_init__(self) -> None:
        if not self.texts.kind:
            self.texts = Texts(f"c{self.index}-", self.kind.key)
        self.retries = self.retries or rows_as_stored(self.kind.key, {})

    def renumber(self, index: int) -> None:
        """Its place in the form, which the names of its fields carry."""
        self.index, self.texts.prefix = index, f"c{index}-"

    def place_retry_error(self, path: list[str], text: str) -> bool:
        """Beside the outcome that a problem is about (retries.busy.after); False where it is about none."""
        named = [row for row in self.retries if path[:1] == ["retries"] and path[1:2] == [row.outcome]]
        for row in named:
            row.error = text
        return bool(named)

    @property
    def prefix(self) -> str:
        """The number in the names of its fields."""
        return str(self.index)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The content's fields with their values and errors."""
        return [
            {"field": f, "value": self.values.get(f.name, ""), "error": self.errors.get(f.name, "")}
            for f in self.texts.own_fields
        ]

    def payload(self, with_content: bool) -> dict[str, Any]:
        """The channel in the API's shape; a locked one is only named."""
        found: dict[str, Any] = {"kind": self.kind.key}
        if self.id:
            found["id"] = int(self.id)
        if self.locked:
            return found
        found["connection"] = whole(self.connection)
        if with_content:
            found["content"] = self.texts.payload(self.values)
            if retries := retries_of(self.retries):
                found["content"]["retries"] = retries
        return found


def usable_connections(workspace: Any) -> dict[str, list[Connection]]:
    """The workspace's connections by the kind of channel that they can carry: one query."""
    found: dict[str, list[Connection]] = {kind.key: [] for kind in available_kinds()}
    for connection in Connection.objects.filter(workspace=workspace).order_by("name"):
        try:
            kinds = registry.get(connection.provider).kinds
        except LookupError:
            continue
        for key in kinds & found.keys():
            found[key].append(connection)
    return found


def kinds_for(campaign_kind: str) -> list[ChannelKind]:
    """The kinds of channel that this kind of campaign may have."""
    only = ONLY.get(campaign_kind)
    return [kind for kind in available_kinds() if not only or kind.key == only]


def blocks_of(campaign: Any, channels: Iterable[Any]) -> list[Block]:
    """The channels as they are."""
    found = []
    for index, channel in enumerate(channels):
        open_for_edits = channel.status in ("ready", "paused", "errored") or campaign.kind != "outreach"
        texts, values = texts_as_stored(f"c{index}-", channel.kind, channel.content)
        locked = "" if open_for_edits else f"It is {channel.status}: pause it to change it."
        found.append(
            Block(
                index,
                KINDS[channel.kind],
                str(channel.pk),
                str(channel.connection_id or ""),
                values,
                {},
                locked,
                texts=texts,
                retries=rows_as_stored(channel.kind, channel.content),
            )
        )
    return found


def posted_blocks(data: Mapping[str, Any], campaign: Any, channels: Iterable[Any]) -> list[Block]:
    """The channels as they were typed. A locked one keeps what it has."""
    existing = {block.id: block for block in blocks_of(campaign, channels)}
    found: list[Block] = []
    for index in range(min(_number(data.get("channels")), MOST_CHANNELS)):
        kind = KINDS.get(data.get(f"c{index}-kind", ""))
        if kind is None:
            continue
        known = existing.get(data.get(f"c{index}-id", ""))
        if known is not None and known.locked:
            known.renumber(len(found))
            found.append(known)
            continue
        texts, values = texts_as_posted(f"c{index}-", kind.key, data)
        block = Block(
            len(found),
            kind,
            known.id if known else "",
            data.get(f"c{index}-connection", ""),
            values,
            texts=texts,
            retries=rows_as_posted(f"c{index}-", kind.key, data),
        )
        block.renumber(len(found))
        found.append(block)
    return found


def _number(value: Any) -> int:
    return whole(value) or 0
