"""Addresses of the campaign pages and of those about their audience."""

from django.urls import include, path

from approvals.console.inbox import Inbox
from campaigns.console import (
    actions,
    approvals,
    audience,
    bulk,
    calendar,
    channels,
    detail,
    editing,
    help,
    imports,
    labels,
    ledger,
    lists,
    moving,
    people,
    policy,
    review,
    runs,
    sample_sends,
    segment_editor,
    segments,
    topics,
    what,
    when,
    winners,
)

campaign_pages = [
    path("", lists.CampaignList.as_view(), name="list"),
    path("filters/", lists.FilterPanel.as_view(), name="filters"),
    path("live/", lists.LiveRows.as_view(), name="live"),
    path("new/", editing.NewCampaign.as_view(), name="new"),
    path("bulk/<slug:action>/", bulk.BulkAction.as_view(), name="bulk"),
    path("<int:pk>/", detail.Overview.as_view(), name="detail"),
    path("<int:pk>/live/", detail.LiveOverview.as_view(), name="live-overview"),
    path("<int:pk>/content/", detail.Content.as_view(), name="content"),
    path("<int:pk>/participants/", ledger.ParticipantsPage.as_view(), name="participants"),
    path("<int:pk>/messages/", ledger.MessagesPage.as_view(), name="messages"),
    path("<int:pk>/messages/resolve/", ledger.ResolveDoubt.as_view(), name="resolve-doubt"),
    path("<int:pk>/activity/", detail.ActivityPage.as_view(), name="activity"),
    path("<int:pk>/error/", detail.ErrorPage.as_view(), name="error"),
    path("<int:pk>/edit/", editing.EditAny.as_view(), name="edit"),
    path("<int:pk>/edit/name/", editing.EditName.as_view(), name="edit-name"),
    path("<int:pk>/edit/who/", editing.EditWho.as_view(), name="edit-who"),
    path("<int:pk>/edit/what/", what.EditWhat.as_view(), name="edit-what"),
    path("<int:pk>/edit/when/", when.EditWhen.as_view(), name="edit-when"),
    path("<int:pk>/edit/when/runs/", when.NextRuns.as_view(), name="next-runs"),
    path("<int:pk>/runs/", runs.RunsPage.as_view(), name="runs"),
    path("<int:pk>/runs/<int:number>/<slug:choice>/", runs.ChooseRun.as_view(), name="choose-run"),
    path("<int:pk>/review/", review.Review.as_view(), name="review"),
    path("<int:pk>/audience/", audience.AudiencePanel.as_view(), name="audience"),
    path("<int:pk>/test/", sample_sends.SampleSend.as_view(), name="test"),
    path("<int:pk>/preview/", audience.Preview.as_view(), name="preview"),
    path("<int:pk>/actions/<slug:action>/", actions.CampaignAction.as_view(), name="action"),
    path("<int:pk>/channels/new/", what.AddChannel.as_view(), name="add-channel"),
    path(
        "<int:pk>/channels/<int:channel>/actions/<slug:action>/",
        channels.ChannelAction.as_view(),
        name="channel-action",
    ),
    path("<int:pk>/channels/<int:channel>/winner/", winners.ChooseWinner.as_view(), name="winner"),
]

calendar_pages = [
    path("", calendar.Calendar.as_view(), name="calendar"),
    path("<int:pk>/move/", moving.Move.as_view(), name="move"),
]

people_pages = [
    path("", people.PeopleList.as_view(), name="list"),
    path("<int:pk>/", people.PersonPage.as_view(), name="detail"),
    path("import/", imports.Upload.as_view(), name="import"),
    path("imports/<int:pk>/", imports.JobDetail.as_view(), name="import-job"),
    path("imports/<int:pk>/progress/", imports.JobProgress.as_view(), name="import-progress"),
    path("imports/<int:pk>/<slug:severity>.csv", imports.JobReport.as_view(), name="import-report"),
]

segment_pages = [
    path("", segments.SegmentList.as_view(), name="list"),
    path("new/", segments.NewList.as_view(), name="new"),
    path("new/condition/", segment_editor.SegmentEditor.as_view(), name="new-condition"),
    path("try/", segment_editor.TryCondition.as_view(), name="try"),
    path("<int:pk>/", segments.SegmentPage.as_view(), name="detail"),
    path("<int:pk>/edit/", segment_editor.SegmentEditor.as_view(), name="edit"),
]

label_pages = [
    path("", labels.LabelList.as_view(), name="list"),
    path("new/", labels.EditLabel.as_view(), name="new"),
    path("<int:pk>/", labels.EditLabel.as_view(), name="edit"),
    path("<int:pk>/delete/", labels.DeleteLabel.as_view(), name="delete"),
]

topic_pages = [
    path("", topics.TopicList.as_view(), name="list"),
    path("new/", topics.EditTopic.as_view(), name="new"),
    path("<int:pk>/", topics.EditTopic.as_view(), name="edit"),
    path("<int:pk>/delete/", topics.DeleteTopic.as_view(), name="delete"),
]

approval_pages = [
    path("", Inbox.as_view(), name="inbox"),
    path("<int:pk>/", approvals.RequestPage.as_view(), name="request"),
]

settings_pages = [
    path("approvals/", policy.PolicyPage.as_view(), name="policy"),
    path("activity/", policy.SettingsLog.as_view(), name="activity"),
]

help_pages = [path("lifecycles/", help.LifecyclesPage.as_view(), name="lifecycles")]

urlpatterns = [
    path("campaigns/", include((campaign_pages, "campaigns"))),
    path("calendar/", include((calendar_pages, "calendar"))),
    path("people/", include((people_pages, "people"))),
    path("segments/", include((segment_pages, "segments"))),
    path("labels/", include((label_pages, "labels"))),
    path("topics/", include((topic_pages, "topics"))),
    path("help/", include((help_pages, "help"))),
    path("approvals/", include((approval_pages, "approvals"))),
    path("settings/", include((settings_pages, "settings"))),
]
