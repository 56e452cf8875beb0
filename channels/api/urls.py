"""Addresses that apps and sites of customers call."""

from django.urls import path

from channels.api.displayed import Devices, Events, Messages

urlpatterns = [
    path("displayed/<str:key>/messages/", Messages.as_view(), name="displayed-messages"),
    path("displayed/<str:key>/events/", Events.as_view(), name="displayed-events"),
    path("displayed/<str:key>/devices/", Devices.as_view(), name="displayed-devices"),
]
