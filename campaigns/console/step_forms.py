"""The form of one step: reads what was posted into the API's shape, and shows a step as fields. One class for each type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from campaigns.console.condition_builder import Vocabulary, change_draft, read_draft, shown
from campaigns.console.duration_fields import duration_fields, duration_of
from campaigns.console.step_words import condition_line, names_for
from campaigns.console.variant_forms import texts_as_posted, texts_as_stored
from campaigns.domain import steps as st
from campaigns.domain.condition_blocks import Draft, blocks_of, condition_of
from campaigns.domain.condition_reading import ConditionProblems, parse_condition
from campaigns.domain.windows import CAMPAIGN, DAYS, PERSON
from campaigns.models import Workspace
from channels.domain.kinds import available_kinds
from config.console.numbers import whole

PREFIX = "s0-"


class StepForm:
    """A step as fields. ``step`` is what it is now: as stored, or as typed."""

    template = ""

    def __init__(self, step: Mapping[str, Any], workspace: Workspace) -> None:
        self.step = dict(step)
        self.workspace = workspace

    def read(self, data: QueryDict) -> None:
        """Take over what was typed; what belongs to the steps inside stays."""
        name = data.get("name", "").strip()
        self.step = (
            {**self.step, "name": name} if name else {k: v for k, v in self.step.items() if k != "name"}
        )
        self.take(data)

    def take(self, data: QueryDict) -> None:
        """The fields of this type."""

    def operate(self, operation: str) -> None:
        """A button that changes only the form, such as one more row."""

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        """What the template shows; ``errors`` by paths below the step."""
        return {}

    def _set(self, **values: Any) -> None:
        """Set keys of the step; None takes one away."""
        self.step |= {name.rstrip("_"): value for name, value in values.items()}
        self.step = {name: value for name, value in self.step.items() if value is not None}


class MessageForm(StepForm):
    """Channel, texts with their variants, and whether somebody has to release it."""

    template = "campaigns/steps/message.html"

    def __init__(self, step: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(step, workspace)
        self.texts, self.values = texts_as_stored(PREFIX, str(step.get("channel", "")), step)

    def take(self, data: QueryDict) -> None:
        known = {kind.key for kind in available_kinds()}
        channel = data.get("channel", "")
        channel = channel if channel in known else str(self.step.get("channel", "email"))
        self.texts, self.values = texts_as_posted(PREFIX, channel, data)
        self._set(channel=channel, sending=st.DRAFT if data.get("sending") == st.DRAFT else None)

    def start_from(self, subject: str, body: str) -> None:
        """Take over an email: it is one message then, and goes by email."""
        self._set(channel="email")
        self.texts, self.values = texts_as_stored(PREFIX, "email", {"subject": subject, "body": body})

    def finish(self) -> None:
        """Put the texts into the step. Raises `Invalid` where a value of a property is there twice."""
        kept = {
            name: self.step[name]
            for name in ("key", "type", "name", "channel", "sending")
            if name in self.step
        }
        names = {row.name for row in self.texts.rows}
        won = {"winner": self.texts.winner} if self.texts.winner in names else {}
        self.step = {**kept, **self.texts.payload(self.values), **won}

    def operate(self, operation: str) -> None:
        word, _, row = operation.removeprefix("step:").replace("-0", "", 1).partition("-")
        self.values = self.texts.change(word, whole(row) or 0, self.values)

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        own: dict[str, str] = {}
        for path, text in errors.items():
            first, _, rest = path.partition(".")
            if first != "variants" or not self.texts.place_error(rest, text):
                own[path.rpartition(".")[2]] = text
        inputs = [
            {"field": f, "value": self.values.get(f.name, ""), "error": own.pop(f.name, "")}
            for f in self.texts.own_fields
        ]
        return {
            "kinds": [kind for kind in available_kinds() if kind.key != st.WEBHOOK],
            "texts": self.texts, "inputs": inputs, "other_errors": list(own.values()), "prefix": PREFIX,
            "is_draft": self.step.get("sending") == st.DRAFT,
        }  # fmt: skip


class DelayForm(StepForm):
    """How long."""

    template = "campaigns/steps/delay.html"

    def take(self, data: QueryDict) -> None:
        self._set(for_=duration_of(data, "for") or "")

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        return {
            "duration": duration_fields(str(self.step.get("for", "")), "for"),
            "problem": errors.get("for", ""),
        }


class WindowForm(StepForm):
    """Days, hours, and by whose clocks. In the form the end of the day is 00:00, in the step 24:00."""

    template = "campaigns/steps/window.html"

    def take(self, data: QueryDict) -> None:
        until = data.get("to", "")
        self._set(
            days=[day for day in DAYS if day in data.getlist("days")],
            from_=data.get("from", ""),
            to="24:00" if until == "00:00" else until,
            timezone=CAMPAIGN if data.get("timezone") == CAMPAIGN else PERSON,
        )

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        chosen = self.step.get("days", list(DAYS))
        until = str(self.step.get("to", ""))
        return {
            "days": [(day, name, day in chosen) for day, name in zip(DAYS, names, strict=True)],
            "begins": self.step.get("from", ""), "ends": "00:00" if until == "24:00" else until,
            "by_campaign": self.step.get("timezone") == CAMPAIGN, "errors": errors,
        }  # fmt: skip


class ConditionForm(StepForm):
    """A branch, or a wait with its limit: the condition by the builder."""

    template = "campaigns/steps/condition.html"

    def __init__(self, step: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(step, workspace)
        self.vocabulary = Vocabulary(workspace)
        self.name = "if" if step.get("type") == st.BRANCH else "condition"
        self.draft = draft_of(self.step.get(self.name))

    def take(self, data: QueryDict) -> None:
        if not data.get("nested"):
            self.draft = read_draft(data)
        if self.step["type"] == st.WAIT_UNTIL:
            limit = duration_of(data, "timeout") if data.get("limit") == "yes" else None
            self._set(timeout="" if limit is None and data.get("limit") == "yes" else limit)
        if self.draft is not None:
            self.step[self.name] = condition_of(self.draft, self.vocabulary.type_of)

    def operate(self, operation: str) -> None:
        if self.draft is not None:
            change_draft(self.draft, operation)

    def problems(self) -> dict[str, str]:
        """What is wrong with the condition, at the places that the page has."""
        if self.draft is None:
            return {}
        try:
            parse_condition(condition_of(self.draft, self.vocabulary.type_of, plain=False))
        except ConditionProblems as refused:
            return refused.problems
        return {}

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        problems = self.problems() if errors else {}
        return {
            "builder": shown(self.draft, self.vocabulary, problems) if self.draft else None,
            "words": condition_line(self.step.get(self.name), names_for([self.step])),
            "is_wait": self.step["type"] == st.WAIT_UNTIL,
            "has_limit": "timeout" in self.step,
            "duration": duration_fields(str(self.step.get("timeout") or "7 days"), "timeout"),
            "problem": errors.get("timeout", ""),
            "other_errors": [t for path, t in errors.items() if not problems and path != "timeout"][:3],
        }


def draft_of(condition: Any) -> Draft | None:
    """A condition as rows: an empty row where there is none yet, None where rows cannot show it.

    One that is not right yet, such as one with a segment still to be chosen, is shown as far as it can be.
    """
    if not condition:
        return Draft()
    try:
        return blocks_of(condition)
    except (LookupError, RuntimeError, StopIteration, TypeError, ValueError, AttributeError):
        pass
    try:
        parse_condition(condition)
    except ConditionProblems:
        return Draft()
    return None


class WebhookForm(StepForm):
    """The address that is called, and what it is told."""

    template = "campaigns/steps/webhook.html"

    def take(self, data: QueryDict) -> None:
        self._set(url=data.get("url", "").strip(), body=data.get(f"{PREFIX}body", "").replace("\r\n", "\n"))

    def context(self, errors: Mapping[str, str]) -> dict[str, Any]:
        return {"url": self.step.get("url", ""), "body": self.step.get("body", ""), "errors": errors}


class ExitForm(StepForm):
    """It has nothing but a name."""

    template = "campaigns/steps/exit.html"


def errors_of(step: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a step but not with those inside it, by paths below it."""
    bare = {name: value for name, value in step.items() if name not in ("then", "else")}
    found = st.step_errors(bare, "step", set())
    return {path.removeprefix("step").removeprefix("."): text for path, text in found.items()}
