"""/segments/: the lists that campaigns are for: made by hand, filled by import or by external ids, archived."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from campaigns.engine.segments import fill_progress
from campaigns.models import Campaign, Person, Segment, SegmentMember
from campaigns.services.errors import ActionError
from campaigns.services.people import add_to_list, create_list
from campaigns.services.segments import change, words_of
from config.console.paging import capped_count, keyset_page
from config.console.views import DetailPage, FormPage, ListPage, is_fragment


class SegmentList(ListPage):
    """The lists of the workspace with their sizes."""

    template_name = "campaigns/segments.html"
    order = ("id",)

    @property
    def tab(self) -> str:
        return "archived" if self.request.GET.get("tab") == "archived" else "active"

    def rows(self) -> QuerySet[Any]:
        found = Segment.objects.filter(
            workspace=self.workspace, hidden=False, archived_at__isnull=self.tab == "active"
        )
        if words := self.request.GET.get("q", "").strip():
            found = found.filter(name__icontains=words)
        members = SegmentMember.objects.filter(segment=OuterRef("pk")).order_by().values("segment")
        campaigns = (
            Campaign.objects.filter(segment=OuterRef("pk"), deleted_at__isnull=True)
            .order_by()
            .values("segment")
        )
        return found.annotate(
            size=Coalesce(Subquery(members.annotate(n=Count("person")).values("n")), 0),
            used_by=Coalesce(Subquery(campaigns.annotate(n=Count("pk")).values("n")), 0),
        )

    def decorate(self, rows: list[Any]) -> list[Any]:
        """“Everyone” has no rows of its own: it is as large as the workspace."""
        if any(row.kind == Segment.EVERYONE for row in rows):
            everyone = capped_count(Person.objects.filter(workspace=self.workspace))
            for row in rows:
                row.size = everyone if row.kind == Segment.EVERYONE else row.size
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tabs = [
            {"label": name.capitalize(), "url": f"?tab={name}", "is_current": name == self.tab}
            for name in ("active", "archived")
        ]
        return super().get_context_data(tabs=tabs, **kwargs)


class NewListForm(forms.Form):
    """The name of a new list."""

    name = forms.CharField(max_length=120, label="Name")


class NewList(FormPage):
    """A new, empty list."""

    form_class = NewListForm
    ability = write_ability = "edit_lists"
    refusals = (ActionError,)

    def context(self) -> dict[str, Any]:
        return {
            "title": "New list",
            "verb": "Make the list",
            "back_url": reverse("segments:list"),
            "back_label": "Segments",
        }

    def save(self, form: Any) -> str:
        segment = create_list(self.workspace, form.cleaned_data["name"], self.request.user)
        messages.success(self.request, f"The list “{segment.name}” has been made. Put people on it.")
        return reverse("segments:detail", args=[segment.pk])


class AddPeopleForm(forms.Form):
    """People by their external ids."""

    external_ids = forms.CharField(
        label="External ids", widget=forms.Textarea(attrs={"rows": 5}), max_length=1_000_000,
        help_text="One a line. People who are not here yet come in by import.",
    )  # fmt: skip


class SegmentPage(DetailPage):
    """One list: its people, and the campaigns that use it."""

    template_name = "campaigns/segment.html"
    context_name = "segment"

    def objects(self) -> QuerySet[Any]:
        return Segment.objects.filter(workspace=self.workspace, hidden=False).select_related("created_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        segment = self.object
        cursor = self.request.GET.get("cursor", "")
        if segment.kind == Segment.EVERYONE:
            everyone = Person.objects.filter(workspace=self.workspace)
            page, size = keyset_page(everyone, ["id"], cursor), capped_count(everyone)
            people = [{"person": person, "since": person.created_at} for person in page.rows]
        else:
            members = SegmentMember.objects.filter(segment=segment)
            size = capped_count(members.values("person"))
            page = keyset_page(members.select_related("person"), ["person_id"], cursor)
            people = [{"person": member.person, "since": member.since} for member in page.rows]
        used = Campaign.objects.visible_to(self.membership).filter(segment=segment).order_by("-id")[:20]
        form = kwargs.get("form") or AddPeopleForm()
        filled = fill_progress([segment]).get(segment.pk) if segment.archived_at is None else None
        nobody = (
            "Nobody is on this list yet." if segment.kind == Segment.MANUAL else "Nobody belongs to it now."
        )
        return {
            **context, "page": page, "people": people, "size": size, "used": used, "form": form, "nobody": nobody,
            "words": words_of([segment])[segment.pk], "filled": filled, "refreshed": is_fragment(self.request),
        }  # fmt: skip

    def get_template_names(self) -> list[str]:
        """Only how far the filling is, where the page asks for that again."""
        return ["campaigns/parts/filling.html" if is_fragment(self.request) else self.template_name]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put people on the list, archive it or make it active again."""
        self.require("edit_lists")
        segment = self.object = self.get_object()
        here = reverse("segments:detail", args=[segment.pk])
        operation = request.POST.get("op")
        if operation in ("archive", "unarchive"):
            try:
                change(segment, {"archived": operation == "archive"}, timezone.now())
            except ActionError as refusal:
                messages.error(request, str(refusal))
            else:
                words = "archived" if operation == "archive" else "active"
                messages.success(request, f"“{segment.name}” is {words} now.")
            return HttpResponseRedirect(here)
        if operation != "add":
            raise Http404
        form = AddPeopleForm(request.POST)
        if form.is_valid() and self._add(form, segment):
            return HttpResponseRedirect(here)
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def _add(self, form: AddPeopleForm, segment: Segment) -> bool:
        wanted = [line.strip() for line in form.cleaned_data["external_ids"].splitlines() if line.strip()]
        try:
            report = add_to_list(segment, wanted)
        except ActionError as error:
            form.add_error("external_ids", str(error))
            return False
        words = f"{report.added:,} added, {report.already_there:,} were on it already."
        messages.success(self.request, words)
        if report.unknown:
            shown = ", ".join(report.unknown[:10]) + (" …" if len(report.unknown) > 10 else "")
            messages.warning(self.request, f"{len(report.unknown):,} external ids are not known: {shown}")
        return True
