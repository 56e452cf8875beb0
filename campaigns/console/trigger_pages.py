"""/campaigns/<id>/edit/who/ of a journey, and the same of a flow: what lets people in, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from campaigns.console.editing import EditWho
from campaigns.console.flow_places import OfFlow
from campaigns.console.forms import VersionForm
from campaigns.console.pages import refusals_as_pages
from campaigns.console.trigger_forms import DOES, TriggerFields
from campaigns.domain import triggers as tr
from campaigns.services.entrances import hook_urls
from campaigns.services.flow_edits import changed, flow_named
from campaigns.services.segments import condition_words
from campaigns.services.workflow_edits import saved_flows
from config.console.views import is_fragment


class EditTrigger(OfFlow):
    """The type is chosen first, from cards, and is fixed as soon as it is saved; buttons of the form save nothing."""

    section, heading, flow_page = "who", "Who", "Trigger"
    template_name = "campaigns/edit_trigger.html"
    form_class = VersionForm
    refused_paths: dict[str, str] = {}

    def open_sections(self) -> list[str]:
        """A flow's is part of *what*; it is read-only while the flow is active and so is the campaign (seed 002)."""
        if not self.flow:
            return super().open_sections()
        return [] if self.is_locked else [name for name in self.sections if name == "what"]

    @cached_property
    def program(self) -> Mapping[str, Any]:
        """What has the trigger: the journey, or one flow. 404 where there is no such flow."""
        if self.campaign.kind != "flow":
            given = self.campaign.trigger
            if not given and self.campaign.segment_id:
                given = {"type": tr.SEGMENT, "in": [[self.campaign.segment_id]], "not_in": []}
            return {"trigger": given, "frequency": self.campaign.frequency}
        with refusals_as_pages():
            found = flow_named(saved_flows(self.campaign), self.flow)
        return found

    @property
    def saved_type(self) -> str:
        """The type that it has for good, "" while none has been saved."""
        trigger = self.program.get("trigger") or {}
        return tr.type_of(trigger) if trigger else ""

    @cached_property
    def fields(self) -> TriggerFields | None:
        """The settings of the type; None while it has not been chosen."""
        posted = self.request.POST.get("type") if self.request.method == "POST" else None
        kind = self.saved_type or posted or self.request.GET.get("type", "")
        if not kind and self.request.method == "POST":
            kind = tr.SEGMENT
        if kind and kind not in tr.LABELS:
            raise Http404
        if not kind:
            return None
        trigger = self.program.get("trigger") or {}
        return TriggerFields(kind, self.workspace, trigger, self.program.get("frequency") or {})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        fields = self.fields
        assert fields is not None
        fields.read(request.POST)
        if operation := request.POST.get("op", ""):
            fields.operate(operation)
            if is_fragment(request) and operation != "group":
                return render(request, "campaigns/parts/builder.html", {"builder": fields.builder()})
            return self.show(self.make_form(request.POST))
        return super().post(request, *args, **kwargs)

    def payload(self, form: Any) -> dict[str, Any]:
        assert self.fields is not None
        found = self.fields.payload()
        if self.campaign.kind != "flow":
            return found
        own = {"trigger": found["trigger"] or {}, "frequency": found["frequency"]}
        return {"flows": changed(saved_flows(self.campaign), self.flow, own)}

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Each reason beside its field, and the first of them above the form."""
        for path, text in getattr(refusal, "fields", {}).items():
            _, found, below = path.partition("trigger.")
            if found:
                self.refused_paths = {**self.refused_paths, below: text}
            form.add_error(None, text)
        return form

    def context(self) -> dict[str, Any]:
        fields = self.fields
        values = {
            **super().context(),
            "is_fixed": bool(self.saved_type),
            "types": [(kind, tr.LABELS[kind], *DOES[kind]) for kind in tr.TYPES],
            "fields": fields,
            "hook_url": hook_urls(self.campaign).get(self.flow, ""),
            "goal_words": self._words(self.campaign.goal),
            "exit_words": self._words(self.campaign.exit),
        }
        return values | (fields.context(self.refused_paths) if fields else {})

    @staticmethod
    def _words(given: dict[str, Any]) -> str:
        return condition_words(given["condition"]) if given else ""

    def following_url(self) -> str:
        """A new flow's workflow is drawn next."""
        if self.flow and not self.program.get("workflow"):
            return reverse("campaigns:edit-flow", args=[self.campaign.pk, self.flow])
        return super().following_url()


class WhoPage(EditWho):
    """/campaigns/<id>/edit/who/: the audience of a blast, or the trigger of a journey."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if getattr(request, "membership", None) and self.campaign.kind == "journey":
            return EditTrigger.as_view()(request, *args, **kwargs)  # type: ignore[return-value]
        return super().dispatch(request, *args, **kwargs)
