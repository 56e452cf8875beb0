"""Rotation of keys: secrets move to the newest one, and what no key opens is named."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels.domain.secrets import SecretsUnreadable, decrypt
from channels.engine.lines import open_settings
from channels.models import Connection
from channels.services.rotation import rotate_secrets
from channels.services.sites import secret_of, site_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Connection:
    return factories.sandbox_connection(factories.WorkspaceFactory(), receipts_secret="hush")


def secret(account: Connection) -> Any:
    return open_settings(Connection.objects.get(pk=account.pk))[1]["receipts_secret"]


def test_secrets_move_from_the_installations_own_key_to_new_ones(account: Connection, settings: Any) -> None:
    site = site_of(account.workspace_id)
    known = secret_of(site)
    for keys in (["first"], ["second", "first"], ["second"]):
        settings.CONNECTION_SECRET_KEYS = keys
        assert rotate_secrets().done == 2
        assert secret(account) == "hush" and decrypt(Connection.objects.get().secrets, keys[:1])
        site.refresh_from_db()
        assert secret_of(site) == known
    with pytest.raises(SecretsUnreadable):
        decrypt(Connection.objects.get().secrets, ["first"])


def test_what_no_key_opens_is_named_and_stays(account: Connection, settings: Any, capsys: Any) -> None:
    Connection.objects.update(secrets="nonsense")
    other = factories.sandbox_connection(account.workspace, receipts_secret="also")
    settings.CONNECTION_SECRET_KEYS = ["new"]
    with pytest.raises(CommandError, match=f"connection {account.pk}"):
        call_command("rotate_secrets")
    assert "1 encrypted" in capsys.readouterr().out
    assert secret(other) == "also" and Connection.objects.get(pk=account.pk).secrets == "nonsense"
