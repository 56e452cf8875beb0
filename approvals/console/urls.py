"""Addresses of the notifications. Those of the requests are among the campaigns', whose services decide on them."""

from django.urls import include, path

from approvals.console.notifications import NotificationList, OpenNotification, ReadAll

notification_pages = [
    path("", NotificationList.as_view(), name="list"),
    path("read/", ReadAll.as_view(), name="read-all"),
    path("<int:pk>/", OpenNotification.as_view(), name="open"),
]

urlpatterns = [path("notifications/", include((notification_pages, "notifications")))]
