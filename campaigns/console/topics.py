"""/topics/: what people can unsubscribe from one by one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse

from campaigns.models import Topic
from campaigns.services.errors import Invalid
from campaigns.services.topics import create_topic, save_topic
from config.console.views import ActionView, FormPage, ListPage


class TopicForm(forms.Form):
    """What people read on the preference page."""

    name = forms.CharField(max_length=60, label="Name", help_text="For example: Offers.")
    description = forms.CharField(
        max_length=200, required=False, label="Description", help_text="People read it when they choose."
    )


class TopicList(ListPage):
    """All topics, with how many campaigns each has and how many people do not want it."""

    template_name = "campaigns/topics.html"
    order = ("name", "id")
    page_size = 100

    def rows(self) -> QuerySet[Any]:
        here = Q(campaigns__deleted_at__isnull=True)
        return Topic.objects.filter(workspace=self.workspace).annotate(
            used=Count("campaigns", filter=here, distinct=True), left=Count("opt_outs", distinct=True)
        )


class EditTopic(FormPage):
    """Make a topic, or change its words."""

    ability = write_ability = "edit_labels"
    form_class = TopicForm
    refusals = (Invalid,)

    @property
    def topic(self) -> Topic | None:
        if "pk" not in self.kwargs:
            return None
        return get_object_or_404(Topic, workspace=self.workspace, pk=self.kwargs["pk"])

    def make_form(self, data: Any = None, files: Any = None) -> Any:
        topic = self.topic
        initial = {"name": topic.name, "description": topic.description} if topic else {}
        return TopicForm(data, initial=initial)

    def context(self) -> dict[str, Any]:
        topic = self.topic
        return {
            "title": f"Edit “{topic.name}”" if topic else "New topic",
            "back_url": reverse("topics:list"),
            "back_label": "Topics",
            "verb": "Save the topic",
        }

    def save(self, form: Any) -> str:
        values, topic = form.cleaned_data, self.topic
        if topic:
            save_topic(topic, **values)
        else:
            topic = create_topic(self.membership, **values)
        messages.success(self.request, f"The topic “{topic.name}” has been saved.")
        return reverse("topics:list")


class DeleteTopic(ActionView):
    """Take a topic off every campaign, and away."""

    ability = write_ability = "edit_labels"

    @property
    def topic(self) -> Topic:
        counted = Topic.objects.annotate(left=Count("opt_outs"))
        return get_object_or_404(counted, workspace=self.workspace, pk=self.kwargs["pk"])

    def context(self) -> dict[str, Any]:
        topic = self.topic
        people = "1 person" if topic.left == 1 else f"{topic.left:,} people"
        return {
            "title": f"Delete the topic “{topic.name}”",
            "verb": "Yes, delete the topic",
            "danger": True,
            "consequences": [
                {"icon": "users", "text": f"{people} unsubscribed from it; that is forgotten with it."},
                {"icon": "speakerphone", "text": "Its campaigns stay, without a topic."},
            ],
            "back_url": reverse("topics:list"),
            "back_label": "Topics",
        }

    def save(self, form: forms.Form) -> str:
        topic = self.topic
        topic.delete()
        messages.success(self.request, f"The topic “{topic.name}” has been deleted.")
        return reverse("topics:list")
