"""Emails as bytes: what the standard library's parser reads back is what was put in."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.providers.smtp.headers import BadMessage, mailbox, one_line
from channels.providers.smtp.mime import END, LONGEST_LINE, MailBuilder, envelope_address
from channels.providers.smtp.plaintext import plain_text
from tests.channels.provider_kit import message

BUILDER = MailBuilder("news@example.test", "Café “Zoë” <the best>")
TEXT = st.text(max_size=300) | st.text(alphabet=".\r\n =?é🎉", max_size=80)
LINES = st.lists(
    st.sampled_from([".", "..", ".a", "", "=", "From x", "tab\t ", "x" * 1500, "é" * 700, "a b" * 400])
)


def read(data: bytes) -> EmailMessage:
    """Undo what the wire needs, as the receiving server does, and parse."""
    assert data.endswith(b"\r\n" + END)
    return message_from_bytes(data[: -len(END)].replace(b"\r\n..", b"\r\n."), policy=policy.default)  # type: ignore[return-value]


def assert_fit_for_the_wire(data: bytes, *, eight_bit: bool) -> None:
    body = data[: -len(END)]
    assert b"\r\n.\r\n" not in body, "the message would end here"
    assert b"\n" not in body.replace(b"\r\n", b""), "a bare line feed"
    assert b"\r" not in body.replace(b"\r\n", b""), "a bare carriage return"
    assert b"\0" not in body
    assert max(len(line.removeprefix(b".")) for line in body.split(b"\r\n")) <= LONGEST_LINE
    assert body.partition(b"\r\n\r\n")[0].isascii(), "headers are ASCII"
    assert eight_bit or body.isascii()


def as_sent(text: str) -> str:
    """A body as it can arrive: mail knows one kind of line ending."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def content_of(part: EmailMessage) -> str:
    return as_sent(part.get_payload(decode=True).decode())  # type: ignore[union-attr]


@given(subject=TEXT, body=TEXT | LINES.map("\n".join), eight_bit=st.booleans())
@example(subject=" leading and trailing ", body=".\n..\n.", eight_bit=True)
@example(subject="=?utf-8?b?aGk=?=", body="\x00nul", eight_bit=True)
@example(subject="x" * 2000, body="é" * 5000, eight_bit=True)
@example(subject="🎉" * 100, body="x" * 998 + "\n" + "y" * 999, eight_bit=False)
@settings(max_examples=150)
def test_any_plain_text_comes_back(subject: str, body: str, eight_bit: bool) -> None:
    sent = message(1, subject=subject, body=body, context={"html": False})
    data = BUILDER.build(sent, sent.address, eight_bit=eight_bit)
    assert_fit_for_the_wire(data, eight_bit=eight_bit)
    received = read(data)
    assert decoded_subject(data) == one_line(subject)
    assert received.get_content_type() == "text/plain"
    assert content_of(received).removesuffix("\n") == as_sent(body).removesuffix("\n")


@given(body=TEXT | LINES.map("\n".join), eight_bit=st.booleans())
@settings(max_examples=150)
def test_any_html_comes_back_beside_a_plain_text(body: str, eight_bit: bool) -> None:
    sent = message(1, body=body, context={"html": True})
    data = BUILDER.build(sent, sent.address, eight_bit=eight_bit)
    assert_fit_for_the_wire(data, eight_bit=eight_bit)
    received = read(data)
    assert received.get_content_type() == "multipart/alternative"
    plain, html = received.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert content_of(html) == as_sent(body)  # type: ignore[arg-type]
    assert content_of(plain) == as_sent(plain_text(body))  # type: ignore[arg-type]


def decoded_subject(data: bytes) -> str:
    """The subject by RFC 2047 itself: the parser's own header objects drop characters they dislike."""
    head = data.partition(b"\r\n\r\n")[0].decode()
    found = re.search(r"^Subject: ([^\r\n]*(?:\r\n [^\r\n]*)*)", head, re.M)
    assert found
    value = found.group(1)
    assert all(len(word) <= 75 for word in value.split() if word.startswith("=?"))
    if not value.startswith("=?"):
        return value
    words = re.findall(r"=\?utf-8\?b\?([^?]*)\?=", value)
    return "".join(base64.b64decode(word).decode() for word in words)


def test_the_parser_of_the_standard_library_agrees_about_headers() -> None:
    sent = message(
        1, subject="Grüße aus Köln: 50 % auf alles! 🎉", headers={"Message-ID": "<a@example.test>"}
    )
    received = read(BUILDER.build(sent, sent.address, eight_bit=True))
    assert received["Subject"] == sent.subject
    assert received["From"].addresses[0].display_name == "Café “Zoë” <the best>"
    assert received["From"].addresses[0].addr_spec == "news@example.test"
    assert received["To"] == "person1@example.test"
    assert received["Message-ID"] == "<a@example.test>"
    assert abs(received["Date"].datetime.timestamp() - time.time()) < 60
    assert received["MIME-Version"] == "1.0"


