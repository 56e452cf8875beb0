"""One request a message, made from the templates of the connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from channels.domain.templating import TemplateProblem, compile_template
from channels.providers.base import Message, Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.sender import Transport

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
#: Written by the client itself.
_OURS = {"host", "content-length", "transfer-encoding", "connection", "authorization"}


class PartnerTransport(Transport):
    """Renders address, headers and body for each message."""

    name = "partner"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._url, self._body = compile_template(settings["url"]), compile_template(settings["body"])
        self._headers = {
            name: compile_template(value) for name, value in read_headers(settings["headers"]).items()
        }

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call."""
        settings, context = self._settings, _context(message)
        try:
            # In the address values are quoted, so that nobody's name can lead elsewhere.
            url = self._url.personalise(_quoted(context))
            headers = {name: _one_line(value.personalise(context)) for name, value in self._headers.items()}
            body = self._body.personalise(context)
        except TemplateProblem as problem:
            return Outcome.failed("template", str(problem))
        headers["Idempotency-Key"] = message.idempotency_key
        if settings["authorization"]:
            headers["Authorization"] = settings["authorization"]
        method = settings["method"]
        data = body.encode() if body and method != "GET" else None
        answer = await ask(session, method, url, data=data, headers=headers)
        return answer if isinstance(answer, Outcome) else self._outcome(answer)

    def _outcome(self, answer: Answer) -> Outcome:
        path = self._settings["id_path"]
        if not answer.ok or not path:
            return answer.outcome()
        found = answer.data
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return Outcome.sent(str(found)) if isinstance(found, str | int) and found != "" else malformed(answer)


def read_headers(text: str) -> dict[str, str]:
    """Headers, one a line; their values are templates, each of one line. Raises ValueError."""
    headers: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or not _NAME.match(name):
            raise ValueError(f"“{line.strip()[:60]}” is no header: write Name: value.")
        if name.lower() in _OURS:
            raise ValueError(f"{name} is not written here.")
        headers[name] = value.strip()
    return headers


def _context(message: Message) -> dict[str, Any]:
    own = {
        "id": message.idempotency_key,
        "address": message.address,
        "subject": message.subject,
        "body": message.body,
        **message.parts,
    }
    where = message.context
    campaign = {"id": where.get("campaign_id"), "name": where.get("campaign_name")}
    return {"message": own, "person": dict(message.person), "campaign": campaign}


def _one_line(text: str) -> str:
    """A value of a header: nobody's name can begin a header of its own."""
    return " ".join("".join(c if c >= " " and c != "\x7f" else " " for c in text).split())


def _quoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _quoted(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_quoted(part) for part in value]
    return quote(value, safe="") if isinstance(value, str) else value
