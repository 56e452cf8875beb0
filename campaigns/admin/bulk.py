"""Bulk actions: which of the selected it applies to, what it does to them in numbers, then the gateway row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.access import VIA
from campaigns.admin.consequences import change_url
from campaigns.admin.tags import status_tag
from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.permissions import refusal
from campaigns.models import Campaign, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.counts import counts_for, journey_counts
from campaigns.services.errors import ActionError
from campaigns.services.impact import Impact, impact
from campaigns.services.offers import Offer, offers
from config.console.action_form import ImpactForm
from config.console.admin_access import membership_in
from config.console.numbers import whole, wholes

#: More at once would make somebody wait for minutes; the page says so and the rest can be taken next.
MOST = 500
#: Of so many the page tells the consequences one by one; of the others in the sum.
DETAILED = 30
#: In the order of a campaign's life. Nobody approves what they have not looked at: each is approved on its own page.
ACTIONS = (
    "submit", "publish", "reject", "withdraw", "start", "schedule", "cancel_schedule", "schedule_stop",
    "stop", "force_stop", "restart", "archive", "unarchive", "duplicate", "delete",
)  # fmt: skip


def action_label(action: str) -> str:
    """What the lifecycles call an action: “Duplicate / Clone”, “Stop”."""
    words = {
        entry.label.split(" (")[0].removesuffix(" now")
        for kind in BY_KIND.values()
        for menu in kind.menus.values()
        for entry in menu
        if entry.name == action and not entry.link
    }
    return " / ".join(sorted(words, reverse=True))


@dataclass(slots=True)
class Row:
    """One selected campaign: the reason why the action does not apply, or what it would do."""

    campaign: Campaign
    reason: str = ""
    impact: Impact | None = None
    done: str = ""

    @property
    def url(self) -> str:
        return change_url(self.campaign.pk)

    @property
    def tag(self) -> str:
        return status_tag(self.campaign)


class BulkPages:
    """Mixed into the campaign admin: an admin action for every action of the lifecycles."""

    admin_site: Any

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Every action of every lifecycle; which of the selected it applies to, its page tells."""
        super().get_actions(request)  # type: ignore[misc]
        return {
            action: (self._opener(action), action, f"{action_label(action)} selected campaigns")
            for action in ACTIONS
        }

    def _opener(self, action: str) -> Any:
        def opened(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
            ids = list(queryset.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
            return self._confirm(request, action, ids[:MOST], more=len(ids) > MOST)

        return opened

    def bulk_view(self, request: HttpRequest, action: str) -> HttpResponse:
        """POST with ``confirmed``: act and report; without: the consequences (again)."""
        if action not in ACTIONS:
            raise Http404("There is no such action.")
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))
        ids = wholes(request.POST.getlist("id"))[:MOST]
        return self._confirm(request, action, ids)

    def _confirm(self, request: HttpRequest, action: str, ids: list[int], more: bool = False) -> HttpResponse:
        rows = self._judged(request, action, ids)
        applicable = [row for row in rows if not row.reason]
        asked = self._questions(request, action, applicable)
        posted = request.POST if request.POST.get("confirmed") == "yes" else None
        form = ImpactForm(
            posted,
            impact=asked,
            zone="",
            confirm=f"{action_label(action).lower()} {len(applicable)}",
        )
        if posted is not None and applicable and form.is_valid():
            return self._report(request, action, rows, form)
        values = {
            "applicable": applicable,
            "selected": len(rows),
            "others": [row for row in rows if row.reason],
            "detailed": [row for row in applicable if row.impact],
            "undetailed": max(0, len(applicable) - DETAILED),
            "numbers": _together(applicable),
            "form": form,
            "most": MOST if more else 0,
            "danger": action == "delete",
        }
        return self._page(request, action, "bulk_confirm", values, 422 if form.errors else 200)

    def _page(
        self, request: HttpRequest, action: str, template: str, values: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        label = action_label(action)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{label} several campaigns",
            "opts": Campaign._meta,
            "action": action,
            "label": label,
            "back": reverse("admin:campaigns_campaign_changelist"),
            **values,
        }
        return TemplateResponse(request, f"admin/campaigns/campaign/{template}.html", context, status=status)

    def _judged(self, request: HttpRequest, action: str, ids: list[int]) -> list[Row]:
        """The campaigns of these ids that the user may see, each with why the action does not apply to it."""
        found = self.get_queryset(request).filter(pk__in=ids).select_related("workspace")  # type: ignore[attr-defined]
        campaigns = list(found.order_by("-pk"))
        members = {c.workspace_id: membership_in(request, c.workspace_id) for c in campaigns}
        offered: dict[int, list[Offer]] = {}
        for workspace_id, membership in members.items():
            if membership:
                offered |= offers([c for c in campaigns if c.workspace_id == workspace_id], membership)
        return [
            Row(campaign, why_not(action, campaign, members[campaign.workspace_id], offered.get(campaign.pk, [])))
            for campaign in campaigns
        ]  # fmt: skip

    def _questions(self, request: HttpRequest, action: str, rows: list[Row]) -> Impact:
        """The consequences of the first rows, and all that any of them asks, as one impact."""
        asked = Impact(action, action_label(action), True, "")
        now = timezone.now()
        for row in rows[:DETAILED]:
            membership = membership_in(request, row.campaign.workspace_id)
            assert membership is not None  # rows of other workspaces do not apply
            row.impact = impact(action, row.campaign, membership, now)
            asked.needs_time = tuple(dict.fromkeys([*asked.needs_time, *row.impact.needs_time]))
            asked.needs_comment |= row.impact.needs_comment
            if row.impact.asks and len(row.impact.choices) >= len(asked.choices):
                asked.asks, asked.choices = row.impact.asks, row.impact.choices
        asked.needs_name = action == "delete" and bool(rows)
        return asked

    def _report(self, request: HttpRequest, action: str, rows: list[Row], form: ImpactForm) -> HttpResponse:
        """Row by row through the gateway; what one refuses does not stop the others."""
        for row in rows:
            if not row.reason:
                self._perform(request, action, row, form)
        done = [row for row in rows if row.done]
        values = {"done": done, "others": [row for row in rows if not row.done], "rows": rows}
        return self._page(request, action, "bulk_report", values)

    def _perform(self, request: HttpRequest, action: str, row: Row, form: ImpactForm) -> None:
        campaign = row.campaign
        membership = membership_in(request, campaign.workspace_id)
        seen = request.POST.get(f"version-{campaign.pk}", "")
        try:
            if membership is None:
                raise PermissionDenied
            result = perform(
                action,
                campaign.pk,
                Actor.member(membership, VIA),
                params=form.params(campaign.timezone),
                version=whole(seen),
            )
        except ActionError as error:
            row.reason = error.message
        except ValueError as error:
            row.reason = str(error)
        else:
            row.done = _done(action, result)


