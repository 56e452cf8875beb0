"""How people would walk through a workflow, step by step, together: what a dry run is made of. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.domain.durations import after
from campaigns.domain.programs import Program
from campaigns.domain.splits import way_of
from campaigns.domain.steps import BRANCH, DELAY, EXIT, SENDING, SPLIT, UPDATE, WAIT_UNTIL, WINDOW
from campaigns.domain.windows import opening
from campaigns.domain.workflow import Node
from campaigns.engine.judging import judge, left_out
from campaigns.models import Campaign, Person
from campaigns.services.previewing import Rendered, person_values, render_for
from campaigns.services.segments import condition_words
from channels.domain.states import REASONS
from channels.domain.variants import split_of
from channels.models import Channel


@dataclass(slots=True)
class Visit:
    """One step on a person's way."""

    at: datetime
    node: Node
    words: str
    """What happens there, as a sentence."""
    message: Rendered | None = None
    """What would be sent; None where nothing would."""
    skipped: str = ""
    """Why nothing would be sent, where the step sends."""


@dataclass(slots=True)
class Walk:
    """What would become of one person."""

    person: Person
    visits: list[Visit] = field(default_factory=list)
    end: str = ""
    """How it ends, as a sentence."""
    ends_at: datetime | None = None

    @property
    def messages(self) -> int:
        return sum(visit.message is not None for visit in self.visits)


@dataclass(slots=True)
class DryRun:
    """The walks of a sample through one workflow, and how many came to each step."""

    program: Program | None
    walks: list[Walk]
    reached: dict[str, int]


