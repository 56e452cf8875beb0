"""/campaigns/<id>/channels/<channel>/winner/: one variant of an A/B test for everybody who is still to come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone

from campaigns.console.pages import SHOWN_REFUSALS, OfCampaign, answer_as_page
from campaigns.services.counts import channel_counts
from campaigns.services.errors import ActionError
from campaigns.services.impact import people
from campaigns.services.variants import Trial, choose_winner, trials
from channels.models import Channel
from config.console.views import ActionView


class WinnerForm(forms.Form):
    """Which variant, of which content; an empty name goes on with the test."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    variant = forms.CharField(required=False, max_length=40, strip=False, widget=forms.HiddenInput)
    step = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)


class ChooseWinner(OfCampaign, ActionView):
    """Says in numbers who gets the winner, and makes it so."""

    refusals = SHOWN_REFUSALS
    form_class = WinnerForm
    write_ability = "edit_campaigns"
    template_name = "campaigns/winner.html"
    warning = ""

    def initial(self) -> dict[str, Any]:
        data = self.request.POST or self.request.GET
        return {
            "version": self.campaign.version,
            "variant": data.get("variant", ""),
            "step": data.get("step", ""),
        }

    @property
    def trial(self) -> Trial:
        channel = Channel.objects.filter(campaign=self.campaign, pk=self.kwargs["channel"]).first()
        wanted = self.initial()
        found = trials(self.campaign, [channel]) if channel else []
        trial = next((trial for trial in found if trial.step == wanted["step"] and trial.can_win), None)
        if trial is None or wanted["variant"] not in ("", *(row.name for row in trial.rows)):
            raise Http404
        return trial

    def save(self, form: Any) -> str:
        values = form.cleaned_data
        variant = values["variant"]
        try:
            choose_winner(
                self.kwargs["channel"], self.actor, variant, timezone.now(),
                step=values["step"], version=values["version"],
            )  # fmt: skip
        except ActionError as error:
            answer_as_page(error)
            raise
        done = f"“{variant}” goes to everybody from now on." if variant else "The test goes on."
        messages.success(self.request, done)
        return self.campaign_url

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        """Shown again with the version of now, so that a second press means what the page says."""
        self.warning = str(refusal)
        del self._campaign
        return self.show(WinnerForm(initial=self.initial()), getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        trial, variant = self.trial, self.initial()["variant"]
        waiting = channel_counts([trial.channel.pk])[trial.channel.pk].get("pending", 0)
        lines = [f"{people(trial.sent)} had a message of this test; nobody gets a second one."]
        if variant:
            lines.append(f"{people(waiting)} wait for theirs now: they get “{variant}”.")
            lines.append("So does everybody who is added later, and in later runs.")
        else:
            lines.append(f"{people(waiting)} wait for theirs now: chance decides again, by the weights.")
        return {
            "title": f"Make “{variant}” the winner" if variant else "Go on with the test",
            "verb": "Make it the winner" if variant else "Go on with the test",
            "consequences": [{"icon": "point", "text": line} for line in lines],
            "warning": self.warning,
            "back_url": self.campaign_url,
            "back_label": self.campaign.name,
        }
