"""/campaigns/<id>/edit/what/: the content of every channel. Workflows are in workflow_pages.py."""

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
from campaigns.console.taken_email import asked_email
from campaigns.console.variant_forms import texts_as_stored
from campaigns.domain.programs import BY_STEPS
from campaigns.services.existing_emails import EMAIL, ExistingEmail
from channels.models import Channel
from config.console.numbers import whole

#: The properties that every person has; the others are found in the sample.
PROPERTIES = ("first_name", "last_name", "email", "phone", "external_id")


class EditWhat(EditPage):
    """Buttons of the form that only change the form (add, remove, move) show it again; nothing is saved by them."""

    section, heading = "what", "What"
    template_name = "campaigns/edit_what.html"
    form_class = VersionForm
    taken: ExistingEmail | None = None

    @property
    def is_journey(self) -> bool:
        return self.campaign.kind == "journey"

    def _load(self) -> None:
        """The channels, as posted or as they are."""
        channels = list(Channel.objects.filter(campaign=self.campaign).order_by("position", "id"))
        posted = self.request.method == "POST"
        self.blocks: list[Block] = (
            posted_blocks(self.request.POST, self.campaign, channels)
            if posted
            else blocks_of(self.campaign, channels)
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
        self.taken = None if self.campaign.kind in BY_STEPS else asked_email(self)
        if self.taken:
            self._start_from(self.taken)

    def _start_from(self, email: ExistingEmail) -> None:
        """Put an email into the block that it was chosen for; into a new one where that was not saved yet."""
        at = whole(self.request.GET.get("block", "")) or 0
        found = [block for block in self.blocks if block.index == at and block.kind.key == EMAIL]
        if not found and any(kind.key == EMAIL for kind in self.kinds):
            found = [self._new_block(EMAIL)]
            self.blocks += found
        for block in found:
            if not block.locked:
                content = {"subject": email.subject, "body": email.body}
                block.texts, block.values = texts_as_stored(f"c{block.index}-", EMAIL, content)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._load()
        operation = request.POST.get("op", "save")
        if operation != "save":
            self._operate(operation)
            return self.show(self.make_form(request.POST))
        return super().post(request, *args, **kwargs)

    def _operate(self, operation: str) -> None:
        subject, _, rest = operation.partition(":")
        if subject != "channel":
            return
        if rest == "add" or rest.startswith("add-"):
            kind = rest.removeprefix("add-") if rest != "add" else self.request.POST.get("new_kind", "")
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
        return {"channels": [block.payload(not self.is_journey) for block in self.blocks]}

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Put each problem beside its block: channels.0.content.subject."""
        for path, text in getattr(refusal, "fields", {}).items():
            subject, *rest = path.split(".")
            rows = self.blocks if subject == "channels" else []
            at = whole(rest[0]) if rest else None
            if at is not None and at < len(rows):
                if not (subject == "channels" and rows[at].place_retry_error(rest[2:], text)):
                    place_error(rows[at], rest[1:], text)
            else:
                form.add_error(None, text)
        if not form.errors and getattr(refusal, "fields", {}):
            form.add_error(None, "Some of it cannot be saved yet; the reasons are beside it.")
        return form

    def context(self) -> dict[str, Any]:
        people = sample_people(self.campaign, 10)
        for block in self.blocks:
            block.connections = self.connections.get(block.kind.key, [])
        known = [name for person in people for name in person.attributes]
        return {
            **super().context(),
            "blocks": self.blocks,
            "taken": self.taken,
            "is_journey": self.is_journey,
            "kinds": self.kinds,
            "can_add": len(self.kinds) > 1 or not self.blocks or self.campaign.kind == "sms",
            "people": people,
            "properties": list(dict.fromkeys([*PROPERTIES, *known]))[:40],
        }


def place_error(block: Block, path: list[str], text: str) -> None:
    """Put a problem beside its field, by its path below the channel."""
    if path[:1] == ["content"]:
        path = path[1:] or ["content"]
    if path[:1] == ["variants"] and block.texts.place_error(".".join(path[1:]), text):
        return
    block.errors[path[-1] if path else ""] = text


class AddChannel(OfCampaign, View):
    """/campaigns/<id>/channels/new/: the content page, where a channel is added."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("campaigns:edit-what", args=[self.campaign.pk]) + "#add-channel")
