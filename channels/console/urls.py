"""Addresses of the connection pages, and of the one page that people outside open."""

from django.urls import include, path

from channels.console.agents import AgentAction, AgentList, NewAgent
from channels.console.connections import (
    ChooseProvider,
    ConnectionAction,
    ConnectionList,
    ConnectionPage,
    EditConnection,
    Outbox,
)
from channels.console.displayed import DemoPage, SitePage
from channels.console.hooks import Hook
from channels.console.preferences import Preferences
from channels.console.tracked import Tracked
from channels.console.unsubscribe import Unsubscribe

connection_pages = [
    path("", ConnectionList.as_view(), name="list"),
    path("agents/", AgentList.as_view(), name="agents"),
    path("agents/new/", NewAgent.as_view(), name="new-agent"),
    path("agents/<int:pk>/<slug:action>/", AgentAction.as_view(), name="agent-action"),
    path("site/", SitePage.as_view(), name="site"),
    path("new/", ChooseProvider.as_view(), name="choose"),
    path("new/<slug:provider>/", EditConnection.as_view(), name="new"),
    path("<int:pk>/", ConnectionPage.as_view(), name="detail"),
    path("<int:pk>/edit/", EditConnection.as_view(), name="edit"),
    path("<int:pk>/outbox/", Outbox.as_view(), name="outbox"),
    path("<int:pk>/<slug:action>/", ConnectionAction.as_view(), name="action"),
]

urlpatterns = [
    path("demo/displayed/", DemoPage.as_view(), name="demo-displayed"),
    path("hooks/<str:token>/", Hook.as_view(), name="hook"),
    path("channels/", include((connection_pages, "connections"))),
    path("t/<str:token>/", Tracked.as_view(), name="tracked"),
    path("unsubscribe/<str:token>/", Unsubscribe.as_view(), name="unsubscribe"),
    path("preferences/<str:token>/", Preferences.as_view(), name="preferences"),
]
