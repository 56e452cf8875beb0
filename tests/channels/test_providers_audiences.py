"""Audiences: members as hashes, many in a call, added and removed; nobody's address leaves in the clear."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from channels.providers.base import SettingsError
from channels.providers.facebook.transport import MOST_MEMBERS
from tests.channels.provider_kit import send_all
from tests.vendors.audiences import Audience, Facebook, GoogleAds, TikTok, graph_error
from tests.vendors.server import running


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module", params=[Facebook, GoogleAds, TikTok], ids=lambda vendor: vendor.name)
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with running(request.param()) as vendor:
        yield vendor


@pytest.fixture
def network(server: Any) -> Any:
    server.fault = None
    server.journal.clear()
    server.calls.clear()
    return server


@pytest.fixture(scope="module")
def facebook() -> Iterator[Any]:
    with running(Facebook()) as vendor:
        yield vendor


def test_members_leave_as_hashes_and_many_in_a_call(network: Audience) -> None:
    messages = [network.message(number) for number in range(1, 101)]
    outcomes = send_all(network.provider, network.settings(), messages, parallelism=2)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    phone = "15550000001" if network.name == "facebook" else "+15550000001"
    assert [digest("p1@example.test"), digest(phone)] in [row["member"] for row in network.journal]
    assert len(network.journal) == 100
    if network.provider.batch > 10:
        assert len(network.calls) <= 4


def test_adding_and_removing_are_two_calls(network: Audience) -> None:
    messages = [network.message(number, "remove" if number % 2 else "add") for number in range(1, 9)]
    outcomes = send_all(network.provider, network.settings(), messages)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    removed = {"facebook": "DELETE", "google_ads": "remove", "tiktok": "delete"}[network.name]
    gone = {row["member"][0] for row in network.journal if row["action"] == removed}
    assert gone == {digest(f"p{number}@example.test") for number in (1, 3, 5, 7)}


def test_one_address_is_enough_and_none_is_said(network: Audience) -> None:
    messages = [
        network.message(1, person={"email": "", "phone": "+15550000001"}),
        network.message(2, person={"email": "a@example.test", "phone": ""}),
        network.message(3, person={"email": "", "phone": ""}),
    ]
    outcomes = send_all(network.provider, network.settings(), messages)
    assert [outcomes[number].kind for number in (1, 2, 3)] == ["sent", "sent", "failed"]
    assert outcomes[3].reason == "no_address"
    assert len(network.journal) == 2


def test_a_repeated_call_does_no_harm(network: Audience) -> None:
    assert network.provider.deduplicates(network.settings())


def test_a_large_audience_goes_in_calls_of_a_thousand(facebook: Facebook) -> None:
    messages = [facebook.message(number) for number in range(2 * MOST_MEMBERS)]
    send_all(facebook.provider, facebook.settings(), messages)
    assert len(facebook.journal) == 2 * MOST_MEMBERS
    assert max(facebook.calls) <= MOST_MEMBERS and len(facebook.calls) <= 4


@pytest.mark.parametrize(
    ("fault", "kind", "reason", "broken"),
    [
        (graph_error(400, 190, "Session has expired", error_subcode=463), "retry", "login_refused", True),
        (graph_error(403, 200, "Permissions error"), "retry", "login_refused", True),
        (graph_error(400, 17, "User request limit reached"), "retry", "throttled", False),
        (graph_error(400, 1, "An unknown error occurred"), "retry", "server_error", False),
        (graph_error(400, 100, "Invalid", error_user_msg="Upload blocked"), "failed", "refused", False),
    ],
)
def test_what_facebook_says_is_told_apart(
    fault: Any, kind: str, reason: str, broken: bool, facebook: Facebook
) -> None:
    facebook.fault = fault
    outcome = send_all(facebook.provider, facebook.settings(), [facebook.message(1)])[1]
    facebook.fault = None
    assert (outcome.kind, outcome.reason, outcome.connection_error) == (kind, reason, broken)


@pytest.mark.parametrize(
    ("provider", "changes", "field"),
    [
        (Facebook, {"audience_id": "my audience"}, "audience_id"),
        (Facebook, {"api_version": "25"}, "api_version"),
        (TikTok, {"advertiser_id": "x"}, "advertiser_id"),
        (GoogleAds, {"customer_id": "acme"}, "customer_id"),
        (GoogleAds, {"login_customer_id": "acme"}, "login_customer_id"),
        (GoogleAds, {"service_account": "{}"}, "service_account"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(
    provider: Any, changes: dict[str, Any], field: str
) -> None:
    vendor = provider()
    vendor.url = "https://ads.example.test"
    with pytest.raises(SettingsError) as problem:
        vendor.settings(**changes)
    assert list(problem.value.errors) == [field]