@given(name=st.text(max_size=100))
@settings(max_examples=150)
def test_any_name_is_a_single_mailbox(name: str) -> None:
    header = mailbox(name, "news@example.test")
    received = message_from_bytes(f"From: {header}\r\n\r\n".encode(), policy=policy.default)
    assert [address.addr_spec for address in received["From"].addresses] == ["news@example.test"]


def test_a_message_without_an_id_gets_one_that_is_the_same_at_every_attempt() -> None:
    built = [BUILDER.build(message(1, headers={}), "person1@example.test", eight_bit=True) for _ in "ab"]
    ids = {read(data)["Message-ID"] for data in built}
    assert ids == {"<delivery-1@example.test>"}


@pytest.mark.parametrize(
    "headers",
    [
        {"List-Unsubscribe": "<https://example.test>\r\nBcc: victim@example.test"},
        {"List-Unsubscribe": "<https://example.test/" + "x" * 1000 + ">"},
        {"List-Unsubscribe": "<https://exämple.test>"},
        {"X\r\nBcc": "victim@example.test"},
        {"Subject": "another one"},
    ],
)
def test_headers_that_would_break_the_message_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadMessage):
        BUILDER.build(message(1, headers=headers), "person1@example.test", eight_bit=True)


def test_a_line_break_in_a_subject_makes_no_header() -> None:
    sent = message(1, subject="Hello\r\nBcc: victim@example.test")
    received = read(BUILDER.build(sent, sent.address, eight_bit=True))
    assert received["Bcc"] is None
    assert received["Subject"] == "Hello Bcc: victim@example.test"


@pytest.mark.parametrize(
    ("address", "utf8", "envelope"),
    [
        ("a.b+c@example.test", False, "a.b+c@example.test"),
        ("a@bücher.test", False, "a@xn--bcher-kva.test"),
        ("ä@bücher.test", True, "ä@bücher.test"),
        ("ä@bücher.test", False, None),
        ("a@b@c", False, None),
        ("a\n@example.test", False, None),
        ("<a@example.test>", False, None),
        ("@example.test", False, None),
    ],
)
def test_addresses_in_the_envelope(address: str, utf8: bool, envelope: str | None) -> None:
    if envelope is None:
        with pytest.raises(BadMessage):
            envelope_address(address, utf8_addresses=utf8)
    else:
        assert envelope_address(address, utf8_addresses=utf8) == envelope


def test_the_plain_text_of_a_page_reads_like_the_page() -> None:
    page = """<html><head><title>no</title><style>p { color: red }</style></head><body>
      <h1>Hello   <b>Zo&euml;</b></h1><p>One
      paragraph,<br>two lines.</p><ul><li>first</li><li>second</li></ul>
      <p>See <a href="https://example.test/u/1">our site</a> &amp; <a href='https://example.test'>https://example.test</a>.</p>
      <!-- nothing --><script>alert("no")</script></body></html>"""
    assert plain_text(page) == (
        "Hello Zoë\n\nOne paragraph,\ntwo lines.\n\n- first\n- second\n\n"
        "See our site (https://example.test/u/1) & https://example.test.\n"
    )


@pytest.mark.parametrize(
    "page",
    ["<" * 300_000, "<a " * 100_000, "<style>" * 40_000, "<!--" * 60_000, "&" * 200_000, "<b>" * 90_000],
)
def test_the_plain_text_of_a_hostile_page_takes_no_time(page: str) -> None:
    started = time.process_time()
    plain_text(page)
    assert time.process_time() - started < 2


def per_message(build: Callable[[], bytes], count: int = 300) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for _ in range(count):
            build()
        best = min(best, (time.process_time() - started) / count)
    return best


def test_building_is_many_times_faster_than_the_standard_library() -> None:
    sent = message(1, body="A word for you, and one more.\n" * 60, context={"html": False})

    def standard() -> bytes:
        made = EmailMessage(policy=policy.SMTP)
        made["From"], made["To"], made["Subject"] = "news@example.test", sent.address, sent.subject
        made["Message-ID"] = sent.headers["Message-ID"]
        made.set_content(sent.body)
        return made.as_bytes()

    ours = per_message(lambda: BUILDER.build(sent, sent.address, eight_bit=True))
    assert per_message(standard) > 10 * ours
