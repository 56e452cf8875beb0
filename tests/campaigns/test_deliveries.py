"""The delivery types of a message: what each needs, and how each reads in words."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.domain.deliveries import TYPES, delivery_problems
from campaigns.domain.recurrence import occurrences
from campaigns.domain.recurrence_words import in_words

AT = "2027-03-01T09:00:00+03:00"
GOOD: list[tuple[dict[str, Any], str]] = [
    ({}, "Once, as soon as it is published"),
    ({"type": "one_time", "at": AT}, "Once, on 2027-03-01 06:00 (UTC)"),
    ({"type": "multiple_dates", "at": [AT, "2027-04-01T09:00:00Z"]},
     "On 2 dates: 2027-03-01 06:00 and 2027-04-01 09:00 (UTC)"),
    ({"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": AT}, "Every day at 06:00 (UTC)"),
    ({"type": "action", "event": "purchase"}, "As soon as a person does “purchase”"),
    ({"type": "action", "event": "purchase", "delay": "2 hours"}, "2 hours after a person does “purchase”"),
    ({"type": "inaction", "event": "cart", "without": "purchase", "within": "1 days"},
     "When a person does “cart” and then, within 1 day, not “purchase”"),
    ({"type": "date_time", "attribute": "renews_on", "at": "09:00"},
     "On each person's “renews_on” at 09:00, by their own clock (or UTC)"),
    ({"type": "api"}, "Whenever a program calls its trigger"),
]  # fmt: skip


@pytest.mark.parametrize(("delivery", "words"), GOOD)
def test_a_complete_delivery(delivery: dict[str, Any], words: str) -> None:
    assert delivery_problems(delivery, "message") == {}
    assert in_words(delivery, "UTC") == words


BAD: list[tuple[object, str, str]] = [
    ([], "", ""),
    ("daily", "delivery", "must be an object"),
    ({"type": "fortnightly"}, "delivery.type", "must be one of"),
    ({"type": ["recurring"]}, "delivery.type", "must be one of"),
    ({"type": "one_time", "when": AT}, "delivery.when", "Unknown key"),
    ({"type": "one_time", "at": "tomorrow"}, "delivery.at", "must be a time with its offset"),
    ({"type": "one_time", "at": "2027-03-01T09:00:00"}, "delivery.at", "must be a time with its offset"),
    ({"type": "multiple_dates"}, "delivery.at", "needs at"),
    ({"type": "multiple_dates", "at": []}, "delivery.at", "needs at"),
    ({"type": "multiple_dates", "at": AT}, "delivery.at", "must be a list"),
    ({"type": "multiple_dates", "at": [AT, "2027-03-01T06:00:00Z"]}, "delivery.at", "Date 2 is there twice"),
    ({"type": "multiple_dates", "at": [AT, 5]}, "delivery.at", "Date 2 must be a time"),
    ({"type": "multiple_dates", "at": [AT] * 367}, "delivery.at", "At most 366 dates"),
    ({"type": "recurring", "starts_at": AT}, "delivery.rrule", "needs rrule"),
    ({"type": "recurring", "rrule": "FREQ=DAILY"}, "delivery.starts_at", "needs starts_at"),
    ({"type": "recurring", "rrule": "FREQ=SECONDLY", "starts_at": AT}, "delivery.rrule", "15 minutes"),
    ({"type": "recurring", "rrule": {}, "starts_at": AT}, "delivery.rrule", "RFC 5545"),
    ({"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": "9001-01-01T00:00:00Z"}, "delivery.starts_at",
     "must be a time"),
    ({"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": 5}, "delivery.starts_at", "must be a time"),
    ({"type": "recurring", "rrule": "FREQ=DAILY;UNTIL=20270301T050000Z", "starts_at": AT}, "delivery.rrule",
     "ends before its first run"),
    ({"type": "action"}, "delivery.event", "needs event"),
    ({"type": "action", "event": 5}, "delivery.event", "must be a name"),
    ({"type": "action", "event": "$trigger:7"}, "delivery.event", "must not begin with $"),
    ({"type": "action", "event": "x" * 101}, "delivery.event", "at most 100"),
    ({"type": "action", "event": "a", "delay": "soon"}, "delivery.delay", "is no duration"),
    ({"type": "inaction", "event": "a", "within": "1 days"}, "delivery.without", "needs without"),
    ({"type": "inaction", "event": "a", "without": "a", "within": "1 days"}, "delivery.without", "another"),
    ({"type": "inaction", "event": "a", "without": "b"}, "delivery.within", "needs within"),
    ({"type": "date_time", "attribute": "d", "at": "9 o'clock"}, "delivery.at", "time of day"),
    ({"type": "date_time", "attribute": "d", "at": "24:00"}, "delivery.at", "time of day"),
    ({"type": "date_time", "at": "09:00"}, "delivery.attribute", "needs attribute"),
    ({"type": "api", "event": "x"}, "delivery.event", "Unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("delivery", "path", "said"), BAD[1:])
def test_what_is_wrong_is_named_with_its_path(delivery: object, path: str, said: str) -> None:
    problems = delivery_problems(delivery, "message")
    assert list(problems) == [path]
    assert said in problems[path]


def test_only_a_message_has_a_delivery() -> None:
    assert "Only a message" in delivery_problems({"type": "api"}, "sms")["delivery"]


def test_the_dates_of_a_delivery_come_in_their_order() -> None:
    delivery = {"type": "multiple_dates", "at": ["2027-05-01T00:00:00+02:00", AT]}
    assert [run.stated for run in occurrences(delivery, "Europe/Istanbul")] == [
        "2027-03-01 09:00", "2027-05-01 01:00",
    ]  # fmt: skip


def test_deliveries_without_times_of_their_own_have_no_occurrences() -> None:
    for name in set(TYPES) - {"one_time", "multiple_dates", "recurring"}:
        assert occurrences({"type": name}, "UTC") == []
    assert occurrences({"type": "recurring", "rrule": "FREQ=DAILY"}, "UTC") == []
