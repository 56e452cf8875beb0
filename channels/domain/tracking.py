"""Tracked links and the pixel: how a content is rewritten, once, and which visits are a program's.

What a person gets is ``<address>/t/<delivery>.<signature>.<key>/``: the key names a link that is stored with the channel, so
nobody can be sent anywhere that the content itself does not lead to.
"""

from __future__ import annotations

import hashlib
import html as markup
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.domain.templating import TemplateProblem, compile_template

#: What stands in a template for the beginning of the message's own tracking address.
PLACE = "{{ tracking_url }}"
#: The key of the pixel; keys of links are longer.
PIXEL = "o"
#: What a link may be personalised with: it is filled in when somebody follows it, and by then the rest is gone.
_ROOTS = ("person", "campaign")

_ANCHOR = re.compile(r"""(<a\b[^<>]*?\bhref\s*=\s*)("[^"]*"|'[^']*')""", re.I)
_PLAIN = re.compile(r"https?://[^\s<>\"'\]]+", re.I)
_LITERAL_HOST = re.compile(r"https?://[^\s/?#{}%\\@]+(?=[/?#]|$)", re.I)
_REBINDS = re.compile(rf"\{{%-?\s*(?:assign|capture|for|tablerow)\s+(?:{'|'.join(_ROOTS)})\b|\{{%-?\s*raw\b")
_END_OF_BODY = re.compile(r"</body\s*>", re.I)
_TRAILING = ".,;:!?)"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A content with tracked links."""

    body: str
    links: Mapping[str, str] = field(default_factory=dict)
    """Where they lead, by key; perhaps with Liquid values of the person in them."""


def track(body: str, html: bool) -> Tracked:
    """Lead every link over us, and end HTML with a pixel. What cannot be led over us safely stays as it is."""
    if _REBINDS.search(body):
        return Tracked(body)
    links: dict[str, str] = {}
    if not html:
        return Tracked(_PLAIN.sub(lambda found: _plain_link(found[0], links), body), links)
    body = _ANCHOR.sub(lambda found: _anchor(found[1], found[2], links), body)
    pixel = f'<img src="{PLACE}{PIXEL}/" width="1" height="1" alt="">'
    ends = list(_END_OF_BODY.finditer(body))
    end = ends[-1].start() if ends else len(body)
    return Tracked(f"{body[:end]}{pixel}{body[end:]}", links)


def _anchor(before: str, quoted: str, links: dict[str, str]) -> str:
    url = markup.unescape(quoted[1:-1]).strip()
    return f'{before}"{PLACE}{_keep(url, links)}/"' if is_trackable(url) else before + quoted


def _plain_link(text: str, links: dict[str, str]) -> str:
    url = text.rstrip(_TRAILING)
    return f"{PLACE}{_keep(url, links)}/{text[len(url) :]}" if "{" not in url and is_trackable(url) else text


def _keep(url: str, links: dict[str, str]) -> str:
    key = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:12]
    links[key] = url
    return key


def is_trackable(url: str) -> bool:
    """Whether a link leads to a host that the content itself names, personalised at most behind it and by what we keep."""
    if not _LITERAL_HOST.match(url) or "{%" in url or len(url) > 2000:
        return False
    if "{{" not in url:
        return True
    try:
        return all(name.split(".")[0] in _ROOTS for name in compile_template(url).variables())
    except TemplateProblem:
        return False


# -- visits

_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|preview|scan|barracuda|proofpoint|mimecast|fireeye|safelinks|symantec|trendmicro|python|curl|wget"
    r"|go-http|java/|okhttp|httpclient|libwww|headless|facebookexternalhit|whatsapp|telegram|skype|yahoomailproxy.*prefetch",
    re.I,
)
#: Apple Mail's privacy proxy loads every picture of every message, read or not, and calls itself just this.
_NAMELESS = ("", "mozilla/5.0")


def is_program(headers: Mapping[str, str]) -> bool:
    """Whether a visit was surely no person's, by the headers (names in lower case) of its request."""
    agent = headers.get("user-agent", "").strip()
    ahead = f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')} {headers.get('x-moz', '')}"
    return agent.lower() in _NAMELESS or "prefetch" in ahead or bool(_PROGRAMS.search(agent))
