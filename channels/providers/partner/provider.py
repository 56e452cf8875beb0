"""The partner provider: its settings, its check, its sender and its reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from yarl import URL

from channels.domain.templating import TemplateProblem, compile_template
from channels.providers.base import CheckResult, Receipt, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT, check_with, run_apart, url_problem
from channels.providers.http.sender import HttpSender
from channels.providers.partner.transport import PartnerTransport, read_headers
from channels.providers.sandbox.receipts import read, verify
from channels.providers.settings_fields import clean_fields

DEFAULT_BODY = """{
  "id": {{ message.id | json }},
  "to": {{ person.external_id | json }},
  "title": {{ message.subject | json }},
  "text": {{ message.body | json }}
}"""
METHODS = tuple((method, method) for method in ("POST", "PUT", "PATCH", "GET", "DELETE"))


class PartnerProvider:
    """Any HTTP service: address, headers and body are Liquid with ``message``, ``person`` and ``campaign``."""

    name = "partner"
    label = "Partner (any HTTP service)"
    kinds = frozenset({"partner", "sms", "whatsapp"})
    store = ""
    fields = (
        SettingField("url", "Address", required=True, help="Liquid: https://…/people/{{ person.external_id }}"),
        SettingField("method", "Method", "choice", default="POST", choices=METHODS),
        SettingField("headers", "Headers", "lines", default="Content-Type: application/json", help="One a line; Liquid."),
        SettingField("body", "Body", "lines", default=DEFAULT_BODY,
                     help="Liquid with message.id, .subject, .body, .address, person and campaign; | json quotes."),
        SettingField("authorization", "Authorization header", "secret", help="Such as: Bearer …"),
        SettingField("id_path", "Where the answer has the message's id", help="Such as data.id, in a JSON answer."),
        SettingField("check_url", "Address to check with", help="A GET that answers 2xx when the login is right."),
        SettingField("receiver_deduplicates", "The service ignores a repeated Idempotency-Key", "boolean", default=False),
        SettingField("receipts_secret", "Secret that reports are signed with", "secret",
                     help="Standard Webhooks. Without one no report is believed."),
        TIMEOUT,
    )  # fmt: skip

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Only if the service is known to."""
        return bool(settings.get("receiver_deduplicates"))

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_fields(self.fields, settings)
        errors = {}
        for name in ("url", "headers", "body"):
            try:
                compile_template(cleaned[name])
            except TemplateProblem as wrong:
                errors[name] = str(wrong)
        if "url" not in errors and (problem := url_problem(_without_code(cleaned["url"]))):
            errors["url"] = problem
        if cleaned["check_url"] and (problem := url_problem(cleaned["check_url"])):
            errors["check_url"] = problem
        if not cleaned["authorization"].isascii():
            errors["authorization"] = "Only ASCII characters are allowed here."
        if "headers" not in errors and (problem := _headers_problem(cleaned["headers"])):
            errors["headers"] = problem
        if errors:
            raise SettingsError(errors)
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """GET the address to check with; without one, see whether anybody answers at the service's own."""
        login = {"Authorization": settings["authorization"]} if settings["authorization"] else {}
        url = settings["check_url"]
        method, target = ("GET", url) if url else ("HEAD", str(URL(_without_code(settings["url"])).origin()))
        answer = run_apart(check_with(settings, method, target, headers=login))
        if isinstance(answer, CheckResult):
            return answer
        words = f"{URL(target).host} answers (HTTP {answer.status})."
        return CheckResult(answer.ok if url else answer.status not in (401, 403), words)

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(PartnerTransport(settings), settings, parallelism)

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """``{"events": […]}``, signed as Standard Webhooks are."""
        verify(settings["receipts_secret"], headers, body, now)
        return read(body)


def _without_code(template: str) -> str:
    """The address with every piece of Liquid replaced by a letter: what can be checked before anybody is known."""
    text, found = "", template
    while "{" in found:
        before, _, rest = found.partition("{")
        closing = "}}" if rest.startswith("{") else "%}"
        text, found = f"{text}{before}x", rest.partition(closing)[2]
    return text + found


def _headers_problem(template: str) -> str:
    try:
        read_headers(template)
    except ValueError as problem:
        return str(problem)
    return ""
