"""/campaigns/<id>/participants/ of journeys and flows: who is inside, at which step, until when, and what each was sent.

Every page is walked along an index, however many people there are: those at a step by when they are due, those who have
left by the order of their journeys, everybody by person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.views.generic import View

from campaigns.console.ledger import ParticipantsPage, deliveries_of
from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.console.step_words import icon_of, title_of
from campaigns.domain.moments import NEVER
from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.workflow import Node, flow_of
from campaigns.models import Journey, Person
from campaigns.services.counts import journey_counts
from config.console.paging import Page, keyset_page

PAGE = 50
#: People that a search looks at; their journeys are then found by person.
MOST_FOUND = 200


class Participants(OfCampaign, View):
    """Hands the request to the page of the campaign's kind."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = JourneysPage if self.campaign.kind in BY_STEPS else ParticipantsPage
        return page.as_view()(request, *args, **kwargs)


class JourneysPage(CampaignPage):
    """The journeys through the workflow, by status, flow, step and person."""

    template_name = "campaigns/journeys.html"
    tab = "Participants"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        self.programs = programs_of(self.campaign)
        self.nodes: dict[str, Node] = {
            key: node for program in self.programs for key, node in program.graph().items()
        }
        counts = journey_counts([self.campaign.pk])[self.campaign.pk]
        chosen = self._chosen()
        page = self._page(chosen)
        names = {program.flow: program.name for program in self.programs}
        return {
            **context,
            **chosen,
            "page": page,
            "people": self._decorated(page.rows, names),
            "is_flow": self.campaign.kind == "flow",
            "is_filtered": any(chosen.values()),
            "statuses": [{"name": name, "label": label, "count": counts[name]} for name, label in Journey.STATUSES],
            "entered": counts["entered"],
            "steps": self._steps(counts["at"]),
            "flows": [(program.flow, program.name) for program in self.programs],
        }  # fmt: skip

    def _chosen(self) -> dict[str, str]:
        """The filters of the address; what this campaign does not have is none."""
        asked = self.request.GET
        status, flow, step = asked.get("status", ""), asked.get("flow", ""), asked.get("step", "")
        flows = {program.flow for program in self.programs}
        step = step if step in self.nodes else ""
        return {
            "status": Journey.ACTIVE if step else status if status in dict(Journey.STATUSES) else "",
            "flow": flow if flow in flows and not step else "",
            "step": step,
            "q": asked.get("q", "").strip()[:200],
        }

    def _page(self, chosen: Mapping[str, str]) -> Page:
        rows = Journey.objects.filter(campaign_id=self.campaign.pk).select_related("person")
        cursor = self.request.GET.get("cursor", "")
        if chosen["flow"]:
            rows = rows.filter(flow=chosen["flow"])
        if chosen["status"]:
            rows = rows.filter(status=chosen["status"])
        if chosen["step"]:
            rows = rows.filter(step=chosen["step"])
        if chosen["q"]:
            people = Person.objects.filter(workspace=self.workspace).known_as(chosen["q"]).order_by("id")
            ids = list(people.values_list("pk", flat=True)[:MOST_FOUND])
            # ``+ 0``: by the people's own index, never along a campaign that may have a million of them.
            own = Journey.objects.alias(of=F("campaign_id") + 0).filter(of=self.campaign.pk)
            own = own.filter(person_id__in=ids).select_related("person")
            kept = {name: chosen[name] for name in ("flow", "status", "step") if chosen[name]}
            return keyset_page(own.filter(**kept), ["person_id", "id"], cursor, PAGE)
        if chosen["step"]:
            return keyset_page(rows, ["due_at", "id"], cursor, PAGE)
        if chosen["status"] in (Journey.FINISHED, Journey.EXITED):
            return keyset_page(rows, ["id"], cursor, PAGE)
        return keyset_page(rows, ["person_id", "flow", "entry"], cursor, PAGE)

    def _decorated(self, journeys: Sequence[Journey], names: Mapping[str, str]) -> list[dict[str, Any]]:
        """What else the rows show; one query for the messages of all of them."""
        channels = {row["id"]: row["kind"] for row in self.campaign.channel_rows}
        sent = deliveries_of(channels, {journey.person_id for journey in journeys}) if journeys else {}
        return [
            {
                "journey": journey,
                "step": self._step(journey.step),
                "flow": names.get(journey.flow, journey.flow),
                "has_limit": journey.due_at < NEVER,
                "messages": [
                    {**row, "step": self._step(row["delivery"].step)["title"]}
                    for row in sent.get(journey.person_id, [])
                    if row["delivery"].run == journey.entry and flow_of(row["delivery"].step) == journey.flow
                ],
            }
            for journey in journeys
        ]

    def _step(self, key: str) -> dict[str, str]:
        node = self.nodes.get(key)
        if node is None:
            return {
                "title": key.rpartition(":")[2],
                "icon": "trash",
                "gone": "The workflow has this step no more.",
            }
        return {"title": title_of(node.step.raw), "icon": icon_of(node.step.raw), "gone": ""}

    def _steps(self, people: Mapping[str, int]) -> list[tuple[str, list[dict[str, Any]]]]:
        """The steps to choose from, flow by flow, with how many are there now."""
        return [(program.name, self._steps_of(program, people)) for program in self.programs]

    def _steps_of(self, program: Program, people: Mapping[str, int]) -> list[dict[str, Any]]:
        return [
            {"key": key, "title": title_of(node.step.raw), "people": people.get(key, 0), "depth": node.depth}
            for key, node in program.graph().items()
        ]
