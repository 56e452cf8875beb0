"""Addresses of the campaign pages and of those about their audience."""

from django.urls import URLPattern, include, path

from approvals.console.inbox import Inbox
from campaigns.console import (
    actions,
    analytics,
    approvals,
    audience,
    bulk,
    calendar,
    channel_outcomes,
    channels,
    contacts,
    detail,
    drafts,
    dry_runs,
    editing,
    existing_emails,
    flow_pages,
    flow_settings,
    goal_forms,
    help,
    imports,
    labels,
    ledger,
    lists,
    logs,
    moving,
    object_imports,
    objects,
    participants,
    people,
    policy,
    remarketing,
    review,
    runs,
    sample_sends,
    segment_editor,
    segments,
    send_schedule,
    step_pages,
    step_places,
    strategy_editing,
    topics,
    trigger_pages,
    what,
    when,
    winners,
    workflow_copying,
    workflow_outcomes,
    workflow_pages,
)


def workflow_paths(base: str, name: str) -> list[URLPattern]:
    """The pages about steps and places of a drawn workflow: the same for a journey and for each flow."""
    return [
        path(f"{base}add/", step_places.AddStep.as_view(), name=f"{name}-add"),
        path(f"{base}copy/", workflow_copying.CopySteps.as_view(), name=f"{name}-copy"),
        path(f"{base}steps/<slug:key>/", step_pages.EditStep.as_view(), name=f"{name}-step"),
        path(
            f"{base}steps/<slug:key>/existing/",
            existing_emails.EmailForStep.as_view(),
            name=f"{name}-existing",
        ),
        path(f"{base}steps/<slug:key>/winner/", step_pages.ChooseWay.as_view(), name=f"{name}-winner"),
        path(f"{base}steps/<slug:key>/move/", step_places.MoveStep.as_view(), name=f"{name}-move"),
    ]


