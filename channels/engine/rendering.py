"""Rendering: from a claimed row to the message that a provider gets. Each template is compiled once per content."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from channels.domain import states as s
from channels.domain.content import is_html, part_names
from channels.domain.receipts import own_key
from channels.domain.templating import Template, TemplateProblem, compile_template
from channels.domain.variants import Split, split_of
from channels.engine import links
from channels.engine.claiming import Claimed, Plan
from channels.engine.lines import Line
from channels.engine.recording import Result
from channels.engine.tokens import preferences_url, sign_unsubscribe, tracking_url, unsubscribe_url
from channels.models import Channel
from channels.providers.base import Message

log = logging.getLogger(__name__)

#: Texts that strategies bring along are compiled once, as long as there are not more of them.
MOST_PLANNED_TEXTS = 200
#: A message that has not started by then is given back: after a stop, nothing leaves later than this.
START_WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """The compiled content of a channel or of one step."""

    subject: Template
    body: Template
    context: Mapping[str, Any]
    """What the provider learns about where the message comes from."""
    parts: Mapping[str, Template]
    """The content's other fields, such as a link; the same for every variant."""
    url: str = ""
    """Of a workflow's webhook step: where it calls, instead of the connection's address."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The compiled variants of a content; one that cannot be compiled fails its own people only."""

    split: Split
    options: Sequence[Text | TemplateProblem]
    winner: int | None
    """The place of the variant that everybody gets; None while the test goes on."""


