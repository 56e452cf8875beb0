"""What the content of each kind of channel consists of, and whether it can be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.domain.kinds import KINDS
from channels.domain.retries import retry_problems
from channels.domain.sms import sms_parts
from channels.domain.template_limits import SOURCE_LIMIT
from channels.domain.templating import TemplateProblem, compile_template
from channels.domain.variants import shape_problems, texts_of

MOST_SMS_PARTS = 10
_HTML = re.compile(
    r"<(?:!doctype|/?(?:html|head|body|p|div|span|br|hr|a|b|i|u|em|strong|h[1-6]|table|tr|td|ul|ol|li|img|font"
    r"|center|blockquote|pre|style|section|header|footer|button|small|sup|sub)\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ContentField:
    """One field of a content form."""

    name: str
    label: str
    required: bool
    longest: int
    """Characters of the template, before personalisation."""
    multiline: bool = False
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()


_LIQUID = "Liquid: {{ person.first_name }}."
_BODY_LIMIT = SOURCE_LIMIT


def _title(label: str, *, required: bool = False, longest: int = 200) -> ContentField:
    return ContentField("subject", label, required, longest, help=_LIQUID)


def _body(label: str, longest: int, *, required: bool = True, help: str = _LIQUID) -> ContentField:
    return ContentField("body", label, required, longest, multiline=True, help=help)


_LINK = ContentField(
    "link", "Opens", False, 1000, help="https://… or a link into the app; it may be left out."
)
_IMAGE = ContentField("image", "Picture", False, 1000, help="https://… of a picture.")
_MEMBERSHIP = ContentField(
    "membership", "What happens to people", False, 10, help="In the audience that the connection names.",
    choices=(("add", "Add them to the audience"), ("remove", "Remove them from the audience")),
)  # fmt: skip
_SHOWN = "[Look at it](https://…) is a button."
_SLOT = ContentField("slot", "Place", False, 60, help="As the page names it: data-campaign-slot. Empty: any.")
FIELDS: dict[str, tuple[ContentField, ...]] = {
    "email": (
        _title("Subject", required=True, longest=500),
        _body("Message", _BODY_LIMIT, help=f"HTML or plain text. {_LIQUID}"),
    ),
    "sms": (_body("Text", 4000, help=f"160 characters fit into one message. {_LIQUID}"),),
    "voice": (_body("What is said", 4000),),
    "webhook": (_title("Subject"), _body("Body", _BODY_LIMIT, required=False)),
    **dict.fromkeys(
        ("in_app", "app_inbox", "web_popup", "web_exit_intent"),
        (_title("Title"), _body("Message", 20_000, help=f"{_SHOWN} {_LIQUID}")),
    ),
    **dict.fromkeys(
        ("native_display", "web_native_display"),
        (_title("Title"), _body("Message", 20_000, help=f"{_SHOWN} {_LIQUID}"), _SLOT),
    ),
    "whatsapp": (_body("Text", 1600),),
    "push": (_title("Title", longest=100), _body("Text", 1000), _LINK, _IMAGE),
    "web_push": (_title("Title", longest=100), _body("Text", 1000), _LINK, _IMAGE),
    "slack": (_body("Text", 4000, help=f"*bold*, _italic_, <https://…|a link>. {_LIQUID}"),),
    "partner": (_title("Subject"), _body("Body", _BODY_LIMIT, required=False)),
    "facebook_audience": (_MEMBERSHIP,),
    "google_ads_audience": (_MEMBERSHIP,),
    "tiktok_audience": (_MEMBERSHIP,),
}
_OTHERS = (_title("Title"), _body("Message", 20_000))


def fields_for(kind: str) -> tuple[ContentField, ...]:
    """The fields of a kind of channel, in the order of the form."""
    return FIELDS.get(kind, _OTHERS)


def part_names(kind: str) -> tuple[str, ...]:
    """The fields besides subject and body; variants share them."""
    return tuple(field.name for field in fields_for(kind) if field.name not in ("subject", "body"))


def validate(kind: str, content: Mapping[str, Any], *, draft: bool = False) -> dict[str, str]:
    """What is wrong, by the path of the field; empty if the content can be sent. A ``draft`` may leave texts out."""
    if kind not in KINDS:
        return {"kind": f"There is no kind of channel called {kind!r}."}
    fields = {field.name: field for field in fields_for(kind)}
    known = {*fields, "variants", *(("retries",) if kind == "voice" else ())}
    problems = {name: "This kind of channel has no such field." for name in content if name not in known}
    several = content.get("variants") not in (None, [], {})
    if kind == "voice":
        problems |= retry_problems(content.get("retries"))
    for field in fields.values():
        # With variants, the content's own texts are what the variants may leave out: nothing goes out as such.
        is_text = field.name not in part_names(kind)
        problem = _problem(kind, field, content.get(field.name), draft or (several and is_text))
        if problem:
            problems[field.name] = problem
    return problems | _variant_problems(kind, content, fields, draft) if several else problems


def _variant_problems(
    kind: str, content: Mapping[str, Any], fields: Mapping[str, ContentField], draft: bool
) -> dict[str, str]:
    """What is wrong with the variants: how they are written, else the text that each would send."""
    if problems := shape_problems(content):
        return problems
    for variant in texts_of(content):
        for name in variant.content.keys() - fields.keys():
            problems[f"{variant.path}.{name}"] = "This kind of channel has no such field."
        for name in (name for name in fields if name not in part_names(kind)):
            if problem := _problem(kind, fields[name], variant.content.get(name), draft):
                problems[f"{variant.path}.{name}"] = problem
    return problems


def _problem(kind: str, field: ContentField, value: Any, may_be_missing: bool) -> str:
    if value is not None and not isinstance(value, str):
        return "Enter text."
    if not value or not value.strip():
        return "This field is required." if field.required and not (may_be_missing and not value) else ""
    if len(value) > field.longest:
        return f"Too long: {len(value)} of at most {field.longest} characters."
    if field.choices:
        known = [choice for choice, _ in field.choices]
        return "" if value in known else f"Choose one of: {', '.join(known)}."
    try:
        compile_template(value, is_html(kind, value) and field.name == "body")
    except TemplateProblem as problem:
        return str(problem)
    if not field.multiline and ("\n" in value.strip() or "\r" in value.strip()):
        return "This has to be one line."
    if kind == "sms" and "{" not in value and sms_parts(value).parts > MOST_SMS_PARTS:
        return f"Too long: {sms_parts(value).parts} of at most {MOST_SMS_PARTS} messages."
    return ""


def is_html(kind: str, body: str) -> bool:
    """Whether this body (a template) is HTML, so that personal values in it are escaped."""
    return kind == "email" and looks_like_html(body)


def looks_like_html(text: str) -> bool:
    """Whether a text has HTML tags in it."""
    return "<" in text and _HTML.search(text) is not None
