"""Connections: made, changed, checked, started and stopped. Secrets go in and never come out again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from channels.domain import states as s
from channels.domain.hours import clean_hours
from channels.domain.secrets import SecretsUnreadable, decrypt, encrypt
from channels.engine.claiming import due_channels
from channels.engine.lines import CannotSend, open_settings, secret_keys
from channels.engine.slots import MOST_SLOTS
from channels.models import Connection
from channels.providers import registry
from channels.providers.base import CheckResult, Provider, SettingsError
from channels.services import doorbell
from channels.services.errors import InvalidConnection

_KNOWN = {"name", "provider", "settings", "rate_per_second", "parallelism", "hours", "tracking"}
#: A connection with an error is tried again after so long, and after twice as long each time it fails again.
FIRST_RECHECK = timedelta(minutes=1)
LONGEST_RECHECK = timedelta(hours=1)
#: A check may wait for half a minute until nobody answers; the next beat goes on with the others.
MOST_RECHECKS = 5


def create_connection(workspace_id: int, data: Mapping[str, Any]) -> Connection:
    """Make a connection from the API's shape. Raises `InvalidConnection`."""
    _refuse_unknown(data)
    provider = _provider(data.get("provider"))
    connection = Connection(workspace_id=workspace_id, provider=provider.name)
    _fill(connection, provider, {"name": "", "settings": {}, **data})
    return _save(connection)


def update_connection(connection: Connection, data: Mapping[str, Any]) -> Connection:
    """Change what is given. A secret left out or empty stays as it is; null removes it. Raises `InvalidConnection`."""
    _refuse_unknown(data)
    if data.get("provider", connection.provider) != connection.provider:
        raise InvalidConnection.of(
            {"provider": "The provider of a connection cannot change; make a new connection."}
        )
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=connection.pk)
        _fill(connection, _provider(connection.provider), data)
        return _save(connection)


def shown_settings(connection: Connection) -> dict[str, Any]:
    """The settings as people may see them: without secrets."""
    return dict(connection.settings)


def secrets_set(connection: Connection) -> list[str]:
    """Names of the secrets that are set, so that a form can say so."""
    try:
        return sorted(decrypt(connection.secrets, secret_keys()))
    except SecretsUnreadable:
        return []


def check_connection(connection: Connection, now: datetime) -> CheckResult:
    """Really connect, and draw the conclusion: an error is set or cleared; one stopped by hand stays stopped."""
    connection.refresh_from_db()
    try:
        provider, options = open_settings(connection)
        result = provider.check(options)
    except CannotSend as problem:
        result = CheckResult(False, str(problem))
    with transaction.atomic():
        connection.refresh_from_db(from_queryset=Connection.objects.select_for_update())
        connection.checked_at = now
        if connection.status != s.CONNECTION_STOPPED:
            connection.status = s.CONNECTION_RUNNING if result.ok else s.CONNECTION_ERROR
            connection.message = "" if result.ok else result.message[:500]
        connection.consecutive_failures = 0 if result.ok else connection.consecutive_failures + 1
        connection.save(update_fields=["checked_at", "status", "message", "consecutive_failures"])
        if connection.status == s.CONNECTION_RUNNING:
            doorbell.ring(due_channels(now, connection.pk))
    return result


def recheck_failed(now: datetime) -> dict[str, Any]:
    """Check connections with an error again from time to time, so that an outage that has passed ends by itself."""
    checked: dict[str, Any] = {"checked": [], "running": []}
    failed = Connection.objects.filter(status=s.CONNECTION_ERROR)
    for connection in failed.order_by(F("checked_at").asc(nulls_first=True)):
        pause = min(FIRST_RECHECK * 2 ** min(connection.consecutive_failures, 10), LONGEST_RECHECK)
        if connection.checked_at and now - connection.checked_at < pause:
            continue
        if len(checked["checked"]) == MOST_RECHECKS:
            break
        checked["checked"].append(connection.pk)
        if check_connection(connection, now).ok:
            checked["running"].append(connection.pk)
    return checked


