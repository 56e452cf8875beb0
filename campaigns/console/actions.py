"""/campaigns/<id>/actions/<action>/: what an action will do, in numbers; then doing it through the gateway."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.console.pages import SHOWN_REFUSALS, OfCampaign, refusals_as_pages
from campaigns.domain.approval import knows_action
from campaigns.services.actions import perform
from campaigns.services.errors import NotAllowed, Stale
from campaigns.services.impact import Impact, impact
from config.console.action_form import ImpactForm
from config.console.local_time import local_text
from config.console.views import ActionView, go_to

#: Numbers of people: where they differ from what the page showed, it is shown again before anything happens.
CONFIRMED_NUMBERS = ("audience",)
SETTLED_ACTIONS = ("start", "publish", "approve", "submit", "schedule", "restart")


class ActionForm(ImpactForm):
    """What an action asks for, with the version and the numbers that the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class CampaignAction(OfCampaign, ActionView):
    """GET states the consequences, POST states them anew where they have changed, and else acts."""

    template_name = "campaigns/action.html"
    refusals = SHOWN_REFUSALS
    warning = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.request, self.kwargs = request, kwargs
        if request.user.is_authenticated and request.membership:  # type: ignore[attr-defined]
            try:
                self.impact = impact(kwargs["action"], self.campaign, self.membership, timezone.now())
            except NotAllowed as error:
                return self._not_offered(error)
        return super().dispatch(request, *args, **kwargs)

    def _not_offered(self, error: NotAllowed) -> HttpResponse:
        """The state has changed since the menu was drawn, or there never was such an action."""
        if not knows_action(self.campaign.lifecycle, self.kwargs["action"]):
            raise Http404(str(error)) from error
        messages.warning(self.request, str(error))
        return go_to(self.request, self.campaign_url)

    def initial(self) -> dict[str, Any]:
        # “Send it now” is beside a new time and chosen on purpose; of everything else the first way is the usual one.
        offered = self.impact.choices if self.impact.asks != "start_now" else []
        first = offered[0].value if offered else None
        return {
            "version": self.campaign.version,
            "seen": self._numbers_seen(),
            self.impact.asks: first,
            **{
                name: local_text(getattr(self.campaign, name), self.campaign.timezone)
                for name in self.impact.needs_time
            },
        }

    def _numbers_seen(self) -> str:
        return ",".join(str(self.impact.numbers.get(name, "")) for name in CONFIRMED_NUMBERS)

    def form_arguments(self) -> dict[str, Any]:
        return {"impact": self.impact, "zone": self.campaign.timezone, "confirm": self.campaign.name}

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        return ActionForm(data, initial=self.initial(), **self.form_arguments())

    def save(self, form: Any) -> str:
        action = self.kwargs["action"]
        seen, now_there = form.cleaned_data["seen"], self._numbers_seen()
        if action in SETTLED_ACTIONS and seen != now_there:
            raise Stale(
                f"The audience had {seen or 'another number of'} people when this was shown; it has {now_there} now."
            )
        with refusals_as_pages():
            result = perform(
                action,
                self.campaign.pk,
                self.actor,
                params=form.params(),
                version=form.cleaned_data["version"],
            )
        messages.success(self.request, done_words(action, result, self.campaign))
        if action == "delete":
            return reverse("campaigns:list")
        return reverse("campaigns:detail", args=[result.pk])

    def refused(self, form: forms.Form, refusal: Exception) -> HttpResponse:
        """What was typed stays; the version and the numbers are those of now, so that a second press confirms them."""
        self.warning = str(refusal)
        if hasattr(self, "_campaign"):
            del self._campaign
        try:
            self.impact = impact(self.kwargs["action"], self.campaign, self.membership, timezone.now())
        except NotAllowed as error:
            return self._not_offered(error)
        data = form.data.copy()  # type: ignore[attr-defined]
        data["version"], data["seen"] = str(self.campaign.version), self._numbers_seen()
        again = ActionForm(data, initial=self.initial(), **self.form_arguments())
        again.full_clean()
        for path, text in getattr(refusal, "fields", {}).items():
            if path in again.fields:
                again.add_error(path, text)
                self.warning = ""
        return self.show(again, getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        sentences = {choice.value: choice.sentence for choice in self.impact.choices}
        return {
            "title": f"{self.impact.label}: {self.campaign.name}",
            "verb": verb(self.impact),
            "danger": self.impact.danger or self.kwargs["action"] in ("stop", "force_stop"),
            "impact": self.impact,
            "sentences": sentences,
            "warning": self.warning,
            "campaign": self.campaign,
            "back_url": self.campaign_url,
            "back_label": self.campaign.name,
        }


def verb(found: Impact) -> str:
    """The words on the button: what it does, never OK."""
    if found.action == "delete":
        return "Yes, delete it for good"
    if found.action in ("stop", "force_stop"):
        return "Yes, stop now"
    return found.label


def done_words(action: str, result: Any, campaign: Any) -> str:
    """The toast after an action."""
    if action == "duplicate":
        return f"“{result.name}” has been made as a draft."
    if action == "delete":
        return f"“{campaign.name}” has been deleted."
    if action in ("schedule", "schedule_stop"):
        return f"The schedule of “{result.name}” has been set."
    return f"“{result.name}” is {result.look.label} now."
