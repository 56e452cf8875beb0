"""What the pages about one campaign have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from campaigns.console.rows import Shown, shown, with_parts
from campaigns.models import Campaign
from campaigns.services.actors import Actor
from campaigns.services.campaigns import editable_sections
from campaigns.services.errors import ActionError, Forbidden, NotFound
from config.console.access import MemberPage
from config.console.views import DetailPage

#: Refusals that a page shows beside what was typed; the others are pages of their own.
SHOWN_REFUSALS = (ActionError,)

TABS = (
    ("Overview", "campaigns:detail"),
    ("Content", "campaigns:content"),
    ("Participants", "campaigns:participants"),
    ("Messages", "campaigns:messages"),
    ("Analytics", "campaigns:analytics"),
    ("Drafts", "campaigns:drafts"),
    ("Dry run", "campaigns:dry-run"),
    ("Activity", "campaigns:activity"),
)
#: A python campaign has contacts and a log instead (seed 002).
PYTHON_TABS = (
    ("Overview", "campaigns:detail"),
    ("Content", "campaigns:content"),
    ("Contacts", "campaigns:contacts"),
    ("Messages", "campaigns:messages"),
    ("Analytics", "campaigns:analytics"),
    ("Logs", "campaigns:logs"),
    ("Activity", "campaigns:activity"),
)

#: The kinds of campaign that have the tab Analytics (see analytics.py).
ANALYSED = ("outreach", "sms", "voice", "message", "journey", "flow", "python")


class OfCampaign(MemberPage):
    """A page about one campaign of the member's workspace; any other campaign is 404."""

    kwargs: dict[str, Any]

    def campaigns(self) -> QuerySet[Any]:
        return with_parts(Campaign.objects.visible_to(self.membership))

    @property
    def campaign(self) -> Any:
        """The campaign that the address names, read once."""
        if not hasattr(self, "_campaign"):
            found = self.campaigns().filter(pk=self.kwargs["pk"]).first()
            if found is None:
                raise Http404
            self._campaign = found
        return self._campaign

    @property
    def actor(self) -> Actor:
        return Actor.member(self.membership)

    @property
    def sections(self) -> list[str]:
        """The sections that this member may edit now."""
        return editable_sections(self.campaign, self.membership)

    @property
    def campaign_url(self) -> str:
        return reverse("campaigns:detail", args=[self.campaign.pk])


class CampaignPage(OfCampaign, DetailPage):
    """A tab of the command centre."""

    tab = ""
    context_name = "campaign"

    def get_object(self) -> Any:
        return self.campaign

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = shown([self.campaign], self.membership)[0]
        tabs = [
            {"label": self.tab_label(label), "url": reverse(name, args=[self.campaign.pk]), "is_current": label == self.tab}
            for label, name in (PYTHON_TABS if self.campaign.kind == "python" else TABS)
            if label != "Analytics" or self.campaign.kind in ANALYSED
            if label not in self.hidden_tabs(row)
        ]  # fmt: skip
        return super().get_context_data(
            row=row, tabs=tabs, primary=primary_action(row), sections=self.sections, **kwargs
        )

    def hidden_tabs(self, row: Shown) -> set[str]:
        """Drafts are a tab where there are some, and on its own page."""
        hidden = set() if row.figures.get("drafted") or self.tab == "Drafts" else {"Drafts"}
        return hidden

    def tab_label(self, label: str) -> str:
        return "Workflow" if label == "Content" and self.campaign.kind == "journey" else label


def primary_action(row: Shown) -> Any | None:
    """The one action that the header offers as a button: the first of the dropdown that can be taken now."""
    wanted = (
        "start",
        "schedule",
        "publish",
        "submit",
        "approve",
        "stop",
        "force_stop",
        "restart",
        "resume",
        "unarchive",
    )
    return next((entry for entry in row.menu if entry.enabled and entry.name in wanted), None)


@contextmanager
def refusals_as_pages() -> Iterator[None]:
    """Turns the refusals that concern the whole page into its answer, 404 and 403; others pass as they are."""
    try:
        yield
    except NotFound as error:
        raise Http404(str(error)) from error
    except Forbidden as error:
        raise PermissionDenied(str(error)) from error
