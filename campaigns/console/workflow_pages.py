"""/campaigns/<id>/edit/what/ of a journey, and a flow's workflow: it is drawn as cards, and kept until it is saved.

Every button works without a script; with one, only the drawing is exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from campaigns.console.flow_places import OfFlow
from campaigns.console.forms import VersionForm
from campaigns.console.live_edits import people_at, saved_with_people
from campaigns.console.pages import refusals_as_pages
from campaigns.console.step_words import title_of
from campaigns.console.what import EditWhat
from campaigns.console.workflow_cards import Card, card_with, cards_of, problems_of
from campaigns.domain import workflow_editing as drawing
from campaigns.domain.workflow import channel_kinds_in, steps_in
from campaigns.services import workflow_edits
from campaigns.services.workflow_edits import Drawn
from channels.domain.kinds import KINDS
from config.console.views import is_fragment

#: What the buttons beside the drawing have done.
SAID = {
    "undo": "Taken back.", "redo": "Brought again.", "discard": "Your changes are discarded.", "insist": "Yours is kept.",
}  # fmt: skip


class OfWorkflow(OfFlow):
    """A page about the workflow that the member is drawing; ``flow`` of the address names it in a flow campaign."""

    section, heading = "what", "Workflow"
    form_class: type[forms.Form] = VersionForm

    def open_sections(self) -> list[str]:
        """None for an active flow of a campaign that is Active: it is read-only (seed 002)."""
        return [] if self.is_locked else super().open_sections()

    @cached_property
    def drawn(self) -> Drawn:
        """The workflow as the member sees it; another campaign's or flow's is 404."""
        with refusals_as_pages():
            found = workflow_edits.drawn(self.campaign, self.membership.user, self.flow)
        return found

    def look_again(self) -> None:
        """Forget what was read: it has just been changed."""
        self.__dict__.pop("drawn", None)

    @property
    def place(self) -> str:
        """Where the address says that steps go; the end where it says nothing."""
        return self.request.GET.get("at") or f"workflow.{len(self.drawn.workflow)}"

    def refuse(self, reason: str) -> HttpResponse:
        """The page again, with the reason why the drawing stays as it is."""
        form = self.make_form({})
        form.add_error(None, reason)
        return self.show(form, 422)

    def keep(self, workflow: drawing.Workflow) -> None:
        """Keep the workflow as it is drawn now; nothing of the campaign changes by that. Raises `EditError`."""
        if not self.open_sections():
            label = self.campaign.look.label
            raise drawing.EditError(f"The workflow cannot be edited while the campaign is {label}.")
        workflow_edits.keep(self.campaign, self.membership.user, self.flow, workflow, timezone.now())
        self.look_again()

    def address(self, name: str = "", *args: str) -> str:
        """The address of the drawing (""), or of a page about a step or place of it."""
        base = "edit-flow" if self.flow else "edit-what"
        prefix = [self.campaign.pk, self.flow] if self.flow else [self.campaign.pk]
        return reverse(f"campaigns:{base}{'-' if name else ''}{name}", args=[*prefix, *args])

    def context(self) -> dict[str, Any]:
        return {
            **super().context(),
            "flow": self.flow,
            "drawn": self.drawn,
            "workflow_url": self.address(),
            "add_url": self.address("add"),
            "copy_url": self.address("copy"),
            "steps_url": self.address("add").removesuffix("add/") + "steps/",
        }


class EditWorkflow(OfWorkflow, EditWhat):
    """The drawing, with the channels that its messages go through."""

    heading, flow_page = "What", "Workflow"
    template_name = "campaigns/edit_workflow.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        subject, _, rest = request.POST.get("op", "save").partition(":")
        if subject != "workflow":
            asked = saved_with_people(self) if subject == "save" else None
            return asked or super().post(request, *args, **kwargs)
        self._load()
        self.said, self.problem = "", ""
        status = 200
        try:
            self.said = self.change(*rest.split(":"))
        except (drawing.EditError, TypeError) as error:
            self.problem = str(error) if isinstance(error, drawing.EditError) else "That cannot be done."
            status = 422
        if not is_fragment(request):
            return self.show(self.make_form(request.POST), status)
        values = {"view": self, "form": self.make_form(), **self.context()}
        return render(request, "campaigns/parts/workflow.html", values, status=status)

    said, problem = "", ""

    def change(self, word: str, key: str = "", *more: str) -> str:
        """Do what a button of the drawing says; answers what has happened, for who cannot see it."""
        user, now = self.membership.user, timezone.now()
        there = True
        if word in ("undo", "redo"):
            there = workflow_edits.undo(self.campaign, user, self.flow, now, again=word == "redo")
        elif word == "discard":
            workflow_edits.give_up(self.campaign, user, self.flow)
        elif word == "insist":
            workflow_edits.insist(self.campaign, user, self.flow)
        else:
            return self._change_step(word, key, *more)
        self.look_again()
        return SAID[word] if there else "There is nothing more."

    def _change_step(self, word: str, key: str, place: str = "") -> str:
        workflow = self.drawn.workflow
        name = title_of(drawing.place_of(workflow, key).step)
        if word in ("up", "down"):
            made = drawing.nudged(workflow, key, word == "down")
        elif word == "move":
            made = drawing.moved(workflow, key, place)
        elif word == "remove":
            inside = sum(1 for _ in steps_in(workflow)) - sum(
                1 for _ in steps_in(drawing.removed(workflow, key))
            )
            made = drawing.removed(workflow, key)
            self.keep(made)
            more = f" and the {inside - 1} inside it" if inside > 1 else ""
            return f"Removed “{name}”{more}. Undo brings it back."
        elif word == "duplicate":
            made, _ = drawing.duplicated(workflow, key, workflow_edits.new_keys(self.campaign, self.drawn))
        else:
            raise drawing.EditError("There is no such button.")
        self.keep(made)
        card = card_with(self.cards, key)
        return (
            f"“{name}” is {'copied' if word == 'duplicate' else f'step {card.number} now'}." if card else ""
        )

    @property
    def cards(self) -> list[Card]:
        """The drawing, with what the service refused beside the steps."""
        saved = self.drawn.saved if self.drawn.is_edited else None
        here = people_at(self.campaign, self.flow)
        return cards_of(self.drawn.workflow, saved=saved, refused=self.refused_paths, here=here)

    refused_paths: Mapping[str, str] = {}

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """What is wrong with a step stands beside it."""
        fields = getattr(refusal, "fields", {})
        paths = {path[path.index("workflow") :]: text for path, text in fields.items() if "workflow." in path}
        self.refused_paths = paths
        rest = {path: text for path, text in fields.items() if "workflow." not in path}
        refusal.fields = rest  # type: ignore[attr-defined]
        if paths:
            form.add_error(None, "Some steps are not right yet; the reasons are beside them.")
        return super()._named(form, refusal)

    def payload(self, form: Any) -> dict[str, Any]:
        found = {"channels": [block.payload(with_content=False) for block in self.blocks]}
        if self.flow:
            found = {}
        if self.flow or self.drawn.is_edited:
            found |= workflow_edits.payload_of(self.campaign, self.membership.user, self.flow)
        return found

    def store(self, payload: dict[str, Any], version: int | None) -> str:
        address = super().store(payload, version)
        workflow_edits.give_up(self.campaign, self.membership.user, self.flow)
        return address

    def missing_channels(self) -> list[Any]:
        """The kinds of channel that steps send by and the campaign lacks."""
        there = {block.kind.key for block in self.blocks}
        return [KINDS[kind] for kind in channel_kinds_in(self.drawn.workflow) if kind not in there]

    def context(self) -> dict[str, Any]:
        cards = self.cards
        return {
            **super().context(),
            "cards": cards,
            "step_count": sum(1 for _ in steps_in(self.drawn.workflow)),
            "problem_count": problems_of(cards),
            "missing": self.missing_channels(),
            "said": self.said,
            "problem": self.problem,
            "channels_inside": not self.flow,
        }
