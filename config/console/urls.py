"""Addresses that belong to no app: the front door, the log-in, the switch between workspaces."""

from django.urls import path
from django.views.generic import RedirectView

from config.console.accounts import LoginView, LogoutView
from config.console.workspace import SwitchWorkspace

urlpatterns = [
    path("", RedirectView.as_view(url="/campaigns/"), name="home"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("workspace/", SwitchWorkspace.as_view(), name="switch-workspace"),
]
