"""/campaigns/<id>/edit/when/: the schedule; for a message every way of delivery, with its next runs in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from campaigns.console import editing
from campaigns.console.delivery_forms import DeliveryForm, initial_of
from campaigns.console.pages import OfCampaign
from campaigns.domain.deliveries import IN_RUNS
from campaigns.domain.recurrence import occurrences
from campaigns.domain.recurrence_words import in_words

#: How many of the next runs are shown.
SHOWN = 5


class EditWhen(editing.EditWhen):
    """A message has a form of its own; every other kind has a start and a stop."""

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        if self.campaign.kind != "message":
            return super().make_form(data, files)
        return DeliveryForm(data, files, initial=self.initial())

    def initial(self) -> dict[str, Any]:
        values = super().initial()
        return {**values, **initial_of(self.campaign)} if self.campaign.kind == "message" else values

    def payload(self, form: Any) -> dict[str, Any]:
        return form.payload(self.sections) if isinstance(form, DeliveryForm) else super().payload(form)

    def show(self, form: forms.Form, status: int = 200) -> HttpResponse:
        if isinstance(form, DeliveryForm):
            self.template_name = "campaigns/edit_delivery.html"
            form.name_needed()
        return super().show(form, status)


class NextRuns(OfCampaign, View):
    """What the form says so far: in words, with the next runs and what changes of clocks do to them. For htmx."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = DeliveryForm(request.GET, None)
        is_complete = form.is_valid()
        return render(
            request,
            "campaigns/parts/next_runs.html",
            {"campaign": self.campaign, **(preview(form) if is_complete else {"is_incomplete": True})},
        )


def preview(form: DeliveryForm) -> dict[str, Any]:
    """The delivery in words, and its next runs."""
    zone = form.cleaned_data["timezone"]
    stops_at = form.cleaned_data.get("stops_at")
    found = (
        occurrences(form.delivery, zone, timezone.now(), SHOWN) if form.delivery["type"] in IN_RUNS else []
    )
    return {
        "words": in_words(form.delivery, zone),
        "runs": [run for run in found if not stops_at or run.at < stops_at],
        "in_runs": form.delivery["type"] in IN_RUNS,
        "timezone": zone,
    }
