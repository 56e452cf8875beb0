"""The runs of a message on its command centre: what went out when, what was skipped and why, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.console.pages import SHOWN_REFUSALS, CampaignPage, OfCampaign, refusals_as_pages
from campaigns.domain.lifecycle import Look
from campaigns.domain.recurrence import Occurrence, occurrences
from campaigns.domain.recurrence_words import in_words
from campaigns.engine import audience_counts
from campaigns.models import Campaign, Run
from campaigns.services import due_runs, running
from campaigns.services.impact import people
from channels.models import Tally
from config.console.paging import keyset_page
from config.console.views import ActionView

LATEST, COMING = 8, 5
LOOKS = {
    Run.PLANNED: Look("Planned", "azure", "clock", "It goes out at its time."),
    Run.RUNNING: Look("Running", "green", "player-play", "Messages are going out."),
    Run.COMPLETED: Look("Completed", "teal", "check", "Everybody has been processed."),
    Run.STOPPED: Look("Stopped", "red", "player-stop", "The campaign was stopped while it went out."),
    Run.SKIPPED: Look("Skipped", "secondary", "circle-x", "It did not go out."),
    Run.LATE: Look("Late", "orange", "alert-triangle", "It was missed; run it now or skip it."),
}


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with what became of its messages."""

    run: Run
    look: Look
    counts: Mapping[str, int]

    @property
    def zone_time(self) -> str:
        return self.run.local

    @property
    def waits(self) -> bool:
        """Whether a person has to decide."""
        return bool(self.run.status == Run.LATE)


def rows_of(campaign: Any, found: list[Run]) -> list[RunRow]:
    """The runs with their counts, in one more query."""
    counts: dict[int, dict[str, int]] = {}
    tallies = Tally.objects.filter(channel__campaign=campaign, run__in=[run.number for run in found])
    for number, status, n in (
        tallies.values("run", "status").annotate(total=Sum("n")).values_list("run", "status", "total")
    ):
        counts.setdefault(number, {})[status] = n
    return [RunRow(run, LOOKS[run.status], counts.get(run.number, {})) for run in found]


def runs_panel(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """What the panel shows; of a message that goes out in another way only the words for it."""
    words = in_words(campaign.delivery, campaign.timezone) if campaign.kind == "message" else ""
    if not running.goes_in_runs(campaign):
        return {"delivery_words": words if campaign.delivery.get("type", "one_time") != "one_time" else ""}
    latest = list(campaign.runs.order_by("-occurs_at")[: LATEST + 1])
    return {
        "run_rows": rows_of(campaign, latest[:LATEST]),
        "more_runs": len(latest) > LATEST,
        "coming_runs": coming_runs(campaign, now),
        "runs_in_words": words,
        "delivery_words": words,
    }


def coming_runs(campaign: Campaign, now: datetime) -> list[Occurrence]:
    """The next occurrences that the schedule names, as long as the campaign may still run."""
    if campaign.status in ("stopped", "completed", "archived"):
        return []
    found = occurrences(campaign.delivery, campaign.timezone, now, COMING)
    return [run for run in found if not campaign.stops_at or run.at < campaign.stops_at]


class RunsPage(CampaignPage):
    """Every run, newest first."""

    template_name = "campaigns/runs.html"
    tab = "Overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = keyset_page(self.campaign.runs.all(), ["-occurs_at"], self.request.GET.get("cursor", ""), 50)
        rows = rows_of(self.campaign, list(page.rows))
        return super().get_context_data(page=page, run_rows=rows, can_edit=True, **kwargs)


class ChooseRun(OfCampaign, ActionView):
    """A late run: goes out now or is skipped, after saying in numbers what that means."""

    refusals = SHOWN_REFUSALS
    form_class = forms.Form
    write_ability = "edit_campaigns"
    warning = ""

    @property
    def run(self) -> Run:
        found = Run.objects.filter(campaign=self.campaign, number=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found

    @property
    def goes_out(self) -> bool:
        if self.kwargs["choice"] not in ("run", "skip"):
            raise Http404
        return bool(self.kwargs["choice"] == "run")

    def save(self, form: Any) -> str:
        run = self.run
        decide = due_runs.run_now if self.goes_out else due_runs.skip_run
        with refusals_as_pages():
            decide(run.pk, self.actor, timezone.now())
        done = f"The run of {run.local} {'goes out now' if self.goes_out else 'was skipped'}."
        messages.success(self.request, done)
        return self.campaign_url

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        self.warning = str(refusal)
        return self.show(forms.Form(), getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        run = self.run
        if self.goes_out:
            lines = [f"{people(audience_counts.count(self.campaign))} of its audience get it now."]
        else:
            lines = ["Nobody gets this run."]
        coming = coming_runs(self.campaign, timezone.now())
        lines.append(
            f"The next run stays planned for {coming[0].stated}." if coming else "No other run is to come."
        )
        verb = "Run now" if self.goes_out else "Skip it"
        return {
            "title": f"{verb}: the run of {run.local} ({self.campaign.timezone})",
            "verb": verb,
            "consequences": [{"icon": "point", "text": line} for line in lines],
            "warning": self.warning,
            "back_url": reverse("campaigns:detail", args=[self.campaign.pk]),
            "back_label": self.campaign.name,
        }
