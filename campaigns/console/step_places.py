"""Where a step goes: adding one of a type at a place, and moving one to any other place from a list."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from campaigns.console.step_defaults import new_step
from campaigns.console.step_words import TYPES, title_of, way_label
from campaigns.console.workflow_cards import Card, card_with, cards_of
from campaigns.console.workflow_pages import OfWorkflow
from campaigns.domain import workflow_editing as drawing
from campaigns.services import workflow_edits
from config.console.views import go_to


class AddStep(OfWorkflow):
    """A step of a type that is chosen here, at the place that the address names; then it is filled in."""

    heading = "Add a step"
    template_name = "campaigns/step_add.html"

    def context(self) -> dict[str, Any]:
        return {**super().context(), "types": TYPES.values(), "at": self.place}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind = request.POST.get("type", "")
        if kind not in TYPES:
            return self.refuse("Choose what kind of step it is.")
        key = workflow_edits.new_keys(self.campaign, self.drawn)(kind)
        channels = [row["kind"] for row in self.campaign.channel_rows]
        step = {"key": key, "type": kind, **new_step(kind, channels)}
        try:
            self.keep(drawing.inserted(self.drawn.workflow, self.place, [step]))
        except drawing.EditError as error:
            return self.refuse(str(error))
        return go_to(request, self.address("step", key))


class MoveStep(OfWorkflow):
    """Every place that a step can be moved to, in a list: the keyboard's way to what a mouse drags."""

    heading = "Move a step"
    template_name = "campaigns/step_move.html"

    def places(self) -> list[dict[str, Any]]:
        """The places outside of the step itself, in words."""
        workflow = self.drawn.workflow
        here = self._here()
        cards = cards_of(workflow)
        found = []
        for gap in drawing.gaps_of(workflow):
            if (
                gap.place.startswith(f"{here.path}.")
                or gap.place == here.path
                or gap.after == self.kwargs["key"]
            ):
                continue
            found.append({"place": gap.place, "depth": gap.depth, "words": self._words(gap, cards)})
        return found

    def _here(self) -> Any:
        try:
            return drawing.place_of(self.drawn.workflow, self.kwargs["key"])
        except drawing.EditError as error:
            raise Http404 from error

    def _words(self, gap: drawing.Gap, cards: list[Card]) -> str:
        if gap.after:
            card = card_with(cards, gap.after)
            return f"After {card.number}. {card.title}" if card else ""
        if not gap.inside:
            return "At the very beginning"
        card = card_with(cards, gap.inside)
        step = drawing.place_of(self.drawn.workflow, gap.inside).step
        return f"In {card.number}. {card.title}, {way_label(step, gap.way)}: at the beginning" if card else ""

    def context(self) -> dict[str, Any]:
        return {**super().context(), "step_title": title_of(self._here().step), "places": self.places()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.keep(drawing.moved(self.drawn.workflow, kwargs["key"], request.POST.get("to", "")))
        except drawing.EditError as error:
            return self.refuse(str(error))
        return go_to(request, f"{self.address()}#step-{kwargs['key']}")
