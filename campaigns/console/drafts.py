"""/drafts/ and /campaigns/<id>/drafts/: messages that wait until somebody releases or discards them (feature A15)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from campaigns.console.cards import cards
from campaigns.console.pages import SHOWN_REFUSALS, CampaignPage, OfCampaign, refusals_as_pages
from campaigns.console.previews import drawing_of, size_words
from campaigns.domain.programs import node_of
from campaigns.models import Campaign
from campaigns.services.consequences import messages as counted
from campaigns.services.drafts import Decided, Decision, decide, why_not_release
from campaigns.services.errors import ActionError
from campaigns.services.previewing import render_for
from channels.domain import states as cs
from channels.domain.kinds import KINDS
from channels.domain.variants import texts_of
from channels.models import Delivery, Tally
from config.console.access import MemberPage
from config.console.numbers import wholes
from config.console.paging import keyset_page
from config.console.views import ActionView

PAGE = 50
WORDS = {"release": ("Release", "released"), "discard": ("Discard", "discarded")}


class DraftQueue(MemberPage, TemplateView):
    """The campaigns of the workspace that have drafts, and how many."""

    template_name = "campaigns/draft_queue.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = (
            Tally.objects.filter(status=cs.DRAFTED, channel__campaign__workspace_id=self.workspace.pk)
            .values("channel__campaign_id")
            .annotate(number=Sum("n"))
            .filter(number__gt=0)
            .values_list("channel__campaign_id", "number")
        )
        numbers = dict(waiting.order_by())
        found = Campaign.objects.visible_to(self.membership).filter(pk__in=numbers).order_by("-pk")
        rows = [{"campaign": campaign, "number": numbers[campaign.pk]} for campaign in found]
        return super().get_context_data(rows=rows, **kwargs)


class DraftsPage(CampaignPage):
    """The drafts of one channel at a time, oldest first; those that are chosen are released or discarded."""

    template_name = "campaigns/drafts.html"
    tab = "Drafts"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        shown = [card for card in cards(self.campaign, timezone.now()) if card.counts.get(cs.DRAFTED)]
        wanted = self.request.GET.get("channel", "")
        chosen = next((card for card in shown if str(card.channel.pk) == wanted), next(iter(shown), None))
        page = None
        if chosen:
            rows = Delivery.objects.filter(channel_id=chosen.channel.pk, status=cs.DRAFTED)
            cursor = self.request.GET.get("cursor", "")
            page = keyset_page(rows.select_related("person"), ["id"], cursor, PAGE)
        return {
            **context,
            "cards": shown,
            "chosen": chosen,
            "page": page,
            "drafts": [{"delivery": row, "step": step_name(self.campaign, row.step)} for row in page.rows] if page else [],
            "total": sum(card.counts[cs.DRAFTED] for card in shown),
            "why_not": why_not_release(self.campaign, self.membership),
        }  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        decision = request.POST.get("decision", "")
        if decision not in WORDS:
            raise Http404
        try:
            with refusals_as_pages():
                done = decide(
                    decision,  # type: ignore[arg-type]
                    self.campaign.pk, self.actor, wholes(request.POST.getlist("id"))[:PAGE], timezone.now(),
                )  # fmt: skip
        except ActionError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, told(done, decision))
        return HttpResponseRedirect(reverse("campaigns:drafts", args=[self.campaign.pk]))


def told(done: Decided, decision: str) -> str:
    """What has become of the drafts, in a sentence."""
    if done.following:
        return f"{counted(done.following, 'draft')} {'is' if done.following == 1 else 'are'} being {WORDS[decision][1]}."
    return f"{counted(done.now, 'draft')} {WORDS[decision][1]}."


def step_name(campaign: Campaign, key: str) -> str:
    """What people call the step that a journey or ledger row names; its key where it has no name or is gone."""
    node = node_of(campaign, key)
    return (node.step.name or node.step.key) if node else key


class DraftPage(CampaignPage):
    """One draft, as its person would get it."""

    template_name = "campaigns/draft.html"
    tab = "Drafts"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        own = Delivery.objects.filter(channel__campaign_id=self.campaign.pk, status=cs.DRAFTED)
        draft = own.filter(pk=self.kwargs["draft"]).select_related("person", "channel").first()
        if draft is None:
            raise Http404
        kind = draft.channel.kind
        node = node_of(self.campaign, draft.step)
        values = {"draft": draft, "kind": KINDS[kind], "step": step_name(self.campaign, draft.step)}
        texts = texts_of(node.step.raw) if node else []
        previews = []
        for text in texts if getattr(draft, "person", None) else []:
            rendered = render_for(
                self.campaign,
                draft.person,
                kind,
                text.content.get("subject", ""),
                text.content.get("body", ""),
                event_id=draft.event_id,
            )
            previews.append({"name": text.name, "rendered": rendered, "size": size_words(kind, rendered)})
        return {
            **context,
            **values,
            "previews": previews,
            "drawn": drawing_of(kind),
            "person": draft.person,
            "why_not": why_not_release(self.campaign, self.membership),
        }


class DecideAll(OfCampaign, ActionView):
    """Says how many drafts that is, and releases or discards them all."""

    refusals = SHOWN_REFUSALS
    form_class = forms.Form
    write_ability = "edit_campaigns"

    @property
    def decision(self) -> Decision:
        if self.kwargs["decision"] not in WORDS:
            raise Http404
        found: Decision = self.kwargs["decision"]
        return found

    def save(self, form: Any) -> str:
        with refusals_as_pages():
            done = decide(self.decision, self.campaign.pk, self.actor, None, timezone.now())
        messages.success(self.request, told(done, self.decision))
        return reverse("campaigns:drafts", args=[self.campaign.pk])

    def context(self) -> dict[str, Any]:
        found = cards(self.campaign, timezone.now())
        lines = [
            f"{counted(card.counts[cs.DRAFTED], 'draft')} by {card.kind.label}"
            + (
                " can go out at once."
                if self.decision == "release"
                else " will never be sent; the ledger keeps them."
            )
            for card in found
            if card.counts.get(cs.DRAFTED)
        ] or ["There is no draft any more."]
        if self.decision == "release":
            lines.append("Drafts whose time window has passed are skipped, and say so.")
        verb = f"{WORDS[self.decision][0]} them all"
        return {
            "title": f"{WORDS[self.decision][0]} all drafts",
            "verb": verb,
            "danger": self.decision == "discard",
            "consequences": [{"icon": "point", "text": line} for line in lines],
            "back_url": reverse("campaigns:drafts", args=[self.campaign.pk]),
            "back_label": self.campaign.name,
        }
