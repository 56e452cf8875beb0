"""One variant of an A/B test for everybody who is still to come: of a channel's content, or of a split in an active flow."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.console.pages import SHOWN_REFUSALS, OfCampaign, refusals_as_pages
from campaigns.console.step_words import title_of
from campaigns.domain.flows import is_locked
from campaigns.domain.workflow import flow_of
from campaigns.services.consequences import be, people
from campaigns.services.counts import channel_counts
from campaigns.services.errors import NotFound
from campaigns.services.live_edits import standing_at
from campaigns.services.splits import Split, choose_way, split_at
from campaigns.services.variants import Trial, choose_winner, trials
from channels.models import Channel
from config.console.views import ActionView, go_to


class WinnerForm(forms.Form):
    """Which variant, of which content; an empty name goes on with the test."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    variant = forms.CharField(required=False, max_length=40, strip=False, widget=forms.HiddenInput)
    step = forms.CharField(required=False, max_length=125, widget=forms.HiddenInput)


class Choosing(OfCampaign, ActionView):
    """Says who gets the variant and asks; refused, it is shown again with what holds now."""

    refusals = SHOWN_REFUSALS
    write_ability = "edit_campaigns"
    warning = ""
    done = "“{}” goes to everybody from now on."

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        """Shown again with the version of now, so that a second press means what the page says."""
        self.warning = str(refusal)
        del self._campaign
        return self.show(self.form_class(initial=self.initial()), getattr(refusal, "status", 409))

    def save(self, form: Any) -> str:
        """Make it so; answers where to go on."""
        values = form.cleaned_data
        with refusals_as_pages():
            self.choose(values)
        variant = values["variant"]
        messages.success(self.request, self.done.format(variant) if variant else "The test goes on.")
        return self.back_url

    def choose(self, values: dict[str, Any]) -> None:
        """Write the choice. Raises `ActionError`."""
        raise NotImplementedError

    @property
    def back_url(self) -> str:
        """The page that led here."""
        return self.campaign_url


class ChooseWinner(Choosing):
    """Says in numbers who gets the winner, and makes it so."""

    form_class = WinnerForm
    template_name = "campaigns/winner.html"

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

    def choose(self, values: dict[str, Any]) -> None:
        choose_winner(
            self.kwargs["channel"], self.actor, values["variant"], timezone.now(),
            step=values["step"], version=values["version"],
        )  # fmt: skip

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


class WayForm(forms.Form):
    """Which way; an empty name goes on with the test."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    variant = forms.CharField(required=False, max_length=80, strip=False, widget=forms.HiddenInput)


class ChooseWayOfFlow(Choosing):
    """The winner of a split while its flow is active: /campaigns/<id>/analytics/<flow>/<split>/winner/.

    In a flow that can be edited it is put into the drawing of the workflow instead (step_pages.py).
    """

    form_class = WayForm
    done = "Everybody gets “{}” from now on."

    def initial(self) -> dict[str, Any]:
        data = self.request.POST or self.request.GET
        return {"version": self.campaign.version, "variant": data.get("variant", "")}

    @property
    def split(self) -> Split:
        wanted = self.initial()["variant"]
        try:
            found = split_at(self.campaign, self.kwargs["flow"], self.kwargs["key"])
        except NotFound as error:
            raise Http404(str(error)) from error
        if wanted not in ("", *(share.name for share in found.node.step.shares)):
            raise Http404
        return found

    @property
    def back_url(self) -> str:
        flow, key = self.kwargs["flow"], self.kwargs["key"]
        return f"{reverse('campaigns:analytics', args=[self.campaign.pk])}?flow={flow}&split={key}"

    def choose(self, values: dict[str, Any]) -> None:
        choose_way(
            self.campaign.pk, self.actor, self.kwargs["flow"], self.kwargs["key"], values["variant"], timezone.now(),
            version=values["version"],
        )  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """A flow that is not active (any more) is decided in its workflow: back to the results, which say so."""
        if not is_locked(self.campaign, self.kwargs["flow"]):
            return go_to(request, self.back_url)
        return super().get(request, *args, **kwargs)

    def context(self) -> dict[str, Any]:
        split, variant = self.split, self.initial()["variant"]
        at = standing_at(self.campaign)
        inside = sum(number for step, number in at.items() if flow_of(step) == split.program.flow)
        lines = [
            f"{people(inside)} {be(inside)} in the flow “{split.program.name}” now. Whoever has passed the split keeps "
            "to their way.",
            f"Everybody who comes to it from now on gets “{variant}”."
            if variant
            else "Chance decides again for everybody who comes to it from now on, by the weights.",
            "The flow stays active, and nothing else in it changes.",
        ]
        if variant and split.node.step.raw.get("decide"):
            lines.insert(2, "The split does not decide itself any more.")
        return {
            "title": f"Send everybody to “{variant}”" if variant else "Go on with the test",
            "verb": f"Send everybody to “{variant}”" if variant else "Go on with the test",
            "consequences": [{"icon": "point", "text": line} for line in lines],
            "warning": self.warning,
            "back_url": self.back_url,
            "back_label": f"{title_of(split.node.step.raw)}: results",
        }