def why_not(action: str, campaign: Campaign, membership: Membership | None, offered: list[Offer]) -> str:
    """Why the action does not apply to this campaign for this member; "" where it does."""
    if membership is None:
        return f"You are not a member of the workspace “{campaign.workspace}”."
    for offer in offered:
        if offer.name == action and not offer.link:
            return offer.reason
    entry = campaign.lifecycle.entry(campaign.status, action)
    if entry is not None:
        return refusal(entry.roles, entry.label)
    title, word = campaign.lifecycle.title, campaign.look.label
    return f"A {title} campaign that is {word} has no such action."


def _together(rows: list[Row]) -> list[tuple[str, int]]:
    """The numbers of all rows in three queries, however many: what is unsent, on its way, sent, and who is inside."""
    ids = [row.campaign.pk for row in rows]
    counts, journeys = counts_for(ids).values(), journey_counts(ids).values()
    return [
        ("unsent messages", sum(c["pending"] + c["drafted"] for c in counts)),
        ("messages being sent right now", sum(c["sending"] for c in counts)),
        ("messages sent already", sum(c["sent"] for c in counts)),
        ("people in progress", sum(j["active"] for j in journeys)),
    ]


def _done(action: str, result: Campaign) -> str:
    if action == "duplicate":
        return f"The copy is “{result.name}”."
    if action == "delete":
        return "It has been deleted."
    return f"It is {result.look.label} now."