class Walker:
    """The people on their way: at which node each is, and since when."""

    def __init__(self, campaign: Campaign, program: Program, walks: dict[int, Walk], now: datetime) -> None:
        self.campaign, self.program, self.walks, self.now = campaign, program, walks, now
        first = next(iter(program.graph()))
        self.at: dict[int, str] = dict.fromkeys(walks, first)
        self.time: dict[int, datetime] = dict.fromkeys(walks, now)
        self.reached: dict[str, int] = {}
        self.channels = dict(
            Channel.objects.filter(campaign=campaign).order_by("-position", "-id").values_list("kind", "pk")
        )

    def take(self, node: Node) -> None:
        """Everybody who stands at this node goes on."""
        here = [person for person, key in self.at.items() if key == node.key]
        self.reached[node.key] = len(here)
        if not here:
            return
        if node.step.type in SENDING:
            here = self._leave_by_exit(node, here)
        {
            BRANCH: self._branch, SPLIT: self._split, DELAY: self._delay, WINDOW: self._window, WAIT_UNTIL: self._wait,
            UPDATE: self._update, EXIT: self._exit,
        }.get(node.step.type, self._send)(node, here)  # fmt: skip

    def _visit(self, person: int, node: Node, words: str) -> Visit:
        visit = Visit(self.time[person], node, words)
        self.walks[person].visits.append(visit)
        return visit

    def _go(self, person: int, to: str | None) -> None:
        if to is None:
            self._end(person, "Finishes: it was the last step.")
        else:
            self.at[person] = to

    def _end(self, person: int, words: str) -> None:
        self.at[person] = ""
        self.walks[person].end, self.walks[person].ends_at = words, self.time[person]

    def _judged(self, condition: Mapping[str, Any], people: Sequence[int]) -> dict[int, bool]:
        found = judge([condition], people, self.campaign.workspace_id, self.now)
        return {person: meets for person, (meets,) in found.items()}

    def _branch(self, node: Node, people: Sequence[int]) -> None:
        meets, words = self._judged(node.step.condition, people), condition_words(node.step.condition)
        ways = {way.name: way.to for way in node.ways}
        for person in people:
            way = "then" if meets.get(person) else "else"
            self._visit(person, node, f"{'Yes' if way == 'then' else 'No'}: {words}.")
            self._go(person, ways[way])

    def _split(self, node: Node, people: Sequence[int]) -> None:
        ways = {way.name: way.to for way in node.ways}
        for person in people:
            name = way_of(self.campaign.pk, node.key, person, node.step.shares, node.step.winner)
            self._visit(person, node, f"Gets “{name}”" + (", which has won." if node.step.winner else "."))
            self._go(person, ways[name])

    def _delay(self, node: Node, people: Sequence[int]) -> None:
        assert node.step.duration is not None  # every delay has one
        for person in people:
            self._visit(person, node, f"Waits {node.step.duration}.")
            self.time[person] = after(self.time[person], node.step.duration, self.campaign.timezone)
            self._go(person, node.ways[0].to)

    def _window(self, node: Node, people: Sequence[int]) -> None:
        window = node.step.window
        assert window is not None  # every window has one
        for person in people:
            zone = self.walks[person].person.timezone if window.by_person else ""
            opens, _ = opening(window, zone or self.campaign.timezone, self.time[person])
            waits = opens > self.time[person]
            self._visit(
                person, node, "Waits until the window opens." if waits else "The window is open: goes on."
            )
            self.time[person] = opens
            self._go(person, node.ways[0].to)

    def _wait(self, node: Node, people: Sequence[int]) -> None:
        meets, words = self._judged(node.step.condition, people), condition_words(node.step.condition)
        for person in people:
            limit = node.step.duration
            if meets.get(person):
                self._visit(person, node, f"Goes on at once: {words}.")
                self._go(person, node.ways[0].to)
            elif limit is None:
                self._visit(person, node, f"Waits until: {words}.")
                self._end(person, "Waits there, for as long as it takes.")
            else:
                self._visit(person, node, f"Waits until: {words}; at most {limit}, as shown here.")
                self.time[person] = after(self.time[person], limit, self.campaign.timezone)
                self._go(person, node.ways[0].to)

    def _update(self, node: Node, people: Sequence[int]) -> None:
        given = node.step.raw.get("attributes") or {}
        words = ", ".join(
            f"{name} is taken away" if value is None else f"{name} = {_shown(value)}"
            for name, value in given.items()
        )
        for person in people:
            self._visit(person, node, f"Is changed: {words}.")
            self._go(person, node.ways[0].to)

    def _exit(self, node: Node, people: Sequence[int]) -> None:
        for person in people:
            self._visit(person, node, "Leaves.")
            self._end(person, "Leaves at an exit.")

    def _leave_by_exit(self, node: Node, people: Sequence[int]) -> list[int]:
        """Whoever meets the exit criteria leaves before a message; answers the others."""
        criteria = (self.campaign.exit or {}).get("condition")
        if not criteria:
            return list(people)
        meets = self._judged(criteria, people)
        for person in people:
            if meets.get(person):
                self._visit(person, node, f"Gets nothing: {condition_words(criteria)}.")
                self._end(person, "Leaves by the exit criteria.")
        return [person for person in people if not meets.get(person)]

    def _send(self, node: Node, people: Sequence[int]) -> None:
        channel = self.channels.get(node.step.channel)
        if channel is None:
            for person in people:
                self._visit(person, node, "Waits: the campaign has no such channel.")
                self._end(person, "Waits until the campaign has the channel.")
            return
        why = left_out(node.step.channel, channel, people, self.campaign.workspace_id)
        asked = self.program.trigger.get("filter")
        filtered = self._judged(asked, people) if asked else dict.fromkeys(people, True)
        for person in people:
            reason = why.get(person, "") or ("" if filtered.get(person) else "filtered")
            visit = self._visit(person, node, "")
            draw = f"{channel}.0.{node.key}.{person}"
            winner = str(node.step.raw.get("winner") or "")
            content = content_for(node.step.raw, draw, self.walks[person].person, winner)
            fill(visit, self.campaign, self.walks[person].person, node.step.channel, content, reason)
            if visit.message and node.step.drafted:
                visit.words = "Waits as a draft until somebody releases it."
            self._go(person, node.ways[0].to)


def content_for(content: Mapping[str, Any], draw: str, person: Person, winner: str) -> Mapping[str, Any]:
    """The text that this person gets: of several variants the one that the engine would choose for them."""
    split = split_of(content)
    if split is None:
        return content
    won = split.place(winner)
    place = won if won is not None else split.choose(draw, person_values(person))
    return split.variants[place].content


def fill(
    visit: Visit,
    campaign: Campaign,
    person: Person,
    kind: str,
    content: Mapping[str, Any],
    reason: str,
    plan: Mapping[str, Any] | None = None,
) -> None:
    """What the message says to this person, or why there is none."""
    if reason:
        visit.skipped = REASONS.get(reason, reason)
        visit.words = f"Gets nothing: {visit.skipped[:1].lower()}{visit.skipped[1:]}."
        return
    subject, body = (str(content.get(name) or "") for name in ("subject", "body"))
    rendered = render_for(campaign, person, kind, subject, body, plan=plan)
    if rendered.problem:
        visit.skipped = rendered.problem
        visit.words = f"Gets nothing: it could not be personalised. {rendered.problem}"
        return
    visit.message = rendered
    visit.words = "Gets this message."


def _shown(value: object) -> str:
    return (
        f"“{value}”"
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
