"""The page between a transition button and the gateway: what the action will do, in numbers, and what it needs to know."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.access import actor_for, find_campaign
from campaigns.admin.tags import status_tag
from campaigns.domain.approval import knows_action
from campaigns.domain.lifecycles.outreach import CHANNEL_MENUS
from campaigns.models import Campaign
from campaigns.services.actions import perform
from campaigns.services.channel_actions import perform_channel
from campaigns.services.counts import channel_counts
from campaigns.services.errors import ActionError, NotAllowed, Stale
from campaigns.services.impact import Impact, impact
from campaigns.services.impact import messages as message_words
from campaigns.services.offers import channel_offers
from channels.domain.kinds import KINDS
from channels.models import Channel
from config.console.action_form import ImpactForm
from config.console.local_time import local_text
from config.console.numbers import whole

#: Actions that reach people: where their number is not the one that was shown, the page is shown again first.
REACHING = ("start", "publish", "approve", "submit", "schedule", "restart")


def change_url(campaign_id: int) -> str:
    """The change form of a campaign."""
    return reverse("admin:campaigns_campaign_change", args=[campaign_id])


class ActionPages:
    """Mixed into the campaign admin: one page for every action of a campaign, one for every action of a channel."""

    admin_site: Any

    def action_view(self, request: HttpRequest, campaign_id: int, action: str) -> HttpResponse:
        """GET states the consequences; POST states them anew where they have changed, and else acts."""
        campaign = find_campaign(request, campaign_id)
        if not knows_action(campaign.lifecycle, action):
            raise Http404("This kind of campaign has no such action.")
        actor = actor_for(request, campaign)
        try:
            found = impact(action, campaign, actor.membership, timezone.now())
        except NotAllowed as refusal:
            messages.warning(request, refusal.message)
            return HttpResponseRedirect(change_url(campaign.pk))
        if request.method != "POST":
            form = self._form(None, found, campaign)
            return self._show(request, campaign, found, form)
        return self._act(request, campaign, found, actor)

    def _form(self, data: Any, found: Impact, campaign: Campaign) -> ImpactForm:
        times = {name: local_text(getattr(campaign, name), campaign.timezone) for name in found.needs_time}
        first = found.choices[0].value if len(found.choices) > 1 else None
        return ImpactForm(
            data, impact=found, zone=campaign.timezone, confirm=campaign.name, initial={**times, found.asks: first}
        )  # fmt: skip

    def _show(
        self,
        request: HttpRequest,
        campaign: Campaign,
        found: Impact,
        form: ImpactForm,
        warning: str = "",
        status: int = 200,
    ) -> HttpResponse:
        values = {
            **self.admin_site.each_context(request),
            "title": f"{found.label}: {campaign.name}",
            "opts": Campaign._meta,
            "campaign": campaign,
            "tag": status_tag(campaign),
            "impact": found,
            "form": form,
            "warning": warning,
            "seen": found.numbers.get("audience", ""),
            "sentences": {choice.value: choice.sentence for choice in found.choices},
            "back": change_url(campaign.pk),
        }
        return TemplateResponse(request, "admin/campaigns/campaign/action.html", values, status=status)

    def _act(self, request: HttpRequest, campaign: Campaign, found: Impact, actor: Any) -> HttpResponse:
        form = self._form(request.POST, found, campaign)
        if not form.is_valid():
            return self._show(request, campaign, found, form, status=422)
        seen = request.POST.get("seen", "")
        try:
            if found.action in REACHING and seen != str(found.numbers.get("audience", "")):
                raise Stale("The audience has changed since this page was shown; these are the numbers now.")
            result = perform(
                found.action, campaign.pk, actor, params=form.params(), version=read_version(request)
            )
        except ActionError as refusal:
            return self._refused(request, campaign, form, actor, refusal)
        messages.success(request, done_words(found.action, result, campaign))
        if found.action == "delete":
            return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))
        return HttpResponseRedirect(change_url(result.pk))

    def _refused(
        self, request: HttpRequest, campaign: Campaign, form: ImpactForm, actor: Any, refusal: ActionError
    ) -> HttpResponse:
        """Nothing has changed: say why, beside the field where there is one, with the numbers of now."""
        campaign = find_campaign(request, campaign.pk)
        try:
            found = impact(form.impact.action, campaign, actor.membership, timezone.now())
        except NotAllowed:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(change_url(campaign.pk))
        beside = {path: text for path, text in refusal.fields.items() if path in form.fields}
        for path, text in beside.items():
            form.add_error(path, text)
        warning = "" if beside else refusal.message
        return self._show(request, campaign, found, form, warning, refusal.status)

    # --- the channels of an outreach campaign

    def channel_action_view(
        self, request: HttpRequest, campaign_id: int, channel_id: int, action: str
    ) -> HttpResponse:
        """The same for one channel: its numbers, then the gateway."""
        campaign = find_campaign(request, campaign_id)
        channel = (
            Channel.objects.select_related("connection").filter(pk=channel_id, campaign=campaign).first()
        )
        known = {entry.name for menu in CHANNEL_MENUS.values() for entry in menu if not entry.link}
        if channel is None or action not in known:
            raise Http404("There is no such channel or action.")
        actor = actor_for(request, campaign)
        offer = next((o for o in channel_offers([channel], campaign)[channel.pk] if o.name == action), None)
        if request.method == "POST":
            try:
                perform_channel(action, channel.pk, actor, version=read_version(request))
                messages.success(request, f"{KINDS[channel.kind].label}: {action} has been done.")
            except ActionError as refusal:
                messages.error(request, refusal.message)
            return HttpResponseRedirect(change_url(campaign.pk))
        if offer is None:
            messages.warning(request, f"The channel is {channel.status}; it does not offer “{action}” now.")
            return HttpResponseRedirect(change_url(campaign.pk))
        values = {
            **self.admin_site.each_context(request),
            "title": f"{offer.label}: {KINDS[channel.kind].label} of {campaign.name}",
            "opts": Campaign._meta,
            "campaign": campaign,
            "offer": offer,
            "sentence": channel_sentence(channel, action),
            "back": change_url(campaign.pk),
        }
        return TemplateResponse(request, "admin/campaigns/campaign/channel_action.html", values)


def channel_sentence(channel: Channel, action: str) -> str:
    """What an action on a channel will do, in numbers."""
    counts = channel_counts([channel.pk])[channel.pk]
    unsent, sent = message_words(counts["pending"], "unsent message"), message_words(counts["sent"])
    return {
        "start": "It works through the contact list; nobody is contacted twice.",
        "pause": f"{unsent} wait until it is resumed; {sent} sent already are not touched.",
        "resume": f"{unsent} go out; nobody already contacted is contacted again.",
        "retry": f"{unsent} go out; nobody already contacted is contacted again.",
        "stop": f"{unsent} are cancelled for good; the results of {sent} are kept.",
        "remove": "The channel and its content are removed; nothing has been sent through it.",
        "remarket": "A new channel is made over chosen contacts of this one.",
    }[action]


def read_version(request: HttpRequest) -> int | None:
    """The version of the campaign that the page showed."""
    return whole(request.POST.get("version"))


def done_words(action: str, result: Campaign, campaign: Campaign) -> str:
    """What the message at the top says after an action."""
    if action == "duplicate":
        return f"“{result.name}” has been made as a draft."
    if action == "delete":
        return f"“{campaign.name}” has been deleted."
    if action in ("schedule", "schedule_stop", "cancel_schedule"):
        return f"The schedule of “{result.name}” has been changed."
    return f"“{result.name}” is {result.look.label} now."
