"""/campaigns/<id>/edit/flows/<flow>/settings/: a flow's name; what lets people in is trigger_pages.py's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404

from campaigns.console.flow_places import OfFlow
from campaigns.console.forms import VersionForm
from campaigns.domain.flows import LONGEST_NAME
from campaigns.services import flow_edits
from campaigns.services.workflow_edits import saved_flows


class FlowNameForm(VersionForm):
    """What people call the flow."""

    name = forms.CharField(max_length=LONGEST_NAME, label="Name of the flow")


class FlowSettings(OfFlow):
    """Renames a flow; its key stays, so people inside keep their places."""

    section, heading, flow_page = "what", "Flow", "Name"
    template_name = "campaigns/flow_settings.html"
    form_class = FlowNameForm

    def open_sections(self) -> list[str]:
        if not any(flow["key"] == self.flow for flow in saved_flows(self.campaign)):
            raise Http404
        return [] if self.is_locked else super().open_sections()

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "name": self.flow_name}

    def payload(self, form: Any) -> dict[str, Any]:
        values = {"name": form.cleaned_data["name"]}
        return {"flows": flow_edits.changed(saved_flows(self.campaign), self.flow, values)}