def start_connection(connection: Connection, now: datetime) -> Connection:
    """Let its channels send (again)."""
    connection.status, connection.message = s.CONNECTION_RUNNING, ""
    connection.consecutive_failures, connection.paused_until = 0, None
    with transaction.atomic():
        connection.save(update_fields=["status", "message", "consecutive_failures", "paused_until"])
        doorbell.ring(due_channels(now, connection.pk))
    return connection


def stop_connection(connection: Connection) -> Connection:
    """Nothing leaves through it from now on; its channels wait."""
    connection.status, connection.message = s.CONNECTION_STOPPED, ""
    connection.save(update_fields=["status", "message"])
    return connection


# -- reading the input


def _refuse_unknown(data: Mapping[str, Any]) -> None:
    if unknown := sorted(set(data) - _KNOWN):
        raise InvalidConnection.of(
            {name: f"Unknown; known are {', '.join(sorted(_KNOWN))}." for name in unknown}
        )


def _provider(name: Any) -> Provider:
    try:
        return registry.get(str(name or ""))
    except registry.UnknownProvider:
        known = ", ".join(provider.name for provider in registry.all())
        raise InvalidConnection.of({"provider": f"Choose one of: {known}."}) from None


def _fill(connection: Connection, provider: Provider, data: Mapping[str, Any]) -> None:
    problems: dict[str, str] = {}
    if "name" in data:
        connection.name = str(data["name"] or "").strip()
        if not 0 < len(connection.name) <= 120:
            problems["name"] = "Enter a name of at most 120 characters."
    if "rate_per_second" in data:
        connection.rate_per_second = _number(data["rate_per_second"], "rate_per_second", problems)
    if "parallelism" in data:
        connection.parallelism = (
            _whole(data["parallelism"], "parallelism", problems) or connection.parallelism
        )
    if "hours" in data:
        connection.hours, wrong = clean_hours(data["hours"])
        problems |= wrong
    if "tracking" in data:
        connection.tracking = _tracking(data["tracking"], problems)
    if "settings" in data:
        _fill_settings(connection, provider, data["settings"], problems)
    if problems:
        raise InvalidConnection.of(problems)


def _fill_settings(connection: Connection, provider: Provider, given: Any, problems: dict[str, str]) -> None:
    if not isinstance(given, Mapping):
        problems["settings"] = "settings must be an object."
        return
    secret_names = {field.name for field in provider.fields if field.type == "secret"}
    try:
        secrets = decrypt(connection.secrets, secret_keys())
    except SecretsUnreadable:
        secrets = {}
    secrets |= {name: given[name] for name in secret_names & given.keys() if given[name] != ""}
    secrets = {name: value for name, value in secrets.items() if value is not None}
    plain = {
        **connection.settings,
        **{name: value for name, value in given.items() if name not in secret_names},
    }
    try:
        cleaned = provider.clean({**plain, **secrets})
    except SettingsError as error:
        problems.update({f"settings.{name}": message for name, message in error.errors.items()})
        return
    connection.settings = {name: value for name, value in cleaned.items() if name not in secret_names}
    kept = {name: cleaned[name] for name in secret_names if cleaned.get(name)}
    connection.secrets = encrypt(kept, secret_keys()) if kept else ""


def _tracking(value: Any, problems: dict[str, str]) -> str:
    known = [name for name, _ in s.TRACKING_CHOICES]
    if value not in known:
        problems["tracking"] = f"Choose one of: {', '.join(known)}."
    return str(value)


def _number(value: Any, path: str, problems: dict[str, str]) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not 0.001 <= number <= 1_000_000:
        problems[path] = "Enter a number between 0.001 and 1,000,000, or leave it empty for any."
        return None
    return number


_DIGITS = re.compile(r"[0-9]{1,9}")


def _whole(value: Any, path: str, problems: dict[str, str]) -> int | None:
    number = value if isinstance(value, int) else int(value) if _DIGITS.fullmatch(str(value)) else 0
    if isinstance(value, bool) or not 1 <= number <= MOST_SLOTS:
        problems[path] = f"Enter a whole number between 1 and {MOST_SLOTS}."
        return None
    return number


def _save(connection: Connection) -> Connection:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError:
        raise InvalidConnection.of(
            {"name": "This workspace has a connection of that name already."}
        ) from None
    return connection
