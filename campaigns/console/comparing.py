"""Two versions of a campaign side by side: what differs in who, what and when, and each message as a person gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.domain.recurrence import read_moment
from campaigns.domain.recurrence_words import in_words as delivery_words
from campaigns.domain.schedule import told
from campaigns.domain.snapshot import PARTS, Difference, differences
from campaigns.domain.steps import channel_kind_of
from campaigns.domain.text_difference import Part, compare
from campaigns.domain.workflow import qualified, steps_in
from campaigns.models import Campaign, Person
from campaigns.services.previewing import Rendered, render_for
from channels.domain.kinds import KINDS
from channels.domain.variants import texts_of

TITLES = {"who": "Who", "what": "What", "when": "When"}
_UNCHANGED = {
    "who": "The same people as approved.",
    "what": "The same content as approved.",
    "when": "The same time as approved.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that differs, both sides in parts."""

    label: str
    left: list[Part]
    right: list[Part]


@dataclass(slots=True)
class Section:
    """Who, what or when; ``unchanged`` is the sentence for when nothing of it differs."""

    name: str
    title: str
    unchanged: str
    rows: list[Row] = field(default_factory=list)


def sections(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Section]:
    """The three sections with what differs in each; everything that is there, where ``before`` is empty."""
    found = {name: Section(name, TITLES[name], _UNCHANGED[name]) for name in PARTS}
    for one in differences(*_in_words(before, after)):
        found[one.section].rows.append(_row(one))
    for section in found.values():
        section.rows = _subjects_first(section.rows)
    return list(found.values())


def _subjects_first(rows: list[Row]) -> list[Row]:
    """A subject stands above its message, as in the mail itself; all else keeps its order."""
    places: dict[str, int] = {}

    def place(row: Row) -> tuple[int, bool]:
        channel = row.label.partition(":")[0]
        return places.setdefault(channel, len(places)), not row.label.endswith("subject")

    return sorted(rows, key=place)


def _in_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Both versions with their schedules as people say them; as they are where the words would hide a change."""
    said = [{**side, "when": _when(side.get("when") or {})} for side in (before, after)]
    differ = before.get("when") != after.get("when")
    return [dict(before), dict(after)] if differ and said[0]["when"] == said[1]["when"] else said


def _when(when: Mapping[str, Any]) -> dict[str, Any]:
    zone = when.get("timezone") or "UTC"
    found = dict(when)
    if found.get("delivery"):
        found["delivery"] = delivery_words(found["delivery"], zone)
    for name in ("starts_at", "stops_at"):
        if moment := read_moment(found.get(name)):
            found[name] = told(moment, zone)
    return found


def _row(one: Difference) -> Row:
    return Row(one.label, *compare(one.before, one.after))


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a version: templates, not yet anybody's."""

    title: str
    kind: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One message as it was approved and as it would be, for one person; None where there is none."""

    title: str
    icon: str
    before: Rendered | None
    after: Rendered | None

    @property
    def sides(self) -> list[tuple[str, Rendered | None]]:
        """What the page puts beside each other."""
        return [("As approved", self.before), ("As asked for", self.after)]


def pairs(
    campaign: Campaign, person: Person, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Pair]:
    """Every message of either version, rendered for a person."""
    old, new = dict(messages_in(before)), dict(messages_in(after))
    found = []
    for key in dict.fromkeys([*new, *old]):
        one = new.get(key) or old[key]
        rendered = [
            render_for(campaign, person, side[key].kind, side[key].subject, side[key].body)
            if key in side
            else None
            for side in (old, new)
        ]
        found.append(Pair(one.title, KINDS[one.kind].icon, *rendered))
    return found


def messages_in(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Message]]:
    """(key, message) of a version's channels and steps; each variant is a message of its own."""
    what = snapshot.get("what") or {}
    for index, channel in enumerate(what.get("channels") or []):
        if channel.get("kind") in KINDS:
            kind = channel["kind"]
            yield from _texts(f"{index}-{kind}", KINDS[kind].label, kind, channel.get("content") or {})
    yield from _in_steps(what.get("workflow") or [], "", "")
    for flow in what.get("flows") or []:
        name = flow.get("name") or flow.get("key")
        yield from _in_steps(flow.get("workflow") or [], str(flow.get("key")), f"{name}: ")


def _in_steps(workflow: Sequence[Any], flow: str, before: str) -> Iterator[tuple[str, Message]]:
    """The messages of a workflow, numbered as in its drawing: those inside branches and variants as well."""
    for number, place in enumerate(steps_in(workflow), 1):
        step = place.step
        kind = channel_kind_of(step)
        if kind in KINDS:
            title = f"{before}Step {number}: {KINDS[kind].label}"
            yield from _texts(
                f"{qualified(flow, str(step.get('key', place.path)))}-{kind}", title, kind, step
            )


def _texts(key: str, title: str, kind: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Message]]:
    for text in texts_of(content):
        subject, body = (str(text.content.get(name) or "") for name in ("subject", "body"))
        if subject or body:
            named = f"{title}, variant {text.name}" if text.name else title
            yield f"{key}-{text.name}", Message(named, kind, subject, body)
