"""/approvals/: what waits for the member's yes, what has been decided, and what they asked for themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone

from approvals.models import Request
from config.console.templatetags.console import relative_words
from config.console.views import ListPage

TABS = (("Pending for me", "pending"), ("Decided", "decided"), ("Mine", "mine"))
#: Where nothing is scheduled: behind all that is.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
#: Icon and colour of each outcome.
LOOKS = {
    "open": ("hourglass", "purple"), "approved": ("circle-check", "green"), "rejected": ("circle-x", "pink"),
    "withdrawn": ("arrow-back-up", "secondary"), "voided": ("edit", "secondary"), "expired": ("calendar-x", "secondary"),
}  # fmt: skip
EMPTY = {
    "pending": "Nothing waits for you.",
    "decided": "Nothing has been decided yet.",
    "mine": "You have not asked for any approval yet.",
}


def with_times(found: QuerySet[Any]) -> QuerySet[Any]:
    """The requests with ``due`` (when the campaign starts or runs next) and ``agreed`` (how many approvals there are)."""
    due = Coalesce(Least("campaign__starts_at", "campaign__next_run_at"), Value(NEVER))
    agreed = Count("decisions", filter=Q(decisions__verdict="approve"))
    return found.annotate(due=due, agreed=agreed).select_related("campaign", "requested_by", "decided_by")


class Inbox(ListPage):
    """Three tabs; those that wait are sorted by their scheduled time, the others by when they were asked."""

    template_name = "approvals/inbox.html"

    @property
    def tab(self) -> str:
        """The tab that the address names; without one, what a member most likely came for."""
        first = "pending" if self.membership.may("decide_approvals") else "mine"
        wanted = self.request.GET.get("tab", "")
        return wanted if wanted in {name for _, name in TABS} else first

    def get_order(self) -> tuple[str, ...]:
        return ("due", "id") if self.tab == "pending" else ("-id",)

    def rows(self) -> QuerySet[Any]:
        if self.tab == "pending":
            return with_times(Request.objects.waiting_for(self.membership))
        found = Request.objects.visible_to(self.membership)
        if self.tab == "mine":
            return with_times(found.filter(requested_by=self.membership.user_id))
        return with_times(found.exclude(status=Request.OPEN))

    def decorate(self, rows: list[Any]) -> list[Any]:
        now = timezone.now()
        return [{"request": row, **shown(row, now)} for row in rows]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        here = reverse("approvals:inbox")
        tabs = [
            {"label": label, "url": f"{here}?tab={name}", "is_current": name == self.tab}
            for label, name in TABS
        ]
        may_decide = self.membership.may("decide_approvals")
        return super().get_context_data(
            tabs=tabs, tab=self.tab, may_decide=may_decide, empty_text=EMPTY[self.tab], **kwargs
        )


def shown(row: Request, now: datetime) -> dict[str, Any]:
    """What a list and the review page say of a request: outcome, countdown."""
    icon, colour = LOOKS[row.status]
    due = None if row.due == NEVER else row.due
    return {
        "icon": icon,
        "colour": colour,
        "word": "Waiting" if row.is_open else row.get_status_display(),
        "due": due,
        "countdown": relative_words(due, now) if due else "",
        "is_past": bool(due and due <= now and row.is_open),
    }
