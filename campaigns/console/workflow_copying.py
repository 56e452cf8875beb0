"""Copying steps from another campaign into the drawing: choose the workspace, the campaign, the steps and the place."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from campaigns.console.workflow_cards import Card, cards_of
from campaigns.console.workflow_pages import OfWorkflow
from campaigns.domain import workflow_editing as drawing
from campaigns.models import Campaign, Membership
from campaigns.services import workflow_copying, workflow_edits
from campaigns.services.errors import ActionError
from config.console.numbers import whole
from config.console.views import go_to

MOST_SHOWN = 50


class CopySteps(OfWorkflow):
    """One page: the choice so far is in its address, so that Back goes one choice back."""

    heading = "Copy steps"
    template_name = "campaigns/workflow_copy.html"

    @cached_property
    def memberships(self) -> list[Membership]:
        """The workspaces that this person may copy from."""
        return workflow_copying.workspaces_of(self.membership.user)

    @cached_property
    def chosen_membership(self) -> Membership:
        """The workspace that was chosen, this one where none was; one that is not theirs is 404."""
        wanted = self.request.GET.get("workspace")
        if not wanted:
            return self.membership  # type: ignore[no-any-return]
        found = [one for one in self.memberships if one.workspace_id == whole(wanted)]
        if not found:
            raise Http404
        return found[0]

    @cached_property
    def source(self) -> Campaign | None:
        """The campaign to copy from, once it is chosen."""
        wanted = self.request.GET.get("from")
        if not wanted:
            return None
        there = workflow_copying.campaigns_with_steps(self.chosen_membership).select_related("workspace")
        found = there.filter(pk=whole(wanted) or 0).first()
        if found is None:
            raise Http404
        return found

    @property
    def source_flow(self) -> str:
        """The flow to copy from; the first one where none was chosen."""
        flows = self.source.flows if self.source and self.source.kind == "flow" else []
        return self.request.GET.get("source_flow") or (str(flows[0].get("key", "")) if flows else "")

    def context(self) -> dict[str, Any]:
        found = workflow_copying.campaigns_with_steps(self.chosen_membership)
        search = self.request.GET.get("q", "").strip()
        campaigns = (found.named(search) if search else found).exclude(
            pk=self.campaign.pk if not self.flow else 0
        )
        return {
            **super().context(),
            "memberships": self.memberships,
            "chosen_membership": self.chosen_membership,
            "search": search,
            "campaigns": [] if self.source else campaigns[:MOST_SHOWN],
            "source": self.source,
            "source_flow": self.source_flow,
            "at": self.place,
            "source_steps": self._steps() if self.source else [],
            "ticked": self.request.POST.getlist("steps"),
        }

    def _steps(self) -> list[tuple[int, Card]]:
        """The steps of the source with their depth, from top to bottom."""
        assert self.source is not None
        try:
            workflow = workflow_copying.workflow_of(self.source, self.source_flow)
        except ActionError as error:
            raise Http404 from error
        return list(_flat(cards_of(workflow), 0))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.source is None:
            return self.get(request, *args, **kwargs)
        keys = workflow_edits.new_keys(self.campaign, self.drawn)
        try:
            found = workflow_copying.copied(
                self.source, request.POST.getlist("steps"), self.campaign, keys, self.source_flow
            )
            self.keep(drawing.inserted(self.drawn.workflow, self.place, found.steps))
        except (ActionError, drawing.EditError) as refusal:
            return self.refuse(str(refusal))
        for note in found.notes:
            messages.warning(request, note)
        messages.success(request, f"Copied from “{self.source.name}”. Save the workflow to keep it.")
        return go_to(request, f"{self.address()}#step-{found.steps[0]['key']}")


def _flat(cards: list[Card], depth: int) -> Any:
    for card in cards:
        yield depth, card
        for way in card.ways:
            yield from _flat(way.cards, depth + 1)
