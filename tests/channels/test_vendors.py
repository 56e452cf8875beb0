"""What every vendor's provider does alike, each against a server that speaks the vendor's protocol."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.channels.provider_kit import collect, send_all
from tests.vendors.catalogue import VENDORS
from tests.vendors.server import Vendor, running


@pytest.fixture(scope="module", params=VENDORS, ids=lambda vendor: vendor.name)
def server(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    with running(request.param()) as vendor:
        yield vendor


@pytest.fixture
def vendor(server: Vendor) -> Vendor:
    """The vendor without faults and with an empty journal."""
    server.fault = None
    server.journal.clear()
    return server


def test_every_message_arrives_once(vendor: Vendor) -> None:
    messages = [vendor.message(number) for number in range(1, 13)]
    outcomes = send_all(vendor.provider, vendor.settings(), messages, parallelism=4)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}, outcomes
    assert len(vendor.journal) == 12
    if vendor.gives_ids:
        assert len({outcome.provider_id for outcome in outcomes.values()}) == 12
        assert all(outcome.provider_id for outcome in outcomes.values())


def test_a_permanent_refusal_is_final_and_the_others_go_out(vendor: Vendor) -> None:
    vendor.fault = vendor.refused
    outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
    assert (outcome.kind, outcome.connection_error) == ("failed", False), outcome
    assert outcome.reason and outcome.detail
    vendor.fault = None
    assert send_all(vendor.provider, vendor.settings(), [vendor.message(2)])[2].kind == "sent"


def test_a_temporary_refusal_is_tried_again(vendor: Vendor) -> None:
    vendor.fault = vendor.busy
    outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
    assert (outcome.kind, outcome.connection_error, outcome.retry_after) == ("retry", False, None), outcome


def test_a_throttle_says_how_long_to_wait(vendor: Vendor) -> None:
    vendor.fault = vendor.throttled
    outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
    assert (outcome.kind, outcome.reason) == ("retry", "throttled"), outcome
    assert outcome.retry_after == vendor.throttle_wait


def test_no_answer_in_time_is_a_doubt(vendor: Vendor) -> None:
    vendor.fault = "silent"
    outcome = send_all(vendor.provider, vendor.settings(timeout=0.3), [vendor.message(1)])[1]
    assert (outcome.kind, outcome.reason) == ("unknown", "timeout"), outcome


def test_an_answer_that_makes_no_sense_is_a_doubt(vendor: Vendor) -> None:
    vendor.fault = "malformed"
    outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
    expected = ("unknown", "malformed_answer") if vendor.answers_matter else ("sent", "")
    assert (outcome.kind, outcome.reason) == expected, outcome


def test_a_login_that_is_refused_breaks_the_connection(vendor: Vendor) -> None:
    settings = vendor.settings(**vendor.wrong_login())
    outcomes = send_all(vendor.provider, settings, [vendor.message(number) for number in range(1, 6)])
    expected = ("retry", True) if vendor.breaks else ("failed", False)
    assert {(o.kind, o.connection_error) for o in outcomes.values()} == {expected}, outcomes
    assert vendor.journal == []


def test_a_closed_port_breaks_the_connection(vendor: Vendor) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url, vendor.url = vendor.url, f"http://127.0.0.1:{unused.getsockname()[1]}"
        try:
            outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
            check = vendor.provider.check(vendor.settings())
        finally:
            vendor.url = url
    assert (outcome.kind, outcome.reason) == ("retry", "connection_failed")
    assert outcome.connection_error == vendor.breaks
    assert check.ok != vendor.breaks and check.message


def test_a_private_address_is_refused_unless_the_installation_allows_it(vendor: Vendor) -> None:
    settings = vendor.settings()
    del settings["allowed_networks"]
    outcome = send_all(vendor.provider, settings, [vendor.message(1)])[1]
    assert (outcome.reason, outcome.connection_error) == ("address_not_allowed", vendor.breaks), outcome
    assert vendor.provider.check(settings).ok != vendor.breaks
    assert vendor.journal == []


def test_a_check_logs_in_and_sends_nothing(vendor: Vendor) -> None:
    good = vendor.provider.check(vendor.settings())
    assert good.ok and good.message, good
    bad = vendor.provider.check(vendor.settings(**vendor.wrong_login()))
    assert bad.ok != vendor.breaks and bad.message
    assert vendor.journal == []


def test_a_message_whose_time_is_over_is_released(vendor: Vendor) -> None:
    late = replace(vendor.message(2), start_by=time.monotonic() - 1)
    outcomes = send_all(vendor.provider, vendor.settings(), [vendor.message(1), late])
    assert (outcomes[1].kind, outcomes[2].kind) == ("sent", "released")
    assert len(vendor.journal) == 1


def test_after_the_end_everything_is_released(vendor: Vendor) -> None:
    sender = vendor.provider.open(vendor.settings(), 2)
    sender.close()
    sender.submit([vendor.message(1)])
    assert collect(sender, 1)[1].kind == "released"


def test_settings_show_no_secret_and_every_secret_is_needed(vendor: Vendor) -> None:
    secrets = {field.name for field in vendor.provider.fields if field.type == "secret"}
    assert secrets & vendor.raw_settings().keys(), "a vendor's account has a secret"
    assert not any(name.endswith(("token", "secret", "password")) for name in
                   {field.name for field in vendor.provider.fields} - secrets)  # fmt: skip
