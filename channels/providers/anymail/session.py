"""One kept line to an email service: anymail's backend, used by one thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives
from urllib3.exceptions import NameResolutionError, NewConnectionError

from channels.domain.content import looks_like_html
from channels.providers.anymail.guard import Blocked, guard
from channels.providers.anymail.services import SERVICES, base_url
from channels.providers.base import Message, Outcome
from channels.providers.http.addresses import parse_networks
from channels.providers.http.answers import verdict
from channels.providers.http.client import CONNECT_SECONDS, brief, utc_now
from channels.providers.smtp.plaintext import plain_text
from channels.providers.threaded import Session

#: The service gives each message an id of its own.
_NOT_OURS = {"message-id"}


class AnymailSession(Session):
    """Sends each message as one call of the service's API."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._from = sender(settings["from_name"], settings["from_address"])
        self._backend = make_backend(settings)
        self._backend.open()
        guard(self._backend.session, parse_networks(settings.get("allowed_networks", ())))

    def send(self, message: Message) -> Outcome:
        """Make one call."""
        mail = self._mail(message)
        try:
            self._backend.send_messages([mail])
        except AnymailRecipientsRefused as problem:
            return Outcome.failed("recipient_refused", brief(str(problem)))
        except (AnymailAPIError, requests.RequestException) as problem:
            # Anymail's own errors are requests' as well; only those with an answer are a refusal.
            answered = problem.response is not None or not isinstance(problem, requests.RequestException)
            return refusal(problem) if answered else self._broken(problem)
        except (AnymailError, ValueError) as problem:
            return Outcome.failed("bad_message", brief(str(problem)))
        return _taken(mail.anymail_status)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the connections that are kept."""
        self._backend.close()

    def _mail(self, message: Message) -> EmailMultiAlternatives:
        html = message.context.get("html")
        html = looks_like_html(message.body) if html is None else html
        text = plain_text(message.body) if html else message.body
        headers = {name: value for name, value in message.headers.items() if name.lower() not in _NOT_OURS}
        mail = EmailMultiAlternatives(
            " ".join(message.subject.split()), text, self._from, [message.address], headers=headers
        )
        if html:
            mail.attach_alternative(message.body, "text/html")
        return mail

    def _broken(self, problem: requests.RequestException) -> Outcome:
        """A call without an answer."""
        causes = list(_causes(problem))
        if any(isinstance(cause, Blocked) for cause in causes):
            return self._stop("address_not_allowed", "The address lies in a private or reserved network.")
        if any(isinstance(cause, NameResolutionError) for cause in causes):
            return self._stop("host_unknown", "There is no host of this name.")
        if isinstance(problem, requests.exceptions.SSLError):
            return self._stop("certificate_invalid", brief(str(problem)))
        if isinstance(problem, requests.ConnectTimeout):
            return self._stop("timeout", "The server cannot be reached in time.")
        if any(isinstance(cause, NewConnectionError) for cause in causes):
            return self._stop("connection_failed", "No connection to the service.")
        if isinstance(problem, requests.TooManyRedirects):
            return Outcome.failed("redirect_refused", "Redirects are not followed.")
        if isinstance(problem, requests.Timeout):
            return Outcome.unknown("timeout", "The server took the request and did not answer in time.")
        return Outcome.unknown("connection_lost", "The connection broke after the request had begun.")

    def _stop(self, reason: str, detail: str) -> Outcome:
        self.usable = False
        return Outcome.retry(reason, detail, connection_error=True)


def _taken(status: Any) -> Outcome:
    """What anymail made of an answer. It says nothing of a recipient whom it cannot find in the service's words."""
    answer = status.esp_response
    if status.status and status.status <= {"sent", "queued"}:
        return Outcome.sent(status.message_id if isinstance(status.message_id, str) else "")
    words = brief(answer.text) if answer is not None else ""
    if answer is not None and not 200 <= answer.status_code < 300:
        return Outcome.failed("recipient_refused", words)
    return Outcome.unknown("malformed_answer", words)


def make_backend(settings: Mapping[str, Any]) -> Any:
    """Anymail's backend for the connection, with nothing taken from Django's settings."""
    service = SERVICES[settings["service"]]
    module, _, class_name = service.backend.partition(":")
    timeout = float(settings["timeout"])
    options = {
        service.key_name: settings["api_key"],
        "api_url": base_url(settings),
        "timeout": (min(CONNECT_SECONDS, timeout), timeout),
    }
    if settings["service"] == "mailgun":
        options["sender_domain"] = sender_domain(settings)
    return getattr(import_module(module), class_name)(**options)


def sender(name: str, address: str) -> str:
    """The sender as anymail reads it: not encoded, because each service has its own way of that."""
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def sender_domain(settings: Mapping[str, Any]) -> str:
    """The domain that mail comes from."""
    return str(settings["domain"] or settings["from_address"].rpartition("@")[2])


def refusal(problem: AnymailAPIError | requests.RequestException) -> Outcome:
    """An answer of the service that is no success."""
    response = problem.response
    if response is None:
        return Outcome.failed("bad_message", brief(str(problem)))
    words = brief(response.text)
    if 200 <= response.status_code < 300:
        return Outcome.unknown(
            "malformed_answer", f"HTTP {response.status_code}, but no answer as documented: {words}"
        )
    if response.status_code == 403:
        return Outcome.retry("login_refused", f"HTTP 403: {words}", connection_error=True)
    return verdict(response.status_code, response.headers, words, utc_now)


def _causes(problem: BaseException | None) -> Iterator[object]:
    """The error and everything that it wraps: requests and urllib3 hide the first one three deep."""
    seen: list[object] = []
    waiting: list[object] = [problem]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or cause in seen:
            continue
        seen.append(cause)
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
