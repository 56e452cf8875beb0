"""/channels/agents/: the automated senders of flows: state, cause of an error, check, start and stop."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from channels.console.looks import AGENT_LOOKS
from channels.models import Agent, Connection
from channels.services.agents import check_agent, create_agent, start_agent, stop_agent
from channels.services.errors import ChannelError
from config.console.access import MemberPage
from config.console.views import FormPage, ListPage, go_to


class AgentForm(forms.Form):
    """A name, and what it sends through."""

    name = forms.CharField(max_length=120, label="Name")
    connection = forms.ModelChoiceField(queryset=Connection.objects.none(), label="Connection")

    def __init__(self, data: Any, *, workspace: Any) -> None:
        super().__init__(data)
        self.fields["connection"].queryset = Connection.objects.filter(workspace=workspace).order_by("name")


class AgentList(ListPage):
    """All agents with their state."""

    template_name = "channels/agents.html"
    order = ("id",)

    def rows(self) -> QuerySet[Any]:
        return Agent.objects.filter(workspace=self.workspace).select_related("connection")

    def decorate(self, rows: list[Any]) -> list[Any]:
        for row in rows:
            row.look = AGENT_LOOKS[row.status]
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(may_edit=self.may("edit_connections"), **kwargs)


class NewAgent(FormPage):
    """Make an agent."""

    ability = write_ability = "edit_connections"
    form_class = AgentForm
    refusals = (ChannelError,)

    def make_form(self, data: Any = None, files: Any = None) -> Any:
        return AgentForm(data, workspace=self.workspace)

    def context(self) -> dict[str, Any]:
        here = reverse("connections:agents")
        return {"title": "New agent", "back_url": here, "back_label": "Agents", "verb": "Save the agent"}

    def save(self, form: Any) -> str:
        values = form.cleaned_data
        agent = create_agent(self.workspace.pk, values["name"], values["connection"].pk)
        messages.success(self.request, f"“{agent.name}” has been saved; start it when it may work.")
        return reverse("connections:agents")


class AgentAction(MemberPage, View):
    """check, start, stop: by POST, back to the list."""

    http_method_names = ["post"]
    ability = "edit_connections"

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        found = Agent.objects.select_related("connection")
        agent = get_object_or_404(found, workspace=self.workspace, pk=pk)
        if action == "check":
            result = check_agent(agent, timezone.now())
            say = messages.success if result.ok else messages.error
            say(request, f"{agent.name}: {result.message}")
        elif action == "start":
            start_agent(agent)
            say = messages.success if agent.status == "running" else messages.error
            say(request, f"“{agent.name}” is running now." if agent.status == "running" else agent.message)
        elif action == "stop":
            stop_agent(agent)
            messages.success(request, f"“{agent.name}” is stopped.")
        else:
            raise Http404
        return go_to(request, reverse("connections:agents"))