class Renderer:
    """Turns rows of one channel into messages."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._version: tuple[str, str] | None = None
        self._texts: dict[str, Text | Texts | TemplateProblem] = {}
        self._content: Mapping[str, Any] = {}
        self._winner = ""
        self._workflows: Mapping[str, Any] = {}
        self._campaign: dict[str, Any] = {}

    def refresh(self, version: tuple[str, str]) -> None:
        """Read the content again if the channel or campaign has changed; inside the claiming transaction."""
        if version == self._version:
            return
        found = Channel.objects.filter(pk=self._line.channel_id)
        self._content, self._winner, workflow, flows, name = found.values_list(
            "content", "winner", "campaign__workflow", "campaign__flows", "campaign__name"
        ).get()
        self._workflows = {"": workflow} | {flow.get("key"): flow.get("workflow") for flow in flows}
        self._campaign = {"id": self._line.campaign_id, "name": name}
        self._texts.clear()
        self._version = version

    def render(self, row: Claimed) -> Message | Result:
        """The message for a row, or why it gets none."""
        if refusal := self._refusal(row):
            return refusal
        try:
            return self._message(row)
        except TemplateProblem as problem:
            return Result(row, s.FAILED, "template", str(problem))
        except Exception as problem:  # whatever a template finds to break, it breaks for this person only
            log.exception("Delivery %s cannot be rendered", row.id)
            return Result(row, s.FAILED, "template", f"{type(problem).__name__}: {problem}")

    def _refusal(self, row: Claimed) -> Result | None:
        """A person who must not, or cannot, be contacted as of this claim."""
        if row.expired:
            return Result(row, s.SKIPPED, "window_passed")
        if row.external_id is None:
            return Result(row, s.SKIPPED, "person_deleted")
        kind = self._line.address_kind
        if kind != "none" and not self._address(row):
            return Result(row, s.SKIPPED, "no_address")
        if self._line.to_devices and not row.devices:
            return Result(row, s.SKIPPED, "no_device")
        if row.suppressed:
            return Result(
                row, s.SKIPPED, "unsubscribed" if row.suppressed == "unsubscribed" else "suppressed"
            )
        return None

    def _address(self, row: Claimed) -> str:
        kind = self._line.address_kind
        return row.email if kind == "email" else row.phone if kind == "phone" else ""

    def _message(self, row: Claimed) -> Message:
        line = self._line
        person = _person(row)
        text = self._text(row, person)
        context: dict[str, Any] = {"person": person, "campaign": self._campaign}
        if row.event is not None:
            context["event"] = row.event
        if row.plan is not None:
            context["plan"] = {**row.plan.values, "stage": row.plan.stage}
        headers: dict[str, str] = {}
        key = own_key(row.id, line.workspace_id, row.redials)
        if line.channel_kind == "email":
            link = unsubscribe_url(sign_unsubscribe(line.workspace_id, row.person_id, row.id))
            context["unsubscribe_url"] = link
            context["preferences_url"] = preferences_url(link)
            if line.tracking != s.TRACKING_OFF:
                context["tracking_url"] = tracking_url(row.id)
            headers = _mail_headers(f"{key}@{line.mail_domain}", link)
        return Message(
            key=row.id,
            idempotency_key=key,
            address=text.url or self._address(row),
            subject=text.subject.personalise(context),
            body=text.body.personalise(context),
            headers=headers,
            person=person,
            context=text.context,
            start_by=time.monotonic() + START_WITHIN_SECONDS,
            attempt=row.attempt,
            parts={name: part.personalise(context) for name, part in text.parts.items()},
            devices=row.devices,
        )

    def _text(self, row: Claimed, person: Mapping[str, Any]) -> Text:
        text = self._planned_text(row.plan) if row.plan is not None else self._texts.get(row.step)
        if text is None:
            text = self._texts[row.step] = self._compile(row.step)
        if isinstance(text, Texts):
            text = text.options[self._place(text, row, person)]
        if isinstance(text, TemplateProblem):
            raise text.with_traceback(None)
        return text

    def _planned_text(self, plan: Plan) -> Text | Texts | TemplateProblem:
        """The strategy's own text, else the channel's content; the latest of them stay compiled."""
        key = json.dumps([plan.subject, plan.body]) if plan.body else ""
        if key not in self._texts:
            if len(self._texts) >= MOST_PLANNED_TEXTS:
                self._texts.clear()
            own = {"subject": plan.subject, "body": plan.body}
            self._texts[key] = self._compile_text(own, {}, own) if key else self._content_of_channel()
        return self._texts[key]

    def _content_of_channel(self) -> Text | Texts | TemplateProblem:
        if not self._content:
            return TemplateProblem("The strategy gave no text, and the channel has no content.")
        return self._compile("")

    def _place(self, texts: Texts, row: Claimed, person: Mapping[str, Any]) -> int:
        if texts.winner is not None:
            return texts.winner
        draw = f"{self._line.channel_id}.{row.run}.{row.step}.{row.person_id}"
        return texts.split.choose(draw, person)

    def _compile(self, step: str) -> Text | Texts | TemplateProblem:
        content = find_step(self._workflows, step) if step else self._content
        if content is None:
            return TemplateProblem(f"The workflow has no step {step!r} any more.")
        split = split_of(content)
        if split is None:
            return self._compile_text(content, {}, content)
        options = [self._compile_text(v.content, {"variant": v.name}, content) for v in split.variants]
        winner = str(content.get("winner") or "") if step else self._winner
        return Texts(split, options, split.place(winner))

    def _compile_text(
        self, content: Mapping[str, Any], more: Mapping[str, str], whole: Mapping[str, Any]
    ) -> Text | TemplateProblem:
        line = self._line
        others = {name: str(whole[name]) for name in part_names(line.channel_kind) if whole.get(name)}
        subject, body = str(content.get("subject") or ""), str(content.get("body") or "")
        html = is_html(line.channel_kind, body)
        context = {
            "campaign_id": line.campaign_id,
            "campaign_name": self._campaign["name"],
            "channel_id": line.channel_id,
            "channel_kind": line.channel_kind,
            "workspace_id": line.workspace_id,
            "html": html,
            **more,
        }
        try:
            parts = {name: compile_template(source) for name, source in others.items()}
            # The author's own text first: what is wrong in it must not be looked for in what was made of it.
            compiled = compile_template(body, html)
            if made := links.tracked_body(line.channel_id, line.tracking, body, html):
                compiled = compile_template(made, html)
            return Text(compile_template(subject), compiled, context, parts, str(content.get("url") or ""))
        except TemplateProblem as problem:
            return problem


def find_step(workflows: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The step that the ledger calls so, wherever it stands: ``flow:step`` in a flow, else only the step's own key.

    ``workflows`` are the campaign's by the key of the flow, "" for a journey's.
    """
    flow, _, step = key.rpartition(":")
    return _search(workflows.get(flow), step)


def _search(steps: Any, key: str) -> Mapping[str, Any] | None:
    """Branches and variants hold lists of steps of their own."""
    for step in steps if isinstance(steps, list) else ():
        if step.get("key") == key:
            return step
        variants = step.get("variants")
        inside = [step.get("then"), step.get("else")]
        inside += [variant.get("steps") for variant in variants] if isinstance(variants, list) else []
        for below in inside:
            if (found := _search(below, key)) is not None:
                return found
    return None


def _person(row: Claimed) -> dict[str, Any]:
    """What templates and providers see of a person: plain values, their own fields over attributes of the same name."""
    attributes = json.loads(row.attributes) if isinstance(row.attributes, str) else row.attributes
    return {
        **(attributes or {}),
        "external_id": row.external_id,
        "email": row.email,
        "phone": row.phone,
        "timezone": row.timezone,
    }


def _mail_headers(message_id: str, link: str) -> dict[str, str]:
    """Stable over retries, so that mail programs show a message twice delivered once; and one-click unsubscribe."""
    mailto = f", <mailto:{settings.UNSUBSCRIBE_MAILTO}>" if settings.UNSUBSCRIBE_MAILTO else ""
    return {
        "Message-ID": f"<{message_id}>",
        "List-Unsubscribe": f"<{link}>{mailto}",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
