"""/campaigns/<id>/messages/ and participants/: the ledger and the people, keyset-paged, never counted by looking."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from campaigns.console.calls import calls_of
from campaigns.console.cards import Card, cards
from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.console.step_words import titles_of
from campaigns.domain.programs import BY_STEPS
from campaigns.engine.audience import audience_of
from campaigns.models import Person, SegmentMember
from channels.domain import states as cs
from channels.models import Delivery
from channels.services.doubt import resolve_unknown
from channels.services.errors import ChannelError
from config.console.numbers import wholes
from config.console.paging import keyset_page

PAGE = 50
#: Statuses that the ledger has an index of their own for: (channel, status, id).
RARE = (cs.FAILED, cs.SKIPPED, cs.UNKNOWN, cs.RECALLED, cs.DRAFTED)
OUTCOME_FIELDS = {name: f"{name}_at" for name in cs.OUTCOMES}
LOOKS = {
    cs.PENDING: ("secondary", "clock"), cs.DRAFTED: ("purple", "file-text"), cs.SENDING: ("azure", "send"),
    cs.SENT: ("green", "check"), cs.FAILED: ("red", "x"), cs.SKIPPED: ("yellow", "circle-minus"),
    cs.CANCELLED: ("secondary", "ban"), cs.RECALLED: ("orange", "arrow-back-up"), cs.UNKNOWN: ("pink", "question-mark"),
}  # fmt: skip


class MessagesPage(CampaignPage):
    """The ledger of one channel at a time, by status and reason; every row says why."""

    template_name = "campaigns/messages.html"
    tab = "Messages"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        channels = cards(self.campaign, timezone.now())
        chosen = self._chosen(channels)
        status = self.request.GET.get("status", "")
        status = status if status in (*cs.DELIVERY_STATUSES, *cs.OUTCOMES) else ""
        page = self._page(chosen.channel.pk, status) if chosen else None
        is_voice = chosen is not None and chosen.channel.kind == "voice"
        names = titles_of(self.campaign)
        calls = calls_of(row.pk for row in page.rows) if page and is_voice else {}
        return {
            **context,
            "cards": channels,
            "chosen": chosen,
            "status": status,
            "reason": self.request.GET.get("reason", ""),
            "statuses": self._statuses(chosen),
            "may_resolve": status == cs.UNKNOWN and self.may("resolve_unknown"),
            "page": page,
            "has_steps": self.campaign.kind in BY_STEPS,
            "deliveries": [
                {
                    "delivery": d, "why": why(d), "look": LOOKS[d.status], "calls": calls.get(d.pk, ()),
                    "step": names.get(d.step, d.step),
                }
                for d in (page.rows if page else ())
            ],
        }  # fmt: skip

    def _chosen(self, channels: list[Card]) -> Card | None:
        wanted = self.request.GET.get("channel", "")
        named = [card for card in channels if str(card.channel.pk) == wanted]
        # Without a choice: the first channel that has the rows that are asked for.
        status = self.request.GET.get("status", "")
        filled = [card for card in channels if card.counts.get(status)]
        return next(iter(named or filled or channels), None)

    def _statuses(self, chosen: Card | None) -> list[dict[str, Any]]:
        if chosen is None:
            return []
        names = (*cs.DELIVERY_STATUSES, *cs.OUTCOMES)
        return [{"name": name, "count": chosen.counts[name]} for name in names if chosen.counts.get(name)]

    def _page(self, channel_id: int, status: str) -> Any:
        rows = Delivery.objects.filter(channel_id=channel_id).select_related("person")
        order = ["run", "step", "person_id"]
        if status in OUTCOME_FIELDS:
            rows = rows.filter(**{f"{OUTCOME_FIELDS[status]}__isnull": False})
        elif status:
            rows = rows.filter(status=status)
            order = ["id"] if status in RARE else order
        if reason := self.request.GET.get("reason"):
            rows = rows.filter(reason=reason)
        return keyset_page(rows, order, self.request.GET.get("cursor", ""), PAGE)


class ResolveDoubt(OfCampaign, View):
    """Messages in doubt, settled by somebody who knows: they were sent, they failed, or they go out again."""

    http_method_names = ["post"]
    ability = "resolve_unknown"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        here = reverse("campaigns:messages", args=[self.campaign.pk]) + "?status=unknown"
        own = Delivery.objects.filter(channel__campaign_id=self.campaign.pk)
        chosen = wholes(request.POST.getlist("id"))[:PAGE]
        ids = list(own.filter(pk__in=chosen).values_list("pk", flat=True))
        try:
            changed = resolve_unknown(
                ids,
                request.POST.get("as", ""),
                self.actor,
                workspace_id=self.workspace.pk,
                now=timezone.now(),
            )
        except ChannelError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{changed:,} message{'' if changed == 1 else 's'} settled.")
        return HttpResponseRedirect(here)


def why(delivery: Delivery) -> str:
    """Why the row has its status: the reason in words, and what the provider said."""
    words = cs.REASONS.get(delivery.reason, delivery.reason.replace("_", " ").capitalize())
    return ". ".join(part for part in (words, delivery.detail) if part)


class ParticipantsPage(CampaignPage):
    """The people of the audience, and what each was sent."""

    template_name = "campaigns/participants.html"
    tab = "Participants"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, **self._people()}

    def _people(self) -> dict[str, Any]:
        audience = audience_of(self.campaign)
        if audience is None:
            return {"page": None, "people": []}
        cursor = self.request.GET.get("cursor", "")
        if audience.lists:
            # Along the list: where it was filled a moment ago, the planner cannot be trusted to walk it by itself.
            members = SegmentMember.objects.filter(segment_id__in=audience.lists).select_related("person")
            page = keyset_page(members, ["person_id"], cursor, PAGE)
            people = [member.person for member in page.rows]
        else:
            everybody = Person.objects.filter(workspace_id=self.campaign.workspace_id)
            page = keyset_page(everybody, ["id"], cursor, PAGE)
            people = page.rows
        channels = {row["id"]: row["kind"] for row in self.campaign.channel_rows}
        sent = deliveries_of(channels, [person.pk for person in people])
        return {
            "page": page,
            "people": [{"person": person, "deliveries": sent.get(person.pk, [])} for person in people],
        }


def deliveries_of(channels: dict[int, str], people: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The ledger rows of these people in these channels, by person: one query."""
    found: dict[int, list[dict[str, Any]]] = {}
    # ``+ 0``: by the people's own index, never along a channel that may have a million of them.
    own = Delivery.objects.alias(of=F("channel_id") + 0).filter(of__in=list(channels))
    rows = own.filter(person_id__in=list(people)).order_by("channel_id", "id")
    for row in rows:
        entry = {
            "kind": channels[row.channel_id],
            "delivery": row,
            "why": why(row),
            "look": LOOKS[row.status],
        }
        found.setdefault(row.person_id, []).append(entry)
    return found
