"""Steps of a workflow in words: what each type is called and does, and what one step does, right or not yet right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import Truncator

from campaigns.domain import steps as st
from campaigns.domain.condition_reading import ConditionProblems, parse_condition
from campaigns.domain.conditions import in_words, uses_of
from campaigns.domain.durations import duration_words
from campaigns.domain.programs import HasPrograms, programs_of
from campaigns.domain.windows import DAYS, PERSON
from campaigns.models import Segment
from channels.domain.kinds import KINDS
from channels.domain.variants import AB, PROPERTY, texts_of, type_of

LONGEST = 110


@dataclass(frozen=True, slots=True)
class StepType:
    """A type of step as people choose it."""

    key: str
    label: str
    icon: str
    does: str


TYPES: dict[str, StepType] = {
    row.key: row
    for row in (
        StepType(
            st.MESSAGE, "Message", "send", "Sends by email, SMS, push or any other channel of the campaign."
        ),
        StepType(st.DELAY, "Delay", "hourglass", "People wait for a fixed time and then go on."),
        StepType(
            st.WINDOW,
            "Time window",
            "calendar-time",
            "People go on only on certain days and at certain hours.",
        ),
        StepType(
            st.BRANCH, "Branch", "git-branch", "Who meets a condition goes one way, everybody else another."
        ),
        StepType(
            st.WAIT_UNTIL,
            "Wait until",
            "clock",
            "People wait until they meet a condition, or a time has passed.",
        ),
        StepType(st.UPDATE, "Update attributes", "edit", "Changes what is known about the person."),
        StepType(st.SPLIT, "A/B split", "arrows-split", "Chance sends shares of people different ways."),
        StepType(st.WEBHOOK, "Webhook", "webhook", "Calls an address of yours about the person."),
        StepType(st.EXIT, "Exit", "door-exit", "People leave the campaign here."),
    )
}
_DAY_WORDS = dict(zip(DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))


def title_of(step: Mapping[str, Any]) -> str:
    """What a step is called: its own name, the subject of a message that has none, or what it is."""
    subject = str(step.get("subject") or "") if step.get("type") == st.MESSAGE else ""
    return str(step.get("name") or "") or Truncator(subject).chars(60) or type_label(step)


def titles_of(campaign: HasPrograms) -> dict[str, str]:
    """What the campaign's steps are called, by the key that the ledger has; of flows with the name of the flow."""
    return {
        key: title_of(node.step.raw) + (f" ({program.name})" if program.flow else "")
        for program in programs_of(campaign)
        for key, node in program.graph().items()
    }


def type_label(step: Mapping[str, Any]) -> str:
    """What kind of step it is: of a message the channel."""
    kind = str(step.get("type", ""))
    if kind == st.MESSAGE and step.get("channel") in KINDS:
        return KINDS[step["channel"]].label
    return TYPES[kind].label if kind in TYPES else "Unknown step"


def icon_of(step: Mapping[str, Any]) -> str:
    """Its icon: of a message the channel's."""
    kind = str(step.get("type", ""))
    if kind == st.MESSAGE and step.get("channel") in KINDS:
        return KINDS[step["channel"]].icon
    return TYPES[kind].icon if kind in TYPES else "question-mark"


def lines_of(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    """What it does, a line for each thing; of what is not filled in yet nothing."""
    words = _WORDS.get(str(step.get("type", "")))
    try:
        found = words(step, names) if words else []
    except (TypeError, ValueError, KeyError, AttributeError):
        return []  # what is wrong with it is told beside it
    return [_short(line) for line in found if line]


def way_label(step: Mapping[str, Any], way: str) -> str:
    """What a way out of a step is called: yes or no of a branch, a variant with its share of a split."""
    if step.get("type") == st.BRANCH:
        return "Yes" if way == "then" else "No"
    variants = [one for one in step.get("variants") or [] if isinstance(one, Mapping)]
    if step.get("winner"):
        return f"{way}: everybody (winner)" if way == step["winner"] else f"{way}: nobody any more"
    weights = [_weight(one) for one in variants]
    for one, weight in zip(variants, weights, strict=True):
        if one.get("name") == way and sum(weights):
            return f"{way}: {100 * weight / sum(weights):.3g} %"
    return way


def names_for(steps: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The names of the segments that the conditions of these steps are about: at most one query."""
    ids: set[int] = set()
    for step in steps:
        for condition in (step.get("if"), step.get("condition")):
            try:
                ids |= set(uses_of(parse_condition(condition))["segments"]) if condition else set()
            except ConditionProblems:
                continue
    return dict(Segment.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def condition_line(condition: Any, names: Mapping[int, str]) -> str:
    """A condition in words, "" where it is none yet."""
    try:
        return in_words(parse_condition(condition), names) if condition else ""
    except ConditionProblems:
        return ""


def _message(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    texts = list(texts_of(step))
    first = texts[0].content if texts else {}
    kind = type_of(step)
    many = f"A/B test of {len(texts)} texts" if kind == AB else ""
    many = many or (f"Texts by {step['variants'].get('on_property')}" if kind == PROPERTY else "")
    draft = "Waits as a draft until somebody releases it" if step.get("sending") == st.DRAFT else ""
    return [first.get("subject") or first.get("body") or "", many, draft]


def _delay(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return [f"Wait {duration_words(step['for'])}"]


def _window(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    clock = "the person's own time" if step.get("timezone", PERSON) == PERSON else "the campaign's time"
    return [f"{days_in_words(step.get('days', DAYS))}, {step['from']} to {step['to']}", f"by {clock}"]


def days_in_words(days: Iterable[str]) -> str:
    """Weekdays, shortest: *Every day*, *Mon to Fri*, *Mon, Wed*."""
    chosen = [day for day in DAYS if day in set(days)]
    at = [DAYS.index(day) for day in chosen]
    if len(chosen) == len(DAYS):
        return "Every day"
    if len(chosen) > 2 and at[-1] - at[0] == len(at) - 1:
        return f"{_DAY_WORDS[chosen[0]]} to {_DAY_WORDS[chosen[-1]]}"
    return ", ".join(_DAY_WORDS[day] for day in chosen)


def _branch(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return [condition_line(step.get("if"), names)]


def _wait(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    limit = f"at most {duration_words(step['timeout'])}" if step.get("timeout") else "without a limit"
    return [condition_line(step.get("condition"), names), limit]


def _update(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return [
        f"{name}: taken away" if value is None else f"{name} = {value}"
        for name, value in list(step["attributes"].items())[:4]
    ]


def _split(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    decide = step.get("decide") or {}
    after = duration_words(decide["after"]) if decide.get("after") else ""
    return [f"The best one is chosen after {after}" if after else ""]


def _webhook(step: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return [str(step.get("url", ""))]


_WORDS: dict[str, Callable[[Mapping[str, Any], Mapping[int, str]], list[str]]] = {
    st.MESSAGE: _message, st.DELAY: _delay, st.WINDOW: _window, st.BRANCH: _branch, st.WAIT_UNTIL: _wait,
    st.UPDATE: _update, st.SPLIT: _split, st.WEBHOOK: _webhook,
}  # fmt: skip


def _weight(variant: Mapping[str, Any]) -> int:
    weight = variant.get("weight", 1)
    return weight if isinstance(weight, int) and weight > 0 else 0


def _short(line: str) -> str:
    line = " ".join(str(line).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
