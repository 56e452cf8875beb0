"""Connections: secrets go in and never come out; a check, a stop and a start do what they say."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Workspace
from channels.engine.dispatch import dispatch_channel
from channels.engine.lines import open_settings
from channels.models import Connection
from channels.services.connections import (
    check_connection,
    create_connection,
    secrets_set,
    shown_settings,
    start_connection,
    stop_connection,
    update_connection,
)
from channels.services.errors import InvalidConnection
from tests.engine.sending import NOW, make_blast
from tests.sinks.sink import Sink

pytestmark = pytest.mark.django_db

SMTP = {
    "name": "Mail",
    "provider": "smtp",
    "settings": {
        "host": "mail.example.test",
        "from_address": "a@example.test",
        "username": "u",
        "password": "hush",
    },
}


def test_a_secret_is_kept_encrypted_and_never_shown(workspace: Workspace) -> None:
    account = create_connection(workspace.pk, SMTP)
    assert "password" not in shown_settings(account) and secrets_set(account) == ["password"]
    stored = Connection.objects.get(pk=account.pk)
    assert "hush" not in f"{stored.settings}{stored.secrets}" and stored.secrets
    assert open_settings(stored)[1]["password"] == "hush"


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, "hush"), ({"password": ""}, "hush"), ({"password": "new"}, "new"), ({"password": None}, "")],
)
def test_a_secret_left_out_stays_and_null_removes_it(given: dict, kept: str, workspace: Workspace) -> None:
    account = create_connection(workspace.pk, SMTP)
    account = update_connection(account, {"settings": {"host": "other.example.test", **given}})
    options = open_settings(Connection.objects.get(pk=account.pk))[1]
    assert (options["host"], options["password"], options["username"]) == ("other.example.test", kept, "u")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no such provider": ({"provider": "pigeon"}, "provider"),
    "no name": ({"name": " "}, "name"),
    "a name too long": ({"name": "x" * 121}, "name"),
    "a setting missing": ({"settings": {"host": "mail.example.test"}}, "settings.from_address"),
    "an unknown setting": ({"settings": {**SMTP["settings"], "colour": "red"}}, "settings.colour"),  # type: ignore[dict-item]
    "settings no object": ({"settings": [1]}, "settings"),
    "no rate": ({"rate_per_second": 0}, "rate_per_second"),
    "a rate that is no number": ({"rate_per_second": "nan"}, "rate_per_second"),
    "a rate that is a truth value": ({"rate_per_second": True}, "rate_per_second"),
    "no parallelism": ({"parallelism": 0}, "parallelism"),
    "too much parallelism": ({"parallelism": 5000}, "parallelism"),
    "an unknown key": ({"status": "running"}, "status"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_field(name: str, workspace: Workspace) -> None:
    change, field = BAD[name]
    with pytest.raises(InvalidConnection) as refused:
        create_connection(workspace.pk, {**SMTP, **change})
    assert list(refused.value.fields) == [field]
    assert Connection.objects.count() == 0


def test_names_are_unique_in_a_workspace(workspace: Workspace) -> None:
    create_connection(workspace.pk, SMTP)
    with pytest.raises(InvalidConnection) as refused:
        create_connection(workspace.pk, SMTP)
    assert list(refused.value.fields) == ["name"]


def test_the_provider_of_a_connection_stays(workspace: Workspace) -> None:
    account = create_connection(workspace.pk, SMTP)
    with pytest.raises(InvalidConnection, match="cannot change"):
        update_connection(account, {"provider": "sandbox"})


def test_empty_rate_means_any(workspace: Workspace) -> None:
    account = create_connection(workspace.pk, {**SMTP, "rate_per_second": 2.5})
    assert account.rate_per_second == 2.5
    assert update_connection(account, {"rate_per_second": None}).rate_per_second is None


def test_a_check_really_connects(workspace: Workspace, smtp_sink: Sink) -> None:
    where = {
        "host": smtp_sink.host,
        "port": smtp_sink.port,
        "security": "none",
        "from_address": "a@example.test",
    }
    account = create_connection(workspace.pk, {"name": "Sink", "provider": "smtp", "settings": where})
    assert check_connection(account, NOW).ok
    assert (account.status, account.message, account.checked_at) == ("running", "", NOW)
    update_connection(account, {"settings": {"port": 1}})
    assert not check_connection(account, NOW).ok
    assert account.status == "error" and "Nothing listens" in account.message


def test_a_check_does_not_start_what_a_person_has_stopped(workspace: Workspace) -> None:
    account = create_connection(workspace.pk, {"name": "Box", "provider": "sandbox"})
    stop_connection(account)
    assert check_connection(account, NOW).ok and account.status == "stopped"


def test_stop_and_start(workspace: Workspace) -> None:
    account = create_connection(workspace.pk, {"name": "Box", "provider": "sandbox"})
    channel = make_blast(3, account)
    stop_connection(account)
    assert dispatch_channel(channel.pk, now=NOW).claimed == 0
    start_connection(account, NOW)
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 3}
