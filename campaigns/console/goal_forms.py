"""/campaigns/<id>/edit/goal/ and edit/exit/: conditions of the campaign, put together from rows, never JSON."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns.console.condition_builder import Vocabulary, change_draft, read_draft, shown
from campaigns.console.editing import EditPage
from campaigns.console.forms import VersionForm
from campaigns.domain.condition_blocks import Draft, blocks_of, condition_of
from campaigns.domain.durations import UNITS
from campaigns.services.segments import condition_words, read_condition
from config.console.views import is_fragment

_UNITS = [(f"{unit}s", f"{unit}s") for unit in UNITS]


class GoalForm(VersionForm):
    """How soon after a message it counts; the condition is read by condition_builder.py."""

    amount = forms.IntegerField(
        min_value=1,
        max_value=9_999,
        label="Within",
        initial=7,
        widget=forms.NumberInput(attrs={"class": "input builder-number"}),
    )
    unit = forms.ChoiceField(
        choices=_UNITS,
        label="Unit of time",
        initial="days",
        widget=forms.Select(attrs={"class": "input"}),
    )


class EditCondition(EditPage):
    """Buttons of the builder show it again; another one takes the condition away. It is part of *what*."""

    section = "what"
    #: What it sets of the campaign: ``{"condition": …}``, and whatever stands beside that.
    setting = ""
    problems: dict[str, str] = {}

    @property
    def given(self) -> dict[str, Any]:
        """As the campaign has it; {} where it has none."""
        return dict(getattr(self.campaign, self.setting))

    def beside(self, form: Any) -> dict[str, Any]:
        """What is set beside the condition."""
        return {}

    def prepare(self) -> None:
        """The rows of the condition; None where a program made it and it is nested too deep for rows."""
        self.draft = blocks_of(self.given["condition"]) if self.given else Draft()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.prepare()
        if self.draft is not None:
            self.draft = read_draft(request.POST)
        operation = request.POST.get("op", "")
        if operation and operation != "none" and self.draft is not None:
            change_draft(self.draft, operation)
            return self.show_builder()
        return super().post(request, *args, **kwargs)

    def show_builder(self) -> HttpResponse:
        """Only the builder where a script asked for that."""
        if is_fragment(self.request):
            return render(self.request, "campaigns/parts/builder.html", {"builder": self.builder()})
        return self.show(self.form_class(initial=self.request.POST.dict()))

    def builder(self) -> dict[str, Any] | None:
        if self.draft is None:
            return None
        return shown(self.draft, Vocabulary(self.workspace), self.problems)

    def payload(self, form: Any) -> dict[str, Any]:
        if self.request.POST.get("op") == "none":
            return {self.setting: None}
        if self.draft is None:
            return {self.setting: {"condition": self.given["condition"], **self.beside(form)}}
        type_of = Vocabulary(self.workspace).type_of
        # Checked at the places that the page has, so that what is wrong is told beside its row.
        read_condition(condition_of(self.draft, type_of, plain=False), self.workspace)
        return {self.setting: {"condition": condition_of(self.draft, type_of), **self.beside(form)}}

    def following_url(self) -> str:
        return self.campaign_url

    def refused(self, form: forms.Form, refusal: Exception) -> HttpResponse:
        self.problems = dict(getattr(refusal, "fields", {}))
        return super().refused(form, refusal)

    def context(self) -> dict[str, Any]:
        return {
            **super().context(),
            "steps": [],
            "builder": self.builder(),
            "given": self.given,
            "words": condition_words(self.given["condition"]) if self.given else "",
        }


class EditGoal(EditCondition):
    """What counts as a conversion, and how soon."""

    heading, setting = "Goal", "goal"
    template_name = "campaigns/edit_goal.html"
    form_class = GoalForm

    def initial(self) -> dict[str, Any]:
        amount, _, unit = (self.given.get("within") or "7 days").partition(" ")
        return {**super().initial(), "amount": amount, "unit": unit if unit.endswith("s") else f"{unit}s"}

    def beside(self, form: Any) -> dict[str, Any]:
        return {"within": f"{form.cleaned_data['amount']} {form.cleaned_data['unit']}"}


class EditExit(EditCondition):
    """Who leaves a journey or flow early."""

    heading, setting = "Exit criteria", "exit"
    template_name = "campaigns/edit_exit.html"
    form_class = VersionForm
