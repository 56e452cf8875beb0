"""/approvals/: campaigns that wait for somebody's yes, the next to start first."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.views.generic import TemplateView

from approvals.models import Request
from config.console.access import MemberPage


class Inbox(MemberPage, TemplateView):
    """Open requests of the workspace; what one asked for oneself is shown too, but decided by others."""

    template_name = "approvals/inbox.html"

    def rows(self) -> QuerySet[Any]:
        found = Request.objects.filter(
            status=Request.OPEN, campaign__workspace=self.workspace, campaign__deleted_at__isnull=True
        )
        return found.select_related("campaign", "requested_by").order_by(
            F("campaign__starts_at").asc(nulls_last=True), "id"
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_decide = self.membership.role in ("approver", "admin")
        return super().get_context_data(rows=self.rows()[:200], may_decide=may_decide, **kwargs)
