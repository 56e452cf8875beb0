"""Whatever cannot be read or is not there is answered in the one shape of errors, never by a page and never by a 500."""

from __future__ import annotations

import json

import pytest
from django.db import OperationalError

from campaigns.api import labels as labels_api
from tests.api.callers import Caller, assert_problem

MALFORMED: list[tuple[bytes, str]] = [
    (b"{", "line 1, column 2"),
    (b'{"name": "a"', "line 1"),
    (b'{\n  "name": "a",\n  name: 1\n}', "line 3, column 3"),
    (b"{'name': 'a'}", "column 2"),
    (b'{"name": "a"} trailing', "column 15"),
    (b'{"name": "a",}', "column"),
    (b"", "empty"),
    (b"name=a", "line 1, column 1"),
    (b'{"name": "\xff\xfe"}', "byte 11 is not UTF-8"),
    ('{"name": "a"}'.encode("utf-16"), "byte 1 is not UTF-8"),
    (b'{"name": NaN}', "NaN"),
    (b'{"name": -Infinity}', "Infinity"),
    (b'{"name": 1e999}', "too large"),
    (b'{"name": ' + b"9" * 5000 + b"}", "too long"),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"name": "tab\there"}', "column 14"),
    (b"\x00", "column 1"),
]


@pytest.mark.parametrize(("raw", "says"), MALFORMED, ids=[says for _, says in MALFORMED])
@pytest.mark.parametrize("path", ["/labels", "/people", "/campaigns"])
def test_malformed_json_is_refused_and_says_where(path: str, raw: bytes, says: str, owner: Caller) -> None:
    response = owner.call("POST", path, raw)
    assert response.status_code in (400, 422)
    error = assert_problem(response, response.status_code, "malformed_json" if raw else "invalid")
    assert says in error["message"]


def test_a_byte_order_mark_is_harmless(owner: Caller) -> None:
    assert owner.call("POST", "/labels", b'\xef\xbb\xbf{"name": "a"}').status_code == 201


@pytest.mark.parametrize("raw", [b"null", b"5", b'"text"', b"[]", b"true"])
def test_json_that_is_no_object_is_422(raw: bytes, owner: Caller) -> None:
    assert_problem(owner.call("POST", "/labels", raw), 422, "invalid")
    assert_problem(owner.call("POST", "/campaigns", raw), 422, "invalid")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/xml",
        "junk",
    ],
)
def test_other_content_types_are_415(kind: str, owner: Caller) -> None:
    response = owner.call("POST", "/labels", b'{"name": "a"}', content_type=kind)
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/ld+json"]
)
def test_all_ways_to_say_json_are_understood(kind: str, owner: Caller) -> None:
    assert owner.call("POST", "/labels", b'{"name": "a"}', content_type=kind).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/campaigns/",
        "/campaigns/5/",
        "/campaigns/5/fly",
        "/docs/x",
    ],
)
def test_unknown_paths_are_404_in_the_same_shape(path: str, owner: Caller, nobody: Caller) -> None:
    for caller in (owner, nobody):
        for method in ("GET", "POST", "DELETE"):
            assert_problem(caller.call(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/campaigns", {"GET", "POST"}),
        ("POST", "/campaigns/1", {"GET", "PATCH", "DELETE"}),
        ("GET", "/lists", {"POST"}),
        ("HEAD", "/labels", {"GET", "POST"}),
        ("OPTIONS", "/approvals", {"GET"}),
        ("BREW", "/people", {"GET", "POST"}),
    ],
)
def test_wrong_methods_are_405_and_say_which_there_are(
    method: str, path: str, allowed: set[str], owner: Caller
) -> None:
    response = owner.call(method, path)
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == allowed
    if method != "HEAD":
        assert_problem(response, 405, "method_not_allowed")


def test_an_over_large_body_is_413(owner: Caller, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert_problem(owner.post("/people", [{"external_id": "x" * 2000}]), 413, "too_large")
    assert_problem(owner.post("/labels", {"name": "x" * 2000}), 413, "too_large")


def test_a_body_in_chunks_is_not_taken_for_an_empty_one(owner: Caller) -> None:
    headers = {"Authorization": f"Bearer {owner.key}", "Transfer-Encoding": "chunked"}
    response = owner._client.generic(
        "POST", "/api/v1/imports", b"", content_type="text/csv", headers=headers, CONTENT_LENGTH=""
    )
    assert_problem(response, 411, "length_required")


def test_a_body_is_nested_at_most_so_deeply(owner: Caller) -> None:
    raw = b'{"name": ' + b"[" * 500 + b"]" * 500 + b"}"
    assert_problem(owner.call("POST", "/labels", raw), 422, "invalid")
    deep = b'[{"external_id": "1", "attributes": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}]"
    assert owner.call("POST", "/people", deep).status_code in (200, 400)


def test_unicode_comes_back_as_it_went_in(owner: Caller) -> None:
    name = "İstanbul — 東京 🎉 é ﬁ"
    assert owner.post("/labels", {"name": name}).json()["name"] == name
    assert owner.get("/labels").json()["items"][0]["name"] == name


def test_keys_given_twice_are_not_a_way_past_the_checks(owner: Caller) -> None:
    assert_problem(owner.call("POST", "/labels", b'{"name": "a", "name": "100%"}'), 422, "invalid", "name")


def test_a_database_that_is_away_is_503(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(labels_api, "create_label", away)
    response = owner.post("/labels", {"name": "a"})
    assert_problem(response, 503, "unavailable")
    assert response["Retry-After"]


def test_our_own_mistake_is_a_500_that_tells_nothing(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(labels_api, "create_label", broken)
    owner._client.raise_request_exception = False
    for settings.DEBUG in (False, True):
        response = owner.post("/labels", {"name": "a"})
        assert_problem(response, 500, "internal")
        assert "42" not in response.content.decode()


def test_errors_are_json_in_utf_8(owner: Caller) -> None:
    response = owner.post("/labels", {"name": "„"})
    assert response["Content-Type"].startswith("application/json")
    assert "„" in json.loads(response.content)["error"]["message"]
