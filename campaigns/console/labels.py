"""/labels/: the labels of a workspace: make, rename, delete; how many campaigns carry each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404
from django.urls import reverse

from campaigns.models import Label
from campaigns.models.label import MOST_LABELS
from config.console.views import ActionView, FormPage, ListPage


class LabelForm(forms.ModelForm):
    """The name; the model refuses forbidden symbols, and one label too many."""

    class Meta:
        model = Label
        fields = ["name"]
        help_texts = {"name": 'Without the symbols " \\ % > < ! and typographic quotes.'}

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        name = values.get("name")
        same = Label.objects.filter(workspace=self.instance.workspace, name__iexact=name).exclude(
            pk=self.instance.pk
        )
        if name and same.exists():
            self.add_error("name", f"There is a label “{name}” already.")
        return values


class LabelList(ListPage):
    """All labels: there are never more than 900."""

    template_name = "campaigns/labels.html"
    order = ("lower_name",)
    page_size = 100

    def rows(self) -> QuerySet[Any]:
        found = Label.objects.filter(workspace=self.workspace)
        if words := self.request.GET.get("q", "").strip():
            found = found.filter(name__icontains=words)
        here = Q(campaigns__deleted_at__isnull=True)
        return found.annotate(lower_name=Lower("name"), used=Count("campaigns", filter=here)).select_related(
            "created_by"
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(most=MOST_LABELS, **kwargs)


class EditLabel(FormPage):
    """Make a label, or rename one."""

    ability = write_ability = "edit_labels"
    form_class = LabelForm
    refusals = (ValidationError,)

    @property
    def label(self) -> Label:
        if not hasattr(self, "_label"):
            self._label = Label(workspace=self.workspace, created_by=self.request.user)
            if "pk" in self.kwargs:
                self._label = get_object_or_404(Label, workspace=self.workspace, pk=self.kwargs["pk"])
        return self._label

    def make_form(self, data: Any = None, files: Any = None) -> Any:
        return LabelForm(data, instance=self.label)

    def context(self) -> dict[str, Any]:
        title = f"Rename “{self.label.name}”" if self.label.pk else "New label"
        return {
            "title": title,
            "back_url": reverse("labels:list"),
            "back_label": "Labels",
            "verb": "Save the label",
        }

    def save(self, form: Any) -> str:
        label = form.save()
        messages.success(self.request, f"The label “{label.name}” has been saved.")
        return reverse("labels:list")


class DeleteLabel(ActionView):
    """Take a label off every campaign, and away."""

    ability = write_ability = "edit_labels"

    @property
    def label(self) -> Label:
        return get_object_or_404(
            Label.objects.annotate(used=Count("campaigns")), workspace=self.workspace, pk=self.kwargs["pk"]
        )

    def context(self) -> dict[str, Any]:
        label = self.label
        text = f"It is taken off {label.used:,} campaign{'' if label.used == 1 else 's'}. The campaigns stay."
        return {
            "title": f"Delete the label “{label.name}”",
            "verb": "Yes, delete the label",
            "danger": True,
            "consequences": [{"icon": "tag", "text": text}],
            "back_url": reverse("labels:list"),
            "back_label": "Labels",
        }

    def save(self, form: forms.Form) -> str:
        label = self.label
        name = label.name
        label.delete()
        messages.success(self.request, f"The label “{name}” has been deleted.")
        return reverse("labels:list")
