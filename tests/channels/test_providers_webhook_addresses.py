"""Where a webhook may never lead: nothing that only this machine or its network can reach (SSRF)."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from channels.providers.http.addresses import is_allowed, parse_networks
from tests.channels.provider_kit import send_all
from tests.channels.webhook_kit import WEBHOOK, hook, settings_for
from tests.sinks.sink import Sink

DENIED = """
0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 ::ffff:7f00:1
64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1
5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 nonsense
"""
PUBLIC = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 223.255.255.255
::ffff:8.8.8.8 2606:4700::1111 2a00:1450::1
"""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]
)
def test_no_spelling_of_this_machine_passes(host: str, http_sink: Sink) -> None:
    url = f"http://{host}:{http_sink.port}/hook"
    outcomes = send_all(WEBHOOK, settings_for(http_sink, allowed=()), [replace(hook(1), address=url)])
    assert outcomes[1].kind in ("failed", "retry")
    assert http_sink.journal() == []


def test_the_connections_own_address_stays_to_be_put_right(http_sink: Sink) -> None:
    outcomes = send_all(WEBHOOK, settings_for(http_sink, allowed=()), [hook(1), hook(2)])
    assert {(o.kind, o.reason, o.connection_error) for o in outcomes.values()} == {
        ("retry", "address_not_allowed", True)
    }
    result = WEBHOOK.check(settings_for(http_sink, allowed=()))
    assert (result.ok, "private" in result.message) == (False, True)


def test_a_name_that_changes_its_address_does_not_pass(
    http_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["198.51.100.7", "127.0.0.1", "127.0.0.1"])
    asked = []

    def rebinding(host: str, port: int, *arguments: object, **options: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = f"http://rebind.example.test:{http_sink.port}/hook"
    settings = settings_for(http_sink, allowed=("198.51.100.0/24",), timeout=0.3)
    # The first answer may be connected to (and nobody is there); the second one leads to this machine.
    first = send_all(WEBHOOK, settings, [replace(hook(1), address=url)])[1]
    second = send_all(WEBHOOK, settings, [replace(hook(2), address=url)])[2]
    assert first.reason in ("timeout", "connection_failed")
    assert (second.kind, second.reason) == ("failed", "address_not_allowed")
    assert len(asked) >= 2
    assert http_sink.journal() == []


def test_a_redirect_is_not_followed(http_sink: Sink) -> None:
    location = http_sink.url.replace("/hook", "/inside")
    http_sink.set_script([{"match": "^/hook", "status": 307, "headers": {"Location": location}}])
    assert send_all(WEBHOOK, settings_for(http_sink), [hook(1)])[1].reason == "redirect_refused"
    assert http_sink.journal() == []


@pytest.mark.parametrize("address", DENIED.split())
def test_denied(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_allowed(address)


def test_an_installation_may_allow_networks_of_its_own() -> None:
    allowed = parse_networks(["10.1.0.0/16", "fd00::/8"])
    assert is_allowed("10.1.2.3", allowed)
    assert is_allowed("::ffff:10.1.2.3", allowed)
    assert is_allowed("fd12::1", allowed)
    assert not is_allowed("10.2.2.3", allowed)
