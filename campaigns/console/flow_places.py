"""What the pages of one flow share: its name above them, the way between them and back, and why they are closed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from campaigns.console.editing import EditPage
from campaigns.domain.flows import is_locked
from campaigns.services.errors import NotFound
from campaigns.services.flow_edits import flow_named
from campaigns.services.workflow_edits import saved_flows

#: The pages of a flow: what they are called and their addresses.
_PAGES = (
    ("Trigger", "campaigns:edit-flow-who"),
    ("Workflow", "campaigns:edit-flow"),
    ("Name", "campaigns:flow-settings"),
)


class OfFlow(EditPage):
    """A page that may be about one flow: `flow` of the address names it. Without one it is as any other page."""

    flow_page = ""
    """Which of the pages of a flow it is; "" for those about a step of its workflow."""

    @property
    def flow(self) -> str:
        return str(self.kwargs.get("flow", ""))

    @property
    def flow_name(self) -> str:
        """What people call the flow."""
        try:
            found = flow_named(saved_flows(self.campaign), self.flow)
        except NotFound:
            return self.flow
        return str(found.get("name") or self.flow)

    @property
    def flows_url(self) -> str:
        """The list of flows, where this one stands."""
        return reverse("campaigns:edit-what", args=[self.campaign.pk]) + "#flows"

    @property
    def is_locked(self) -> bool:
        """Whether the flow is read-only: it is active, and so is the campaign (seed 002)."""
        return bool(self.flow) and is_locked(self.campaign, self.flow)

    @property
    def saved_as(self) -> str:
        return f"{self.flow_page.lower()} of “{self.flow_name}”" if self.flow else super().saved_as

    def closed_words(self) -> str:
        if not self.is_locked:
            return super().closed_words()
        return f"The flow “{self.flow_name}” is active and read-only while the campaign is Active: stop it first."

    def following_url(self) -> str:
        return self.flows_url if self.flow else super().following_url()

    def context(self) -> dict[str, Any]:
        """A flow is no step on the way to a first version: its pages lead back to the list of flows."""
        found = super().context()
        if not self.flow:
            return found
        tabs = [
            {"label": label, "url": reverse(name, args=[self.campaign.pk, self.flow]), "is_current": label == self.flow_page}
            for label, name in _PAGES
        ]  # fmt: skip
        own = {
            "flow": self.flow,
            "flow_name": self.flow_name,
            "flow_tabs": tabs,
            "steps": [],
            "is_setup": False,
        }
        own |= {"back_url": self.flows_url, "back_label": "Flows"}
        return (
            found | own | {"title": f"{self.flow_name}, {self.flow_page or 'Workflow'}: {self.campaign.name}"}
        )
