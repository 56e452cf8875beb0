"""One step of a workflow with its own form. Kept here, it is in the drawing; in the campaign when that is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns.console.audience import sample_people
from campaigns.console.step_forms import (
    ConditionForm,
    DelayForm,
    ExitForm,
    MessageForm,
    StepForm,
    WebhookForm,
    WindowForm,
    errors_of,
)
from campaigns.console.step_rows import SplitForm, UpdateForm
from campaigns.console.step_words import TYPES, title_of
from campaigns.console.taken_email import asked_email
from campaigns.console.what import PROPERTIES
from campaigns.console.workflow_pages import OfWorkflow
from campaigns.domain import steps as st
from campaigns.domain import workflow_editing as drawing
from campaigns.services.errors import ActionError, Invalid
from campaigns.services.existing_emails import EMAIL
from config.console.views import go_to, is_fragment

FORMS: dict[str, type[StepForm]] = {
    st.MESSAGE: MessageForm, st.DELAY: DelayForm, st.WINDOW: WindowForm, st.BRANCH: ConditionForm,
    st.WAIT_UNTIL: ConditionForm, st.UPDATE: UpdateForm, st.SPLIT: SplitForm, st.WEBHOOK: WebhookForm,
    st.EXIT: ExitForm,
}  # fmt: skip
#: Operations of the builder of conditions, which exchanges only itself.
_BUILDER = ("add-block", "add-row", "remove", "refresh")


class EditStep(OfWorkflow):
    """The form of a step. Buttons that add or remove rows show it again; nothing is kept by them."""

    template_name = "campaigns/step.html"

    @property
    def key(self) -> str:
        return str(self.kwargs["key"])

    def step_form(self) -> StepForm:
        """The step as it is drawn now; 404 where it is not there any more."""
        try:
            step = drawing.place_of(self.drawn.workflow, self.key).step
        except drawing.EditError as error:
            raise Http404 from error
        form = FORMS.get(str(step.get("type")))
        if form is None:
            raise Http404
        return form(step, self.workspace)

    def prepare(self) -> None:
        self.editor = self.step_form()
        self.errors: dict[str, str] = {}
        self.taken = asked_email(self) if isinstance(self.editor, MessageForm) else None
        if self.taken and isinstance(self.editor, MessageForm):
            self.editor.start_from(self.taken.subject, self.taken.body)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.open_sections():
            return self.get(request, *args, **kwargs)
        self.prepare()
        self.editor.read(request.POST)
        form, operation = self.make_form(request.POST), request.POST.get("op", "save")
        if operation != "save":
            self.editor.operate(operation)
            if (
                is_fragment(request)
                and operation.startswith(_BUILDER)
                and isinstance(self.editor, ConditionForm)
            ):
                return render(request, "campaigns/parts/builder.html", self.editor.context({}))
            return self.show(form)
        try:
            self._save()
        except ActionError as refusal:
            self.errors = self.errors or {
                path.rpartition(".")[2]: text for path, text in refusal.fields.items()
            }
            form.add_error(None, "This step is not right yet; what would be right stands beside it.")
            return self.show(form, 422)
        return go_to(request, f"{self.address()}#step-{self.key}")

    def _save(self) -> None:
        """Into the drawing, if it is right. Raises `Invalid`."""
        if isinstance(self.editor, MessageForm):
            self.editor.finish()
        self.errors = errors_of(self.editor.step)
        if isinstance(self.editor, UpdateForm) and self.editor.twice:
            self.errors["attributes"] = f"“{self.editor.twice}” is there twice."
        if self.errors:
            raise Invalid(next(iter(self.errors.values())), self.errors)
        self.keep(drawing.replaced(self.drawn.workflow, self.key, self.editor.step))

    def context(self) -> dict[str, Any]:
        step, editor = self.editor.step, self.editor
        by_email = isinstance(editor, MessageForm) and editor.texts.kind == EMAIL
        people = sample_people(self.campaign, 10)
        known = [name for person in people for name in person.attributes]
        return {
            **super().context(),
            "step": step,
            "step_type": TYPES[step["type"]],
            "step_title": title_of(step),
            "name_error": self.errors.get("name", ""),
            "people": people,
            "taken": self.taken,
            "take_over_url": self.address("existing", self.key) if by_email else "",
            "properties": list(dict.fromkeys([*PROPERTIES, *known]))[:40],
            **self.editor.context(self.errors),
        }

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form:
        return super().make_form(data if data is None else {**data.dict()}, files)


class ChooseWay(OfWorkflow):
    """Everybody to one variant of a split. It is put into the drawing; saving that says whom it concerns, and asks."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key, chosen = kwargs["key"], request.POST.get("variant", "")
        try:
            step = drawing.place_of(self.drawn.workflow, key).step
        except drawing.EditError as error:
            raise Http404 from error
        if step.get("type") != st.SPLIT or chosen not in [name for name, _, _ in st.branches_of(step)]:
            raise Http404
        try:
            self.keep(drawing.replaced(self.drawn.workflow, key, {**step, "winner": chosen}))
        except drawing.EditError as error:
            messages.error(request, str(error))
            return go_to(request, self.campaign_url)
        messages.success(request, f"“{chosen}” gets everybody as soon as you save the workflow.")
        return go_to(request, f"{self.address()}#step-{key}")
