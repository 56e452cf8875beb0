"""/segments/new/condition/ and /segments/<id>/edit/: conditions are put together from rows, never typed as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from campaigns.console.condition_builder import Vocabulary, change_draft, read_draft, shown
from campaigns.domain.condition_blocks import Draft, blocks_of, condition_of
from campaigns.domain.conditions import in_words
from campaigns.models import Segment
from campaigns.services.errors import ActionError, Invalid
from campaigns.services.segment_trials import try_condition
from campaigns.services.segments import change_segment, create_segment, read_condition, words_of
from config.console.access import MemberPage
from config.console.views import is_fragment


class SegmentEditor(MemberPage, View):
    """A new segment, or one that is edited. A button that adds or removes a row shows the builder again."""

    ability = "edit_lists"

    @property
    def segment(self) -> Segment | None:
        """The one that is edited."""
        if "pk" not in self.kwargs:
            return None
        own = Segment.objects.filter(workspace=self.workspace, kind=Segment.CONDITION, hidden=False)
        return get_object_or_404(own, pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        segment = self.segment
        draft = blocks_of(segment.condition) if segment else Draft()
        return self.show(segment, draft, segment.name if segment else "")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        segment, draft = self.segment, read_draft(request.POST)
        name = request.POST.get("name", "")
        if operation := request.POST.get("op", ""):
            change_draft(draft, operation)
            return self.show(segment, draft, name)
        if segment is not None and request.POST.get("nested"):
            return self.keep(segment, None, name)
        return self.keep(segment, draft, name)

    def keep(self, segment: Segment | None, draft: Draft | None, name: str) -> HttpResponse:
        """Save it, or show it again with what is wrong beside its row."""
        now = timezone.now()
        try:
            condition = self._condition(draft, segment) if draft else None
            if segment is None:
                saved = create_segment(self.workspace, name, condition, self.request.user, now)
            else:
                saved = change_segment(segment, name, condition, now)
        except ActionError as refusal:
            return self.show(segment, draft, name, refusal)
        messages.success(self.request, f"“{saved.name}” is saved; who meets it comes in by itself.")
        return HttpResponseRedirect(reverse("segments:detail", args=[saved.pk]))

    def _condition(self, draft: Draft, segment: Segment | None) -> dict[str, Any]:
        """The condition, checked at the places that the page has, so that what is wrong is told beside its row."""
        vocabulary = Vocabulary(self.workspace, segment)
        read_condition(condition_of(draft, vocabulary.type_of, plain=False), self.workspace)
        return condition_of(draft, vocabulary.type_of)

    def show(
        self, segment: Segment | None, draft: Draft | None, name: str, refusal: ActionError | None = None
    ) -> HttpResponse:
        """The page; only the builder where a script asked for that."""
        problems = refusal.fields if refusal else {}
        vocabulary = Vocabulary(self.workspace, segment)
        values = {
            "segment": segment,
            "name": name,
            "name_problem": problems.get("name", ""),
            "refusal": refusal.message if refusal else "",
            "builder": shown(draft, vocabulary, problems) if draft else None,
            "words": words_of([segment])[segment.pk] if segment else "",
            "back_url": reverse("segments:detail", args=[segment.pk])
            if segment
            else reverse("segments:list"),
        }
        whole = "campaigns/segment_editor.html"
        template = "campaigns/parts/builder.html" if is_fragment(self.request) else whole
        return render(self.request, template, values, status=422 if refusal else 200)


class TryCondition(MemberPage, View):
    """The live panel: how many meet what is in the form, ten of them, and who would enter and leave."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        own = Segment.objects.filter(workspace=self.workspace, kind=Segment.CONDITION, hidden=False)
        edited = request.POST.get("segment", "")
        segment = own.filter(pk=int(edited)).first() if edited.isdecimal() and len(edited) < 19 else None
        vocabulary = Vocabulary(self.workspace, segment)
        draft = read_draft(request.POST)
        try:
            condition = read_condition(condition_of(draft, vocabulary.type_of), self.workspace)
        except Invalid:
            return render(request, "campaigns/parts/trial.html", {"unfinished": True})
        names = {row.pk: row.name for row in vocabulary.segments}
        trial = try_condition(self.workspace, condition, timezone.now(), segment)
        values = {"trial": trial, "words": in_words(condition, names), "segment": segment}
        return render(request, "campaigns/parts/trial.html", values)
