"""The runs on the command centre: what happened to each, and the decision about a late one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign, Membership, Run
from campaigns.services import due_runs
from tests.campaigns.runs import fresh, message, publish, recurring, send_all

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def late(creator: Membership) -> Campaign:
    """A weekly message whose first run was missed by two days; the page's clock is the real one."""
    delivery = recurring("FREQ=WEEKLY", NOW + DAY)
    campaign = publish(message(delivery, created_by=creator, now=NOW), now=NOW)
    Campaign.objects.filter(pk=campaign.pk).update(
        delivery=recurring("FREQ=WEEKLY", NOW - 2 * DAY), starts_at=NOW - 2 * DAY
    )
    Run.objects.filter(campaign=campaign).update(occurs_at=NOW - 2 * DAY)
    due_runs.run_due(NOW)
    assert fresh(campaign).runs.filter(status="late").exists()
    return campaign


def test_the_panel_says_what_happened_and_what_comes(page: Client, late: Campaign) -> None:
    text = page.get(f"/campaigns/{late.pk}/").content.decode()
    assert "Every week on" in text
    assert "run it now or skip it" in text
    assert f"/campaigns/{late.pk}/runs/1/run/" in text
    assert "Coming, by the clocks of UTC" in text
    assert page.get(f"/campaigns/{late.pk}/runs/").status_code == 200
    assert 'id="runs"' in page.get(f"/campaigns/{late.pk}/live/").content.decode()


def test_a_late_run_goes_out_when_somebody_says_so(page: Client, late: Campaign) -> None:
    url = f"/campaigns/{late.pk}/runs/1/run/"
    assert "3 people of its audience get it now" in page.get(url).content.decode()
    assert page.post(url).status_code == 302
    assert fresh(late).status == "running"
    again = page.post(url)
    assert again.status_code == 409
    assert "nothing is to decide" in again.content.decode()
    send_all(NOW + DAY)


def test_a_late_run_is_skipped_when_somebody_says_so(page: Client, late: Campaign) -> None:
    url = f"/campaigns/{late.pk}/runs/1/skip/"
    assert "Nobody gets this run." in page.get(url).content.decode()
    assert page.post(url).status_code == 302
    assert fresh(late).runs.get(number=1).status == "skipped"


def test_what_is_not_there_is_404(page: Client, late: Campaign, browse: object, stranger: Membership) -> None:
    assert page.get(f"/campaigns/{late.pk}/runs/9/run/").status_code == 404
    assert page.get(f"/campaigns/{late.pk}/runs/1/sing/").status_code == 404
    other = browse(stranger)  # type: ignore[operator]
    assert other.get(f"/campaigns/{late.pk}/runs/1/run/").status_code == 404
    assert other.post(f"/campaigns/{late.pk}/runs/1/run/").status_code == 404


def test_the_list_names_the_next_run(page: Client, creator: Membership) -> None:
    publish(message(recurring("FREQ=WEEKLY", NOW + DAY), created_by=creator, now=NOW), now=NOW)
    assert "Starts" in page.get("/campaigns/").content.decode()
