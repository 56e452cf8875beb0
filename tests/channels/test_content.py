"""Content by kind of channel, sizes of text messages, the catalogue, and secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.domain.content import fields_for, is_html, looks_like_html, validate
from channels.domain.kinds import KINDS, available_kinds
from channels.domain.secrets import SecretsUnreadable, decrypt, encrypt, rotate
from channels.domain.sms import sms_parts
from channels.providers import registry


@pytest.mark.parametrize(
    ("kind", "content", "wrong"),
    [
        ("email", {"subject": "Hello {{ person.first_name }}", "body": "<p>Hi</p>"}, {}),
        ("email", {"subject": " ", "body": "<p>Hi</p>"}, {"subject": "required"}),
        ("email", {}, {"subject": "required", "body": "required"}),
        ("email", {"subject": "two\nlines", "body": "x"}, {"subject": "one line"}),
        ("email", {"subject": "x" * 501, "body": "x"}, {"subject": "501 of at most 500"}),
        ("email", {"subject": "{{ oops", "body": "\n{% if %}"}, {"subject": "not closed", "body": "Line 2"}),
        ("email", {"subject": "a", "body": 7}, {"body": "Enter text"}),
        ("email", {"subject": "a", "body": "b", "colour": "c"}, {"colour": "no such field"}),
        ("sms", {"body": "Hello"}, {}),
        ("sms", {"body": "x" * 1530}, {}),
        ("sms", {"body": "x" * 1531}, {"body": "11 of at most 10"}),
        ("sms", {"body": "Hello", "subject": "no"}, {"subject": "no such field"}),
        ("voice", {"body": ""}, {"body": "required"}),
        ("webhook", {}, {}),
        ("in_app", {"body": "Hello"}, {}),
        ("pigeon", {"body": "Hello"}, {"kind": "pigeon"}),
    ],
)
def test_content_is_right_for_its_kind(kind: str, content: dict[str, object], wrong: dict[str, str]) -> None:
    problems = validate(kind, content)
    assert problems.keys() == wrong.keys()
    for field, words in wrong.items():
        assert words in problems[field]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello", False),
        ("1 < 2 and 3 > 2", False),
        ("Write to <ana@example.test>", False),
        ("<p>Hello</p>", True),
        ("Hello<br>there", True),
        ("<!DOCTYPE html><html></html>", True),
        ("{% if a < b %}x{% endif %}", False),
    ],
)
def test_html_is_told_from_text(text: str, html: bool) -> None:
    assert looks_like_html(text) is html
    assert is_html("email", text) is html
    assert is_html("sms", text) is False


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts", "left"),
    [
        ("", "GSM-7", 0, 0, 160),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2, 141),
        ("ş" * 70, "UCS-2", 70, 1, 0),
        ("ş" * 71, "UCS-2", 71, 2, 63),
        ("🎉" * 35, "UCS-2", 70, 1, 0),
        ("a" * 66 + "🎉" + "a" * 3, "UCS-2", 71, 2, 62),
    ],
)
def test_text_messages_are_counted_as_carriers_do(
    text: str, encoding: str, units: int, parts: int, left: int
) -> None:
    counted = sms_parts(text)
    assert (counted.encoding, counted.units, counted.parts, counted.left) == (encoding, units, parts, left)


@given(st.text(max_size=400))
def test_a_longer_text_message_never_takes_fewer_parts(text: str) -> None:
    assert sms_parts(text + "x").parts >= sms_parts(text).parts


#: Every kind: its address, and what it can: (r)ecalled, res(t)arted, (d)isplayed, (e)rr.
CATALOGUE = {
    "email": ("email", "te"), "sms": ("phone", "te"), "voice": ("phone", "e"), "whatsapp": ("phone", "te"),
    "push": ("device", "te"), "web_push": ("device", "te"), "webhook": ("none", "te"), "slack": ("none", "te"),
    "partner": ("none", "te"), "in_app": ("none", "rtd"), "app_inbox": ("none", "rtd"), "web_popup": ("none", "rtd"),
    "web_exit_intent": ("none", "rtd"), "native_display": ("none", "rtd"), "web_native_display": ("none", "rtd"),
    "facebook_audience": ("contact", "te"), "google_ads_audience": ("contact", "te"),
    "tiktok_audience": ("contact", "te"),
}  # fmt: skip


def test_the_catalogue_is_the_agreed_one() -> None:
    assert KINDS.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_kind_says_what_it_needs_and_can(key: str) -> None:
    kind, (address, abilities) = KINDS[key], CATALOGUE[key]
    assert (kind.key, kind.address) == (key, address)
    assert kind.label and kind.icon
    found = {"r": kind.recallable, "t": kind.restartable, "d": kind.displayed, "e": kind.can_error}
    assert "".join(letter for letter, ability in found.items() if ability) == abilities


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_kind_has_content_that_can_be_right_and_wrong(key: str) -> None:
    fields = {field.name: field for field in fields_for(key)}
    assert len(fields) == len(fields_for(key)) > 0
    good = {name: field.choices[0][0] if field.choices else "Hello" for name, field in fields.items()}
    assert validate(key, good) == {}
    for name, field in fields.items():
        assert list(validate(key, {**good, name: "x" * (field.longest + 1)})) == [name]
        assert list(validate(key, {**good, name: 7})) == [name]
        assert (name in validate(key, {**good, name: ""})) == field.required
        if not field.multiline:
            assert list(validate(key, {**good, name: "two\nlines"})) == [name]
    assert list(validate(key, {**good, "colour": "red"})) == ["colour"]


def test_every_available_kind_can_be_sent() -> None:
    for kind in available_kinds():
        own = [provider.name for provider in registry.for_kind(kind.key) if provider.name != "sandbox"]
        assert own or kind.displayed, kind.key


def test_secrets_come_back_and_are_not_readable_at_rest() -> None:
    token = encrypt({"password": "s3cret", "n": 1}, ["key one"])
    assert "s3cret" not in token
    assert decrypt(token, ["key one"]) == {"password": "s3cret", "n": 1}
    assert decrypt("", ["key one"]) == {}


def test_a_new_key_reads_what_the_old_one_wrote_until_the_old_one_is_gone() -> None:
    old = encrypt({"password": "s3cret"}, ["key one"])
    assert decrypt(old, ["key two", "key one"]) == {"password": "s3cret"}
    new = rotate(old, ["key two", "key one"])
    assert decrypt(new, ["key two"]) == {"password": "s3cret"}
    with pytest.raises(SecretsUnreadable):
        decrypt(old, ["key two"])
    with pytest.raises(SecretsUnreadable):
        rotate(old, ["key two"])


@pytest.mark.parametrize("keys", [[], [""], ["good", ""]])
def test_secrets_are_never_kept_without_a_key(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="no key"):
        encrypt({"password": "s3cret"}, keys)


def test_a_tampered_secret_is_refused() -> None:
    token = encrypt({"password": "s3cret"}, ["key one"])
    with pytest.raises(SecretsUnreadable):
        decrypt(token[:-4] + "AAAA", ["key one"])
