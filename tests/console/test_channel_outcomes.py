"""The outcomes tab: a funnel with rates for each channel as table, picture and CSV, readable while it runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Campaign, Membership
from campaigns.services import duties
from channels.models import Channel
from tests.console.conftest import Browse
from tests.factories import NOW

InState = Callable[..., Campaign]
GOAL = {"condition": {"event": "purchase", "op": "done", "within": "7 days"}, "within": "7 days"}


@pytest.fixture
def running(in_state: InState) -> Campaign:
    """Ten people: five sent, four delivered, two opened, one clicked and converted; one failed, four wait."""
    campaign = in_state("outreach", "running", people=10, name='=Spring, "sale"', goal=GOAL)
    duties.work_on(campaign.pk, NOW)
    rows = list(campaign.channels.get().deliveries.order_by("id"))
    for at, row in enumerate(rows[:6]):
        row.status = "sent" if at < 5 else "failed"
        row.delivered_at = NOW if at < 4 else None
        row.opened_at = NOW if at < 2 else None
        row.clicked_at = row.converted_at = NOW if at < 1 else None
        row.save()
    return campaign


def url_of(campaign: Campaign, rest: str = "") -> str:
    return f"/campaigns/{campaign.pk}/analytics/{rest}"


def test_the_funnel_and_its_rates_while_it_runs(page: Client, running: Campaign) -> None:
    response = page.get(url_of(running))
    (funnel,) = response.context["funnels"]
    assert [(cell["name"], cell["number"], cell["share"]) for cell in funnel.cells] == [
        ("audience", 10, ""), ("sent", 5, "50.0 %"), ("delivered", 4, "80.0 %"), ("opened", 2, "40.0 %"),
        ("clicked", 1, "20.0 %"), ("converted", 1, "20.0 %"),
    ]  # fmt: skip
    text = response.content.decode()
    assert "4 waiting" in text and "1 failed" in text
    assert 'hx-trigger="poll"' in text, "it goes on being shown while it runs"
    longest = max(bar.width for bar in funnel.bars)
    assert [round(bar.width / longest, 2) for bar in funnel.bars] == [1, 0.5, 0.4, 0.2, 0.1, 0.1]


def test_the_picture_says_in_words_what_it_shows(page: Client, running: Campaign) -> None:
    text = page.get(url_of(running)).content.decode()
    assert 'aria-label="Email: audience 10, sent 5, delivered 4, opened 2, clicked 1, converted 1"' in text
    assert "<caption" in text and "style=" not in text


def test_the_moving_part_alone(page: Client, running: Campaign) -> None:
    text = page.get(url_of(running, "live/")).content.decode()
    assert text.lstrip().startswith('<div id="outcomes"') and "<html" not in text


def test_a_finished_one_polls_no_more(page: Client, in_state: InState) -> None:
    assert "data-poll" not in page.get(url_of(in_state("outreach", "completed"))).content.decode()


def test_the_table_as_csv(page: Client, running: Campaign) -> None:
    running.channels.get().connection.__class__.objects.update(name="=cmd()")
    response = page.get(url_of(running, "outcomes.csv"))
    assert response["Content-Disposition"] == 'attachment; filename="spring-sale-outcomes.csv"'
    (row,) = csv.DictReader(io.StringIO(response.content.decode()))
    assert (row["kind"], row["status"], row["connection"]) == ("email", "running", "'=cmd()")
    numbers = {
        name: int(row[name]) for name in ("audience", "sent", "failed", "skipped", "waiting", "converted")
    }
    assert numbers == {"audience": 10, "sent": 5, "failed": 1, "skipped": 0, "waiting": 4, "converted": 1}
    assert (row["sent_rate"], row["delivered_rate"], row["converted_rate"]) == ("0.5", "0.8", "0.2")


def test_calls_are_answered_and_have_no_opens(page: Client, in_state: InState) -> None:
    campaign = in_state("voice", "completed")
    duties.work_on(campaign.pk, NOW)
    (funnel,) = page.get(url_of(campaign)).context["funnels"]
    assert [bar.label for bar in funnel.bars] == ["Audience", "Called", "Answered"]


def test_more_channels_ask_no_more_queries(page: Client, running: Campaign) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page.get(url_of(running))
        return len(asked)

    before = queries()
    first = running.channels.get()
    for _ in range(3):
        Channel.objects.create(
            campaign=running, kind="sms", connection=first.connection, content={"body": "x"}
        )
    assert queries() == before


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_every_kind_has_the_tab(page: Client, in_state: InState, kind: str) -> None:
    campaign = in_state(kind, "draft")
    assert page.get(url_of(campaign)).status_code == 200
    assert url_of(campaign) in page.get(f"/campaigns/{campaign.pk}/").content.decode()


@pytest.mark.parametrize("rest", ["", "live/", "outcomes.csv"])
def test_a_stranger_finds_nothing(browse: Browse, running: Campaign, stranger: Membership, rest: str) -> None:
    assert browse(stranger).get(url_of(running, rest)).status_code == 404
