"""/campaigns/<id>/channels/<channel>/actions/<action>/: start, pause, resume, stop, retry, remove one channel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone

from campaigns.console.cards import Card, cards
from campaigns.console.forms import VersionForm
from campaigns.console.pages import SHOWN_REFUSALS, OfCampaign, refusals_as_pages
from campaigns.domain.hints import before_stopping
from campaigns.engine import audience_counts
from campaigns.services.channel_actions import perform_channel
from campaigns.services.hints import state_of
from campaigns.services.impact import people
from config.console.views import ActionView

#: What each action does, before it is confirmed.
CONSEQUENCES = {
    "start": "Messages begin to go out at once over this channel.",
    "pause": "Nothing more is sent until you resume it. Nothing is lost.",
    "resume": "It picks up where it left off. Nobody already contacted is contacted again.",
    "stop": "A stop is permanent for this channel: what is unsent is cancelled. Its results are kept.",
    "retry": "It goes on with what has not been sent yet.",
    "remove": "The channel and its content are removed from the campaign.",
}


class ChannelAction(OfCampaign, ActionView):
    """One action of one channel, through its gateway."""

    refusals = SHOWN_REFUSALS
    form_class = VersionForm
    template_name = "campaigns/channel_action.html"
    warning = ""

    @property
    def card(self) -> Card:
        if not hasattr(self, "_card"):
            wanted = self.kwargs["channel"]
            found = [card for card in cards(self.campaign, timezone.now()) if card.channel.pk == wanted]
            if not found or self.kwargs["action"] not in CONSEQUENCES:
                raise Http404
            self._card = found[0]
        return self._card

    def initial(self) -> dict[str, Any]:
        return {"version": self.campaign.version}

    def save(self, form: Any) -> str:
        with refusals_as_pages():
            channel = perform_channel(
                self.kwargs["action"], self.card.channel.pk, self.actor, version=form.cleaned_data["version"]
            )
        words = "has been removed" if self.kwargs["action"] == "remove" else f"is {channel.status} now"
        messages.success(self.request, f"{self.card.kind.label} {words}.")
        return self.campaign_url

    def refused(self, form: Any, refusal: Exception) -> HttpResponse:
        """Shown again with the version of now, so that a second press means what the page says."""
        self.warning = str(refusal)
        del self._campaign, self._card
        return self.show(VersionForm(initial=self.initial()), getattr(refusal, "status", 409))

    def context(self) -> dict[str, Any]:
        card, action = self.card, self.kwargs["action"]
        pending = card.counts.get("pending", 0)
        lines = [CONSEQUENCES[action]]
        if action == "start":
            lines.insert(0, self._whom(card))
        if pending and action in ("stop", "pause", "resume", "retry"):
            lines.append(f"{pending:,} messages are waiting now.")
        if card.counts.get("sending") and action in ("stop", "pause"):
            lines.append(f"{card.counts['sending']:,} being sent right now can't be recalled.")
        offer = next((entry for entry in card.menu if entry.name == action), None)
        label = offer.label if offer else action.capitalize()
        return {
            "title": f"{label}: {card.kind.label}",
            "verb": label if action != "stop" else "Yes, stop this channel",
            "danger": bool(offer and offer.danger),
            "consequences": [{"icon": "point", "text": line} for line in lines],
            "reason": ""
            if offer and offer.enabled
            else (offer.reason if offer else f"It is {card.look.label} now."),
            "warning": self.warning,
            "look_first": self._look_first(card) if action == "stop" else "",
            "back_url": self.campaign_url,
            "back_label": self.campaign.name,
        }

    def _whom(self, card: Card) -> str:
        if card.channel.outcome:
            return f"It goes to the {people(card.channel.promised)} that it was made for."
        return f"The audience has {people(audience_counts.count(self.campaign))} now."

    def _look_first(self, card: Card) -> str:
        """The results so far, which a stop cannot better (seed 003)."""
        state = state_of(self.campaign, card.channel, [], card.counts, timezone.now())
        return before_stopping(state)
