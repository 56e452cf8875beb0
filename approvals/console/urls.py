"""Addresses of the approval pages."""

from django.urls import include, path

from approvals.console.inbox import Inbox

approval_pages = [path("", Inbox.as_view(), name="inbox")]

urlpatterns = [path("approvals/", include((approval_pages, "approvals")))]
