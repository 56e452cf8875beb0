"""The When page of a message: every delivery by form, read back as it was set, with its next runs in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from tests.factories import NOW, CampaignFactory

pytestmark = pytest.mark.django_db
BERLIN = {"timezone": "Europe/Berlin"}
START = {"starts_at": "2031-01-31T09:00"}
AT = "2031-01-31T08:00:00+00:00"


def rule(text: str) -> dict[str, str]:
    return {"type": "recurring", "rrule": text, "starts_at": AT}


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"mode": "now"}, {"type": "one_time"}),
    ({"mode": "at", **START}, {"type": "one_time"}),
    ({"mode": "recurring", **START, "every": "1", "unit": "DAILY"}, rule("FREQ=DAILY")),
    ({"mode": "recurring", **START, "every": "3", "unit": "HOURLY"}, rule("FREQ=HOURLY;INTERVAL=3")),
    ({"mode": "recurring", **START, "every": "2", "unit": "WEEKLY", "weekdays": ["TH", "MO"]},
     rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH")),
    ({"mode": "recurring", **START, "every": "1", "unit": "MONTHLY", "month_day": "same"}, rule("FREQ=MONTHLY")),
    ({"mode": "recurring", **START, "every": "1", "unit": "MONTHLY", "month_day": "last"},
     rule("FREQ=MONTHLY;BYMONTHDAY=-1")),
    ({"mode": "recurring", **START, "every": "1", "unit": "MONTHLY", "month_day": "weekday"},
     rule("FREQ=MONTHLY;BYDAY=-1FR")),
    ({"mode": "recurring", **START, "every": "1", "unit": "DAILY", "ends": "on", "until": "2031-02-03"},
     rule("FREQ=DAILY;UNTIL=20310203")),
    ({"mode": "recurring", **START, "every": "1", "unit": "DAILY", "ends": "after", "times": "4"},
     rule("FREQ=DAILY;COUNT=4")),
    ({"mode": "recurring", **START, "unit": "custom", "rule": "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"},
     rule("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1")),
    ({"mode": "multiple_dates", "dates": ["2031-03-01T09:00", "", "2031-01-31T09:00"]},
     {"type": "multiple_dates", "at": [AT, "2031-03-01T08:00:00+00:00"]}),
    ({"mode": "action", "event": "purchase", "delay": "2 hours"},
     {"type": "action", "event": "purchase", "delay": "2 hours"}),
    ({"mode": "inaction", "event": "cart", "without": "purchase", "within": "1 days"},
     {"type": "inaction", "event": "cart", "without": "purchase", "within": "1 days"}),
    ({"mode": "date_time", "attribute": "born", "clock": "09:30"},
     {"type": "date_time", "attribute": "born", "at": "09:30"}),
    ({"mode": "api"}, {"type": "api"}),
]  # fmt: skip


@pytest.fixture
def draft(creator: Membership) -> Campaign:
    return CampaignFactory(created_by=creator, kind="message", now=NOW)


def url(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/edit/when/"


@pytest.mark.parametrize(("typed", "delivery"), CASES)
def test_a_delivery_is_kept_as_it_was_typed_and_shown_again(
    page: Client, draft: Campaign, typed: dict[str, Any], delivery: dict[str, Any]
) -> None:
    answer = page.post(url(draft), {"version": draft.version, **BERLIN, **typed})
    assert answer.status_code == 302, answer.content.decode()
    kept = Campaign.objects.get(pk=draft.pk)
    assert kept.delivery == delivery
    shown = page.get(url(draft)).context["form"]
    for name, value in typed.items():
        initial = shown.initial[name]
        if name == "dates":
            assert sorted(filter(None, value)) == initial
        elif isinstance(value, list):
            assert sorted(value) == sorted(initial)
        else:
            assert str(initial) == value, name


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"mode": "at"}, "starts_at", "Enter the time"),
    ({"mode": "recurring", "unit": "DAILY"}, "starts_at", "needs starts_at"),
    ({"mode": "recurring", **START, "unit": "custom", "rule": "FREQ=SECONDLY"}, "rule", "15 minutes"),
    ({"mode": "recurring", **START, "unit": "DAILY", "every": "0"}, "every", "greater than or equal to 1"),
    ({"mode": "recurring", "starts_at": "2031-03-30T02:30", "unit": "DAILY"}, "starts_at", "does not exist"),
    ({"mode": "recurring", **START, "unit": "DAILY", "ends": "on", "until": "2030-12-01"}, "every",
     "before its first run"),
    ({"mode": "multiple_dates", "dates": [""]}, "dates", "needs at"),
    ({"mode": "multiple_dates", "dates": ["soon"]}, "dates", "Enter a date and a time"),
    ({"mode": "action"}, "event", "needs event"),
    ({"mode": "inaction", "event": "a", "without": "a", "within": "1 days"}, "without", "another event"),
    ({"mode": "inaction", "event": "a", "without": "b", "within": "soon"}, "within", "is no duration"),
    ({"mode": "date_time", "attribute": "born"}, "clock", "needs at"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "field", "said"), WRONG)
def test_what_is_wrong_is_said_beside_its_field(
    page: Client, draft: Campaign, typed: dict[str, Any], field: str, said: str
) -> None:
    answer = page.post(url(draft), {"version": draft.version, **BERLIN, **typed})
    assert answer.status_code == 422
    assert said in " ".join(answer.context["form"].errors[field])
    assert Campaign.objects.get(pk=draft.pk).delivery == draft.delivery


def test_how_often_and_until_when(page: Client, draft: Campaign) -> None:
    typed = {
        "mode": "action", "event": "purchase", "frequency": "at_most_every", "at_most_every": "30 days",
        "stops_at": "2031-05-01T12:00", "starts_at": "2031-02-01T12:00",
    }  # fmt: skip
    page.post(url(draft), {"version": draft.version, **BERLIN, **typed})
    kept = Campaign.objects.get(pk=draft.pk)
    assert kept.frequency == {"at_most_every": "30 days"}
    assert kept.starts_at is not None and kept.stops_at is not None
    assert kept.stops_at.isoformat() == "2031-05-01T10:00:00+00:00"
    assert kept.starts_at.isoformat() == "2031-02-01T11:00:00+00:00"


def test_the_next_runs_are_shown_in_words_while_it_is_typed(page: Client, draft: Campaign) -> None:
    typed = {**BERLIN, "mode": "recurring", "starts_at": "2031-03-29T02:30", "unit": "DAILY", "every": "1"}
    text = page.get(f"{url(draft)}runs/", typed).content.decode()
    assert "Every day at 02:30 (Europe/Berlin)" in text
    assert "Sun 30 Mar 2031, 02:30" in text
    assert "there is no 02:30 that day, so it runs at 03:30" in text
    assert text.count("<li>") == 5
    unfinished = page.get(f"{url(draft)}runs/", {**BERLIN, "mode": "recurring"}).content.decode()
    assert "as soon as it is complete" in unfinished
