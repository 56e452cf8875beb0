"""/notifications/: what a member has been told, and the way from there to what it is about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from approvals.models import Notification
from config.console.access import MemberPage
from config.console.views import ListPage

TABS = (("All", ""), ("Unread", "unread"))


class NotificationList(ListPage):
    """The newest first; those about a campaign that has been deleted are left out."""

    template_name = "approvals/notifications.html"
    order = ("-id",)

    def rows(self) -> QuerySet[Any]:
        found = Notification.objects.of(self.membership).filter(campaign__deleted_at__isnull=True)
        if self.request.GET.get("show") == "unread":
            found = found.unread()
        return found.select_related("campaign")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = self.request.GET.get("show", "")
        here = reverse("notifications:list")
        tabs = [
            {"label": label, "url": f"{here}?show={name}" if name else here, "is_current": chosen == name}
            for label, name in TABS
        ]
        return super().get_context_data(tabs=tabs, **kwargs)


class OpenNotification(MemberPage, View):
    """/notifications/<id>/: it counts as read, and the page that it is about comes."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # By the recipient, not the workspace: the link of an e-mail works whichever workspace was looked at last.
        mine = Notification.objects.filter(recipient=request.user)
        found = get_object_or_404(mine, pk=kwargs["pk"])
        mine.unread().filter(pk=found.pk).update(read_at=timezone.now())
        if found.workspace_id != self.membership.workspace_id:
            return self._other_workspace(found)
        if found.request_id:
            return HttpResponseRedirect(reverse("approvals:request", args=[found.request_id]))
        return HttpResponseRedirect(reverse("campaigns:detail", args=[found.campaign_id]))

    def _other_workspace(self, found: Notification) -> HttpResponse:
        messages.warning(
            self.request,
            f"“{found.subject}” is about the workspace {found.workspace}: switch to it, then open it again.",
        )
        return HttpResponseRedirect(reverse("notifications:list"))


class ReadAll(MemberPage, View):
    """POST: everything that has been told so far counts as read."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        unread = Notification.objects.of(self.membership).unread()
        number = unread.update(read_at=timezone.now())
        messages.success(request, f"{number:,} marked as read." if number else "Nothing was unread.")
        return HttpResponseRedirect(reverse("notifications:list"))
