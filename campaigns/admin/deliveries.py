"""Single deliveries, read-only. They are listed campaign by campaign, in the ledger of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from campaigns.admin.ledger import why
from channels.models import Delivery
from config.console.admin_access import ReadOnly, WorkspacePages


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, WorkspacePages):
    """One row of the ledger: when, to whom, what became of it and why."""

    workspace_path = "channel__campaign__workspace"
    list_select_related = ("channel__campaign", "person")
    fields = (
        "campaign", "channel", "person", "status", "why", "run", "step", "due_at", "attempt", "sent_at",
        "delivered_at", "opened_at", "clicked_at", "converted_at", "provider_id", "detail", "lease_until", "fence",
    )  # fmt: skip

    def has_module_permission(self, request: HttpRequest) -> bool:
        """No list over all campaigns: nobody reads a hundred million rows."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        messages.info(request, "Deliveries are listed campaign by campaign: open one and choose its ledger.")
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))

    @admin.display(description="Campaign")
    def campaign(self, delivery: Delivery) -> str:
        return str(delivery.channel.campaign)

    @admin.display(description="Why")
    def why(self, delivery: Delivery) -> str:
        return why(delivery) or "–"
