"""Looking at an audience before anybody is contacted: how many, ten of them, who cannot be reached, a rendering."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from campaigns.console.pages import OfCampaign
from campaigns.console.previews import drawing_of, plain_text, size_words
from campaigns.domain.programs import BY_STEPS
from campaigns.engine.audience import EVERYBODY, audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.models import Campaign, Person, Segment
from campaigns.services.previewing import render_for, sample_people
from campaigns.services.segments import condition_words
from channels.domain.content import part_names
from channels.domain.kinds import KINDS
from config.console.numbers import whole, wholes

#: The groups of a segment trigger in its form (trigger_forms.py).
_GROUPS = ("inside", "also", "also-2", "also-3", "also-4")


def unreachable(campaign: Campaign, kinds: list[str]) -> list[dict[str, Any]]:
    """For each kind of channel, how many of the audience lack the address that it needs."""
    audience = audience_of(campaign)
    needed = [(key, KINDS[key].address) for key in kinds if KINDS[key].address in ("email", "phone")]
    if audience is None or not needed:
        return []
    columns = ", ".join(f"count(*) FILTER (WHERE p.{column} = '')" for _, column in needed)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} {audience.people()}", audience.params | EVERYBODY)
        counts = cursor.fetchone()
    words = {"email": "e-mail address", "phone": "phone number"}
    return [
        {"kind": KINDS[key].label, "address": words[column], "count": count}
        for (key, column), count in zip(needed, counts, strict=True)
        if count
    ]


def with_conditions(payload: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    """The payload of *Who* with the conditions that the campaign has and the form does not show."""
    audience = payload.get("audience") or {}
    if "audience" in payload:
        if not audience and campaign.audience_condition:
            audience = {"condition": campaign.audience_condition}
        if audience and campaign.audience_filter:
            audience["filter"] = campaign.audience_filter
        return {**payload, "audience": audience or None}
    if payload.get("trigger") and campaign.trigger.get("filter"):
        return {**payload, "trigger": {**payload["trigger"], "filter": campaign.trigger["filter"]}}
    return payload


def conditions_in_words(campaign: Campaign) -> dict[str, str]:
    """The audience's own condition and its filters as sentences, "" where there is none."""
    found = {}
    filters = [part for part in (campaign.audience_filter, campaign.trigger.get("filter")) if part]
    for name, parts in (("condition", [campaign.audience_condition]), ("filter", filters)):
        given = {"all": [part for part in parts if part]}
        found[name] = condition_words(given) if given["all"] else ""
    return found


class AudiencePanel(OfCampaign, View):
    """The live panel beside *Who*: what the form says now, before it is saved."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        draft = self._draft(request)
        audience = audience_of(draft)
        kinds = [row["kind"] for row in self.campaign.channel_rows]
        busy = Campaign.objects.visible_to(self.membership).filter(
            status__in=("running", "scheduled", "stopping"), segment_id__in=audience.lists if audience else []
        )
        values = {
            "chosen": audience is not None,
            "count": count_people(audience) if audience else 0,
            "people": sample_people(draft, 10) if audience else [],
            "unreachable": unreachable(draft, kinds),
            "busy": busy.exclude(pk=self.campaign.pk).order_by("-id")[:5],
        }
        return render(request, "campaigns/parts/audience.html", values)

    def _draft(self, request: HttpRequest) -> Campaign:
        """The campaign with the audience of the form; never saved."""
        own = set(Segment.objects.filter(workspace=self.workspace, hidden=False).values_list("pk", flat=True))

        def ids(name: str) -> list[int]:
            return [pk for pk in wholes(request.GET.getlist(name)) if pk in own]

        draft = Campaign(workspace_id=self.campaign.workspace_id, kind=self.campaign.kind)
        if self.campaign.kind in BY_STEPS:
            groups = [group for group in map(ids, _GROUPS) if group]
            draft.trigger = {"type": "segment", "in": groups, "not_in": ids("outside")} if groups else {}
        else:
            draft.segment_id = next(iter(ids("segment")), None)
            if draft.segment_id is None:
                draft.audience_condition = self.campaign.audience_condition
        draft.audience_filter = self.campaign.audience_filter
        saved = self._saved_trigger()
        if draft.trigger and saved.get("filter"):
            draft.trigger["filter"] = saved["filter"]
        return draft

    def _saved_trigger(self) -> dict[str, Any]:
        """Of the flow that the address names, or the journey's own."""
        flow = self.request.GET.get("flow", "")
        found = (one.get("trigger") for one in self.campaign.flows if one.get("key") == flow)
        return next(found, self.campaign.trigger) or {}


class Preview(OfCampaign, View):
    """A message as one real person would get it, from what is in the form just now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        prefix, kind = request.POST.get("prefix", ""), request.POST.get("kind", "")
        if kind not in KINDS:
            raise Http404
        people = Person.objects.filter(workspace=self.workspace, pk=whole(request.POST.get("person")) or 0)
        person = next(iter(people), None) or next(iter(sample_people(self.campaign, 1)), None)
        # What a value of a property leaves empty is that of everybody else, the block's own (c0- of c0-v1-).
        own = f"{prefix.partition('-')[0]}-"
        typed = request.POST
        subject, body = (
            typed.get(f"{prefix}{name}") or typed.get(f"{own}{name}", "") for name in ("subject", "body")
        )
        values = {"person": person, "kind": KINDS[kind]}
        if person is not None:
            parts = {name: typed.get(f"{own}{name}", "") for name in part_names(kind)}
            rendered = render_for(self.campaign, person, kind, subject, body, parts)
            values |= {"rendered": rendered, "drawn": drawing_of(kind), "size": size_words(kind, rendered),
                       "plain": plain_text(rendered.body) if rendered.html else ""}  # fmt: skip
        return render(request, "campaigns/parts/preview.html", values)
