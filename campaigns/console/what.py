"""/campaigns/<id>/edit/what/: the content of every channel, or a journey's channels and workflow."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from campaigns.console.audience import sample_people
from campaigns.console.content_forms import (
    Block,
    blocks_of,
    kinds_for,
    posted_blocks,
    usable_connections,
)
from campaigns.console.editing import EditPage
from campaigns.console.forms import VersionForm
from campaigns.console.pages import OfCampaign
from campaigns.console.step_forms import StepBlock, edited, posted_steps, steps_blocks
from channels.models import Channel
from config.console.numbers import whole

#: The properties that every person has; the others are found in the sample.
PROPERTIES = ("first_name", "last_name", "email", "phone", "external_id")


class EditWhat(EditPage):
    """Buttons of the form that only change the form (add, remove, move) show it again; nothing is saved by them."""

    section, heading = "what", "What"
    template_name = "campaigns/edit_what.html"
    form_class = VersionForm

    @property
    def is_journey(self) -> bool:
        return self.campaign.kind == "journey"

    def _load(self) -> None:
        """Blocks and steps, as posted or as they are."""
        channels = list(Channel.objects.filter(campaign=self.campaign).order_by("position", "id"))
        posted = self.request.method == "POST"
        self.blocks: list[Block] = (
            posted_blocks(self.request.POST, self.campaign, channels)
            if posted
            else blocks_of(self.campaign, channels)
        )
        self.steps: list[StepBlock] = (
            posted_steps(self.request.POST) if posted else steps_blocks(self.campaign.workflow)
        )
        self.connections = usable_connections(self.workspace)
        self.kinds = kinds_for(self.campaign.kind)
        if not self.blocks and len(self.kinds) == 1:
            self.blocks.append(self._new_block(self.kinds[0].key))

    def _new_block(self, kind: str) -> Block:
        chosen = next(kind_row for kind_row in self.kinds if kind_row.key == kind)
        usable = self.connections.get(kind, [])
        only = str(usable[0].pk) if len(usable) == 1 else ""
        return Block(len(self.blocks), chosen, connection=only)

    def prepare(self) -> None:
        self._load()
        added = self.request.GET.get("add", "")
        if any(kind.key == added for kind in self.kinds):
            self.blocks.append(self._new_block(added))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._load()
        operation = request.POST.get("op", "save")
        if operation != "save":
            self._operate(operation)
            return self.show(self.make_form(request.POST))
        return super().post(request, *args, **kwargs)

    def _operate(self, operation: str) -> None:
        subject, _, rest = operation.partition(":")
        if subject == "step":
            self.steps = edited(self.steps, rest, [block.kind.key for block in self.blocks])
        elif rest == "add":
            kind = self.request.POST.get("new_kind", "")
            if any(known.key == kind for known in self.kinds):
                self.blocks.append(self._new_block(kind))
        elif rest.startswith("remove-"):
            self.blocks = [block for block in self.blocks if f"remove-{block.index}" != rest]
        else:
            word, at, row = (*rest.split("-"), "", "")[:3]
            for block in self.blocks:
                if str(block.index) == at:
                    block.values = block.texts.change(word, whole(row) or 0, block.values)
        for index, block in enumerate(self.blocks):
            block.renumber(index)

    def payload(self, form: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"channels": [block.payload(not self.is_journey) for block in self.blocks]}
        if self.is_journey:
            found["workflow"] = [step.payload() for step in self.steps]
        return found

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Put each problem beside its block: channels.0.content.subject, workflow.2.for."""
        for path, text in getattr(refusal, "fields", {}).items():
            subject, *rest = path.split(".")
            rows: list[Any] = {"channels": self.blocks, "workflow": self.steps}.get(subject, [])
            at = whole(rest[0]) if rest else None
            if at is not None and at < len(rows):
                self._place_error(rows[at], rest[1:], text)
            else:
                form.add_error(None, text)
        if not form.errors and getattr(refusal, "fields", {}):
            form.add_error(None, "Some of it cannot be saved yet; the reasons are beside it.")
        return form

    @staticmethod
    def _place_error(block: Block | StepBlock, path: list[str], text: str) -> None:
        if path[:1] == ["content"]:
            path = path[1:] or ["content"]
        if path[:1] == ["variants"] and block.texts.place_error(".".join(path[1:]), text):
            return
        block.errors[path[-1] if path else ""] = text

    def context(self) -> dict[str, Any]:
        people = sample_people(self.campaign, 10)
        for block in self.blocks:
            block.connections = self.connections.get(block.kind.key, [])
        known = [name for person in people for name in person.attributes]
        return {
            **super().context(),
            "blocks": self.blocks,
            "step_blocks": self.steps,
            "is_journey": self.is_journey,
            "kinds": self.kinds,
            "can_add": len(self.kinds) > 1 or not self.blocks,
            "people": people,
            "properties": list(dict.fromkeys([*PROPERTIES, *known]))[:40],
        }


class AddChannel(OfCampaign, View):
    """/campaigns/<id>/channels/new/: the content page, where a channel is added."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("campaigns:edit-what", args=[self.campaign.pk]) + "#add-channel")
