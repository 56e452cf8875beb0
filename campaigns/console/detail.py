"""/campaigns/<id>/: the command centre, its live parts, its content, activity and error tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from approvals.models import Request
from campaigns.console.cards import Card, cards
from campaigns.console.channel_outcomes import FUNNEL
from campaigns.console.coming import coming, people_inside
from campaigns.console.contents import drawings_of
from campaigns.console.diagrams import diagram_of
from campaigns.console.pages import CampaignPage, OfCampaign, primary_action
from campaigns.console.rows import Shown, shown
from campaigns.console.runs import runs_panel
from campaigns.console.step_words import titles_of
from campaigns.console.words import kind_label, words
from campaigns.domain import states as s
from campaigns.domain.programs import BY_STEPS
from campaigns.models import Activity, Campaign
from campaigns.services.variants import trials
from channels.domain.kinds import KINDS
from channels.domain.states import REASONS
from channels.models import Delivery
from config.console.paging import keyset_page

TILES = (
    *FUNNEL,
    ("Failed", "failed", "audience"),
    ("In doubt", "unknown", "audience"),
)
#: What the table of variants compares, beside what was sent.
OUTCOMES = ("delivered", "opened", "clicked", "converted")


def overview(campaign: Any, row: Shown) -> dict[str, Any]:
    """What the overview shows, and shows again while something moves."""
    now = timezone.now()
    channels = cards(campaign, now)
    figures = row.figures
    visited = (
        Activity.objects.filter(campaign_id=campaign.pk)
        .exclude(to_status="")
        .values_list("to_status", flat=True)
    )
    inside = people_inside(campaign, now) if campaign.kind in BY_STEPS else None
    values = {
        "row": row,
        "campaign": campaign,
        "cards": channels,
        "trials": _trials(campaign, channels),
        "outcomes": OUTCOMES,
        "can_edit": campaign.status != s.ARCHIVED,
        "coming": coming(campaign, figures, channels, inside),
        "recent": _lately(campaign),
        **runs_panel(campaign, now),
        "tiles": [
            {"label": label, "key": name, "value": figures.get(name, 0), "of": figures.get(whole, 0)}
            for label, name, whole in TILES
        ],
        "diagram": diagram_of(campaign.lifecycle, campaign.status, set(visited.distinct()), compact=True),
    }  # fmt: skip
    if inside:
        values["in_progress"] = inside.number
        # Whoever is sent several messages, or is in several flows, has several rows in the ledger.
        values["tiles"][0] |= {"label": "Entered", "value": inside.entered}
    elif sum(1 for card in channels if card.audience) > 1:
        # The same people in every channel: not so many people as rows.
        values["tiles"][0] |= {"label": "Messages", "key": ""}
    return values


def _trials(campaign: Campaign, channels: Sequence[Card]) -> list[dict[str, Any]]:
    """The variants of its contents with their results, each with the name of its step."""
    found = trials(campaign, [card.channel for card in channels])
    titles = titles_of(campaign) if found else {}
    return [{"trial": trial, "title": titles.get(trial.step, trial.step)} for trial in found]


def _lately(campaign: Any) -> list[Activity]:
    """What was done to it last."""
    found = list(Activity.objects.filter(campaign_id=campaign.pk).order_by("-id")[:5])
    for activity in found:
        kind = KINDS.get(activity.data.get("channel") or "")
        activity.channel_label = kind.label if kind else activity.data.get("channel")  # type: ignore[attr-defined]
    return found


def waiting_request(campaign: Any) -> Request | None:
    """The request for approval that is open, if there is one."""
    found = Request.objects.open().filter(campaign_id=campaign.pk).select_related("requested_by")
    return found.first()


class Overview(CampaignPage):
    """The command centre."""

    template_name = "campaigns/overview.html"
    tab = "Overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {
            **context,
            **overview(self.campaign, context["row"]),
            "original": self._original(),
            "waiting": waiting_request(self.campaign),
        }

    def _original(self) -> Campaign | None:
        """The campaign that this one is a copy of, while it is there: its first activity row knows."""
        first = (
            Activity.objects.filter(campaign_id=self.campaign.pk)
            .order_by("id")
            .values_list("data", flat=True)
            .first()
        )
        copied = first.get("copy_of") if isinstance(first, dict) else None
        return Campaign.objects.visible_to(self.membership).filter(pk=copied).first() if copied else None


class LiveOverview(OfCampaign, View):
    """The moving parts of the command centre, for htmx to put into their places."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = shown([self.campaign], self.membership)[0]
        values = overview(self.campaign, row) | {"primary": primary_action(row)}
        return render(request, "campaigns/live_overview.html", values)


class Content(CampaignPage):
    """What is sent: per channel, or the steps of every workflow."""

    template_name = "campaigns/content.html"
    tab = "Content"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {
            **context,
            "cards": cards(self.campaign, timezone.now()),
            "drawings": drawings_of(self.campaign),
            "by_steps": self.campaign.kind in BY_STEPS,
        }


class ActivityPage(CampaignPage):
    """Who did what, from which status to which, and why."""

    template_name = "campaigns/activity.html"
    tab = "Activity"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Activity.objects.filter(campaign_id=self.campaign.pk)
        page = keyset_page(rows, ["-id"], self.request.GET.get("cursor", ""), 50)
        lifecycle = self.campaign.lifecycle
        entries = [
            {
                "activity": activity,
                "from": lifecycle.look(activity.from_status) if _is_move(activity) else None,
                "to": lifecycle.look(activity.to_status) if _is_move(activity) else None,
                "label": activity_label(activity),
            }
            for activity in page.rows
        ]
        return super().get_context_data(page=page, entries=entries, **kwargs)


def _is_move(activity: Activity) -> bool:
    """Whether the row tells of a change of the campaign's own status."""
    moved = activity.from_status != activity.to_status
    return bool(activity.from_status and activity.to_status) and moved and activity.channel_id is None


def activity_label(activity: Activity) -> str:
    """“Schedule stop” of schedule_stop; with the channel where it was done to one."""
    channel = activity.data.get("channel") if isinstance(activity.data, dict) else ""
    done = words(activity.action)
    return f"{done} ({kind_label(channel)})" if channel else done


class ErrorPage(CampaignPage):
    """What went wrong: the campaign's and channels' causes, and failures by reason."""

    template_name = "campaigns/error.html"
    tab = "Error"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        channels = cards(self.campaign, timezone.now())
        reasons = (
            Delivery.objects.filter(channel__in=[card.channel for card in channels], status__in=("failed", "unknown"))
            .order_by().values("channel_id", "status", "reason").annotate(n=Count("pk")).order_by("-n")[:50]
        )  # fmt: skip
        names = {card.channel.pk: card.kind.label for card in channels}
        failures = [
            {**row, "channel": names[row["channel_id"]], "words": REASONS.get(row["reason"], row["reason"])}
            for row in reasons
        ]
        return {**context, "cards": channels, "failures": failures}