campaign_pages = [
    path("", lists.CampaignList.as_view(), name="list"),
    path("filters/", lists.FilterPanel.as_view(), name="filters"),
    path("live/", lists.LiveRows.as_view(), name="live"),
    path("new/", editing.NewCampaign.as_view(), name="new"),
    path("bulk/<slug:action>/", bulk.BulkAction.as_view(), name="bulk"),
    path("<int:pk>/", detail.Overview.as_view(), name="detail"),
    path("<int:pk>/live/", detail.LiveOverview.as_view(), name="live-overview"),
    path("<int:pk>/content/", detail.Content.as_view(), name="content"),
    path("<int:pk>/participants/", participants.Participants.as_view(), name="participants"),
    path("<int:pk>/messages/", ledger.MessagesPage.as_view(), name="messages"),
    path("<int:pk>/messages/resolve/", ledger.ResolveDoubt.as_view(), name="resolve-doubt"),
    path("<int:pk>/drafts/", drafts.DraftsPage.as_view(), name="drafts"),
    path("<int:pk>/drafts/all/<slug:decision>/", drafts.DecideAll.as_view(), name="decide-all-drafts"),
    path("<int:pk>/drafts/<int:draft>/", drafts.DraftPage.as_view(), name="draft"),
    path("<int:pk>/activity/", detail.ActivityPage.as_view(), name="activity"),
    path("<int:pk>/analytics/", analytics.Analytics.as_view(), name="analytics"),
    path("<int:pk>/analytics/live/", channel_outcomes.LiveOutcomes.as_view(), name="live-outcomes"),
    path("<int:pk>/analytics/outcomes.csv", channel_outcomes.OutcomesTable.as_view(), name="outcomes-csv"),
    path("<int:pk>/analytics/steps.csv", workflow_outcomes.WorkflowTable.as_view(), name="steps-csv"),
    path(
        "<int:pk>/analytics/<slug:flow>/<slug:key>/winner/",
        winners.ChooseWayOfFlow.as_view(),
        name="split-winner",
    ),
    path("<int:pk>/contacts/", contacts.ContactsPage.as_view(), name="contacts"),
    path("<int:pk>/logs/", logs.LogsPage.as_view(), name="logs"),
    path("<int:pk>/logs/file/", logs.LogFile.as_view(), name="log-file"),
    path("<int:pk>/error/", detail.ErrorPage.as_view(), name="error"),
    path("<int:pk>/edit/", editing.EditAny.as_view(), name="edit"),
    path("<int:pk>/edit/name/", editing.EditName.as_view(), name="edit-name"),
    path("<int:pk>/edit/who/", strategy_editing.EditWho.as_view(), name="edit-who"),
    path("<int:pk>/edit/exit/", goal_forms.EditExit.as_view(), name="edit-exit"),
    path("<int:pk>/edit/goal/", goal_forms.EditGoal.as_view(), name="edit-goal"),
    path("<int:pk>/edit/what/", strategy_editing.EditWhat.as_view(), name="edit-what"),
    path("<int:pk>/edit/what/existing/", existing_emails.EmailForChannel.as_view(), name="channel-existing"),
    *workflow_paths("<int:pk>/edit/what/", "edit-what"),
    path(
        "<int:pk>/edit/flows/<slug:flow>/settings/",
        flow_settings.FlowSettings.as_view(),
        name="flow-settings",
    ),
    path("<int:pk>/edit/flows/<slug:flow>/remove/", flow_pages.RemoveFlow.as_view(), name="remove-flow"),
    path("<int:pk>/edit/flows/<slug:flow>/", workflow_pages.EditWorkflow.as_view(), name="edit-flow"),
    *workflow_paths("<int:pk>/edit/flows/<slug:flow>/", "edit-flow"),
    path("<int:pk>/edit/flows/<slug:flow>/who/", trigger_pages.EditTrigger.as_view(), name="edit-flow-who"),
    path("<int:pk>/edit/when/", strategy_editing.EditWhen.as_view(), name="edit-when"),
    path("<int:pk>/edit/schedule/", send_schedule.EditSchedule.as_view(), name="edit-schedule"),
    path("<int:pk>/edit/when/runs/", when.NextRuns.as_view(), name="next-runs"),
    path("<int:pk>/runs/", runs.RunsPage.as_view(), name="runs"),
    path("<int:pk>/runs/<int:number>/<slug:choice>/", runs.ChooseRun.as_view(), name="choose-run"),
    path("<int:pk>/review/", review.Review.as_view(), name="review"),
    path("<int:pk>/audience/", audience.AudiencePanel.as_view(), name="audience"),
    path("<int:pk>/dry-run/", dry_runs.DryRunPage.as_view(), name="dry-run"),
    path("<int:pk>/test/", sample_sends.SampleSend.as_view(), name="test"),
    path("<int:pk>/preview/", audience.Preview.as_view(), name="preview"),
    path("<int:pk>/actions/<slug:action>/", actions.CampaignAction.as_view(), name="action"),
    path("<int:pk>/channels/new/", what.AddChannel.as_view(), name="add-channel"),
    path(
        "<int:pk>/channels/<int:channel>/actions/remarket/",
        remarketing.Remarket.as_view(),
        name="remarket",
    ),
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

draft_pages = [path("", drafts.DraftQueue.as_view(), name="list")]

people_pages = [
    path("", people.PeopleList.as_view(), name="list"),
    path("<int:pk>/", people.PersonPage.as_view(), name="detail"),
    path("import/", imports.Upload.as_view(), name="import"),
    path("imports/<int:pk>/", imports.JobDetail.as_view(), name="import-job"),
    path("imports/<int:pk>/progress/", imports.JobProgress.as_view(), name="import-progress"),
    path("imports/<int:pk>/<slug:severity>.csv", imports.JobReport.as_view(), name="import-report"),
]

object_pages = [
    path("", objects.ObjectList.as_view(), name="list"),
    path("<int:pk>/", objects.ObjectPage.as_view(), name="detail"),
    path("import/", object_imports.ObjectUpload.as_view(), name="import"),
    path("imports/<int:pk>/", object_imports.ObjectJobDetail.as_view(), name="import-job"),
    path("imports/<int:pk>/progress/", object_imports.ObjectJobProgress.as_view(), name="import-progress"),
    path(
        "imports/<int:pk>/<slug:severity>.csv",
        object_imports.ObjectJobReport.as_view(),
        name="import-report",
    ),
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
    path("drafts/", include((draft_pages, "drafts"))),
    path("people/", include((people_pages, "people"))),
    path("objects/", include((object_pages, "objects"))),
    path("segments/", include((segment_pages, "segments"))),
    path("labels/", include((label_pages, "labels"))),
    path("topics/", include((topic_pages, "topics"))),
    path("help/", include((help_pages, "help"))),
    path("approvals/", include((approval_pages, "approvals"))),
    path("settings/", include((settings_pages, "settings"))),
]
