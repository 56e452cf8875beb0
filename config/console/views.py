"""Base views of the console: a list, one thing, an action with its confirmation, an action on many rows.

A view parses, calls one service and answers. Refusals come back as exceptions of ``refusals``: the page shows the
reason beside what was typed, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.generic import TemplateView, View

from config.console.access import MemberPage
from config.console.paging import capped_count, keyset_page


def is_fragment(request: HttpRequest) -> bool:
    """Whether a script asked for a part of a page, not a person for a whole one."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.history_restore_request


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser there, from a form of a page as well as from one in a dialog."""
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


class ListPage(MemberPage, TemplateView):
    """A list: keyset paging, an optional filter set, counts that never look at more than 10,001 rows."""

    template_name = "console/list.html"
    order: Sequence[str] = ("-id",)
    page_size = 50
    filterset_class: type | None = None

    def rows(self) -> QuerySet[Any]:
        """The rows that this member may see, before filters."""
        raise NotImplementedError

    def get_filterset(self) -> Any | None:
        """The filter set over the rows with what the URL says."""
        if not self.filterset_class:
            return None
        return self.filterset_class(self.request.GET, queryset=self.rows(), request=self.request)

    def get_order(self) -> Sequence[str]:
        """The order of the list, a unique field last."""
        return self.order

    def decorate(self, rows: list[Any]) -> list[Any]:
        """What else the rows need, for all of them in a fixed number of queries."""
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        filterset = self.get_filterset()
        queryset = filterset.qs if filterset is not None else self.rows()
        page = keyset_page(queryset, self.get_order(), self.request.GET.get("cursor", ""), self.page_size)
        self.queryset = queryset
        return super().get_context_data(
            page=page, rows=self.decorate(page.rows), filterset=filterset, view=self, **kwargs
        )

    def matching_count(self) -> int:
        """How many rows match, capped; call it after the context has been made."""
        return capped_count(self.queryset)


class DetailPage(MemberPage, TemplateView):
    """One thing of the workspace; anybody else's is 404."""

    template_name = "console/detail.html"
    context_name = "object"

    def objects(self) -> QuerySet[Any]:
        """Those that this member may see."""
        raise NotImplementedError

    def get_object(self) -> Any:
        """The one that the address names."""
        return get_object_or_404(self.objects(), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not hasattr(self, "object"):
            self.object = self.get_object()
        return super().get_context_data(**{self.context_name: self.object, **kwargs})


class FormPage(MemberPage, View):
    """A form of a workspace: shown on GET, handed to one service on POST, shown again with its errors."""

    template_name = "console/form.html"
    form_class: type[forms.Form]
    success_message = ""
    #: Exceptions of services whose text a person can read; they are shown beside the form.
    refusals: tuple[type[Exception], ...] = ()

    def initial(self) -> dict[str, Any]:
        return {}

    def form_arguments(self) -> dict[str, Any]:
        """More arguments for the form's constructor."""
        return {}

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        return self.form_class(data, files, initial=self.initial(), **self.form_arguments())

    def context(self) -> dict[str, Any]:
        return {}

    def save(self, form: forms.Form) -> str:
        """Call the service; returns the address to go to."""
        raise NotImplementedError

    def refused(self, form: forms.Form, refusal: Exception) -> HttpResponse:
        """The form again with what the service said, each reason beside its field where there is one."""
        for path, text in getattr(refusal, "fields", {}).items():
            if path in form.fields:
                form.add_error(path, text)
        if not form.errors:
            form.add_error(None, str(refusal))
        return self.show(form, getattr(refusal, "status", 409))

    def show(self, form: forms.Form, status: int = 200) -> HttpResponse:
        layout = "console/dialog.html" if is_fragment(self.request) else "console/base.html"
        values = {"form": form, "view": self, "layout": layout, **self.context()}
        return render(self.request, self.template_name, values, status=status)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.make_form(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(form, 422)
        try:
            address = self.save(form)
        except self.refusals as refusal:
            return self.refused(form, refusal)
        if self.success_message:
            messages.success(request, self.success_message)
        return go_to(request, address)


class ActionView(FormPage):
    """An action: GET says what it will do, POST does it."""

    template_name = "console/confirm.html"
    form_class = forms.Form


class BulkActionView(MemberPage, View):
    """One action on many rows: the first POST says to how many it applies and why not to the rest, the second acts."""

    confirm_template: str
    report_template: str
    most = 1_000
    http_method_names = ["post"]

    def chosen(self) -> list[Any]:
        """The rows that were selected, among those the member may see."""
        raise NotImplementedError

    def reason_against(self, row: Any) -> str:
        """Why the action does not apply to this row; "" where it does."""
        raise NotImplementedError

    def perform(self, row: Any) -> str:
        """Act on one row; returns what happened. A refusal is raised."""
        raise NotImplementedError

    refusals: tuple[type[Exception], ...] = ()

    def context(self) -> dict[str, Any]:
        return {}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows = self.chosen()
        judged = [(row, self.reason_against(row)) for row in rows]
        values = {"view": self, "rows": rows, **self.context()}
        if request.POST.get("confirmed") != "yes":
            values["applicable"] = [row for row, reason in judged if not reason]
            values["others"] = [(row, reason) for row, reason in judged if reason]
            return render(request, self.confirm_template, values)
        values["report"] = [self._act(row, reason) for row, reason in judged]
        values["done"] = sum(1 for line in values["report"] if line["ok"])
        return render(request, self.report_template, values)

    def _act(self, row: Any, reason: str) -> dict[str, Any]:
        if reason:
            return {"row": row, "ok": False, "text": reason}
        try:
            return {"row": row, "ok": True, "text": self.perform(row)}
        except self.refusals as refusal:
            return {"row": row, "ok": False, "text": str(refusal)}
