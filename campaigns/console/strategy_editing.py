"""Who, What and When of a python campaign; every other kind keeps the pages that it has."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from campaigns.console import editing, when
from campaigns.console.flow_pages import WhatPage
from campaigns.console.strategy_forms import (
    DAY_NAMES,
    ContactsForm,
    StrategyPart,
    WindowRow,
    WindowsForm,
    change_windows,
    posted_strategy,
    posted_windows,
    strategy_as_stored,
    windows_as_stored,
)
from campaigns.console.trigger_pages import WhoPage
from config.console.numbers import whole


class EditWho(WhoPage):
    """The contacts are a list; and how often one of them may get the same."""

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        if self.campaign.kind != "python":
            return super().make_form(data, files)
        return ContactsForm(data, files, workspace=self.workspace, initial=self.initial())


class EditWhat(WhatPage):
    """The strategy and the stages stand above the channels."""

    plan: StrategyPart | None = None

    def _load(self) -> None:
        super()._load()
        if self.campaign.kind == "python":
            posted = self.request.method == "POST"
            self.plan = posted_strategy(self.request.POST) if posted else strategy_as_stored(self.campaign)

    def _operate(self, operation: str) -> None:
        if self.plan is not None and operation.startswith("stage:"):
            self.plan.operate(operation.removeprefix("stage:"))
        else:
            super()._operate(operation)

    def payload(self, form: Any) -> dict[str, Any]:
        found = super().payload(form)
        return {**found, **self.plan.payload()} if self.plan is not None else found

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        """Problems of the strategy and its stages beside them; the others as everywhere."""
        fields = getattr(refusal, "fields", {})
        plan = self.plan
        if plan is not None:
            for path in [path for path in fields if path.split(".")[0] in ("strategy", "stages")]:
                name, *rest = path.split(".")
                at = whole(rest[0]) if rest else None
                errors = plan.stages[at].errors if at is not None and at < len(plan.stages) else plan.errors
                errors[rest[-1] if rest else name] = fields.pop(path)
                form.add_error(None, "Some of it cannot be saved yet; the reasons are beside it.")
        return super()._named(form, refusal)

    def context(self) -> dict[str, Any]:
        return {**super().context(), "plan": self.plan}


class EditWhen(when.EditWhen):
    """The time windows in which communications go out."""

    windows: list[WindowRow]

    def prepare(self) -> None:
        super().prepare()
        self.windows = windows_as_stored(self.campaign)

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        if self.campaign.kind != "python":
            return super().make_form(data, files)
        return WindowsForm(data, files, initial=self.initial())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.windows = posted_windows(request.POST)
        operation = request.POST.get("op", "save")
        if self.campaign.kind == "python" and operation != "save":
            change_windows(self.windows, operation.removeprefix("window:"))
            return self.show(self.make_form(request.POST))
        return super().post(request, *args, **kwargs)

    def payload(self, form: Any) -> dict[str, Any]:
        if not isinstance(form, WindowsForm):
            return super().payload(form)
        windows = [row.payload() for row in self.windows]
        return {"timezone": form.cleaned_data["timezone"], "windows": windows}

    def _named(self, form: forms.Form, refusal: Exception) -> forms.Form:
        fields = getattr(refusal, "fields", {})
        for path in [path for path in fields if path.startswith("windows.")]:
            _, at, *rest = path.split(".")
            if (index := whole(at)) is not None and index < len(self.windows):
                self.windows[index].errors[rest[-1] if rest else ""] = fields.pop(path)
                form.add_error(None, "Some of it cannot be saved yet; the reasons are beside it.")
        return super()._named(form, refusal)

    def save(self, form: Any) -> str:
        # The other kinds' page looks whether a time that was typed comes twice; here none is.
        return editing.EditPage.save(self, form) if isinstance(form, WindowsForm) else super().save(form)

    def show(self, form: forms.Form, status: int = 200) -> HttpResponse:
        if isinstance(form, WindowsForm):
            self.template_name = "campaigns/edit_windows.html"
        return super().show(form, status)

    def context(self) -> dict[str, Any]:
        return {**super().context(), "windows": getattr(self, "windows", []), "day_names": DAY_NAMES}
