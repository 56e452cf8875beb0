"""/campaigns/<id>/edit/what/ of a flow campaign: its channels and its flows, each switched on or off (seed 002)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from campaigns.console.pages import refusals_as_pages
from campaigns.console.trigger_words import trigger_words
from campaigns.console.what import EditWhat
from campaigns.console.workflow_pages import EditWorkflow
from campaigns.domain.flows import is_locked
from campaigns.domain.programs import flows_as_programs
from campaigns.domain.workflow import flow_of, steps_in, workflow_problem
from campaigns.services import flow_edits
from campaigns.services.consequences import people
from campaigns.services.counts import journey_counts
from campaigns.services.editing import save_edit
from campaigns.services.errors import ActionError
from campaigns.services.workflow_edits import saved_flows
from channels.models import Agent
from config.console.numbers import whole
from config.console.views import ActionView


@dataclass(frozen=True, slots=True)
class FlowShown:
    """A flow as a row of the list."""

    key: str
    name: str
    active: bool
    trigger: str
    steps: int
    inside: int
    problem: str
    locked: bool
    """It is active in a campaign that is Active: read-only."""


def flows_of(campaign: Any) -> list[FlowShown]:
    """The flows that an edit begins from, with what lets people in, how many are inside, and what is missing."""
    at = journey_counts([campaign.pk])[campaign.pk]["at"]
    kinds = {row["kind"] for row in campaign.channel_rows}
    found = []
    for flow in flows_as_programs(saved_flows(campaign)):
        inside = sum(number for step, number in at.items() if flow_of(step) == flow.flow)
        problem = "It has no trigger yet." if not flow.trigger else workflow_problem(flow.workflow, kinds)
        steps = sum(1 for _ in steps_in(flow.workflow))
        words = trigger_words(flow.trigger, flow.frequency)
        found.append(
            FlowShown(
                flow.flow,
                flow.name,
                flow.active,
                words,
                steps,
                inside,
                problem,
                is_locked(campaign, flow.flow),
            )
        )
    return found


class EditFlows(EditWhat):
    """The channels are saved by their button; what is done to a flow is saved at once."""

    heading = "Flows"
    template_name = "campaigns/edit_flows.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        operation = request.POST.get("op", "save")
        if operation.startswith("flow:"):
            return self._change(*operation.split(":")[1:3])
        return super().post(request, *args, **kwargs)

    def _change(self, word: str, key: str = "") -> HttpResponse:
        """Add, switch, duplicate or move a flow."""
        saved = saved_flows(self.campaign)
        made: dict[str, Callable[[], flow_edits.Flows]] = {
            "add": lambda: flow_edits.added(saved, self.request.POST.get("new_flow", "")),
            "on": lambda: flow_edits.switched(saved, key, True),
            "off": lambda: flow_edits.switched(saved, key, False),
            "duplicate": lambda: flow_edits.duplicated(saved, key),
        }
        if word not in made:
            raise Http404
        here = reverse("campaigns:edit-what", args=[self.campaign.pk])
        try:
            with refusals_as_pages():
                flows = made[word]()
                version = whole(self.request.POST.get("version", ""))
                save_edit(self.campaign.pk, self.actor, {"flows": flows}, version, timezone.now())
        except ActionError as error:
            messages.error(self.request, str(error))
            return HttpResponseRedirect(here)
        if word == "add":
            return HttpResponseRedirect(
                reverse("campaigns:edit-flow-who", args=[self.campaign.pk, flows[-1]["key"]])
            )
        name = next(flow["name"] for flow in flows if flow["key"] == key)
        done = {"on": "is active now", "off": "is inactive now"}.get(word, "is duplicated")
        messages.success(self.request, f"“{name}” {done}.")
        return HttpResponseRedirect(f"{here}#flows")

    def payload(self, form: Any) -> dict[str, Any]:
        chosen = []
        for block in self.blocks:
            line = block.payload(with_content=False)
            agent = whole(self.request.POST.get(f"c{block.index}-agent", ""))
            chosen.append({**line, "agent": agent} if not block.locked else line)
        return {"channels": chosen}

    def context(self) -> dict[str, Any]:
        rows = self.campaign.channels.values_list("pk", "agent_id")
        agents_of = {str(pk): agent for pk, agent in rows}
        posted = self.request.method == "POST"
        for block in self.blocks:
            typed = whole(self.request.POST.get(f"c{block.index}-agent", "")) if posted else None
            block.agent = typed or agents_of.get(block.id)
        return {
            **super().context(),
            "flows": flows_of(self.campaign),
            "agents": list(Agent.objects.filter(workspace=self.workspace).order_by("name")),
            "is_running": self.campaign.status == "running",
        }


class RemoveFlow(EditWhat, ActionView):
    """Takes a flow away; whoever is inside leaves it."""

    heading = "Remove a flow"
    template_name = "console/confirm.html"
    form_class = forms.Form

    def prepare(self) -> None:
        """Nothing but the flow itself."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return ActionView.post(self, request, *args, **kwargs)

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        return forms.Form(data)

    def save(self, form: Any) -> str:
        removed = self._flow().key
        flows = [flow for flow in saved_flows(self.campaign) if flow["key"] != removed]
        with refusals_as_pages():
            save_edit(self.campaign.pk, self.actor, {"flows": flows}, None, timezone.now())
        messages.success(self.request, "The flow is removed.")
        return reverse("campaigns:edit-what", args=[self.campaign.pk])

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        return form

    def _flow(self) -> FlowShown:
        flow = next((flow for flow in flows_of(self.campaign) if flow.key == self.kwargs["flow"]), None)
        if flow is None:
            raise Http404
        return flow

    def context(self) -> dict[str, Any]:
        flow = self._flow()
        inside = f"{people(flow.inside)} inside {'leaves' if flow.inside == 1 else 'leave'} it."
        lines = ["Its trigger, workflow and settings are deleted; what it has sent stays in the ledger."]
        return {
            "title": f"Remove the flow “{flow.name}”",
            "verb": "Yes, remove it",
            "danger": True,
            "consequences": [
                {"icon": "point", "text": text} for text in ([inside] if flow.inside else []) + lines
            ],
            "back_url": reverse("campaigns:edit-what", args=[self.campaign.pk]),
            "back_label": self.campaign.name,
        }


class WhatPage(EditWhat):
    """/campaigns/<id>/edit/what/: the content of every channel, the workflow of a journey, or the flows."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        pages = {"journey": EditWorkflow, "flow": EditFlows}
        if getattr(request, "membership", None) and self.campaign.kind in pages:
            return pages[self.campaign.kind].as_view()(request, *args, **kwargs)  # type: ignore[return-value]
        return super().dispatch(request, *args, **kwargs)
