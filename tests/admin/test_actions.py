"""Every action of every lifecycle from its button in the admin: through the gateway, audited, four eyes included."""

import pytest
from django.db import transaction
from django.urls import reverse

from campaigns.models import Activity, Campaign
from tests.campaigns import lifecycle_spec as spec
from tests.factories.campaigns import member_of

pytestmark = pytest.mark.django_db

STATES = [(kind, status) for kind, menus in spec.MENUS.items() for status in menus]
#: What an action needs to be told; times are typed on the campaign's own clocks.
TYPED = {
    "schedule": {"starts_at": "2031-01-01T09:00", "audience": "future"},
    "schedule_stop": {"stops_at": "2031-01-01T09:00", "mode": "exit"},
    "stop": {"mode": "exit"},
    "restart": {"audience": "current"},
    "reject": {"comment": "The link is wrong."},
}


def action_url(campaign, action):
    return reverse("admin:campaigns_campaign_action", args=[campaign.pk, action])


def press(client, campaign, action, **typed):
    """Open the consequences, fill in what is asked, and submit the form as it was shown."""
    page = client.get(action_url(campaign, action))
    assert page.status_code == 200, page
    shown = page.context
    data = {"version": shown["campaign"].version, "seen": shown["seen"], **TYPED.get(action, {}), **typed}
    if action == "delete":
        data.setdefault("name", campaign.name)
    return client.post(action_url(campaign, action), data)


@pytest.mark.parametrize(("kind", "status"), STATES, ids=[f"{kind}-{status}" for kind, status in STATES])
def test_every_button_does_what_the_lifecycle_says(
    kind, status, in_state, creator, approver, workspace, enter
):
    """Each by a member whose role has the action; what it did is taken back before the next one."""
    clients = {"creator": enter(creator), "approver": enter(approver)}
    members = {role: member_of(workspace, role) for role in clients}
    campaign = in_state(kind, status)
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    forms = {}
    for label, action, targets in spec.MENUS[kind][status]:
        if not action:
            continue
        role = "approver" if "creator" not in spec.ROLES.get(action, {"creator"}) else "creator"
        form = forms[role] = forms.get(role) or clients[role].get(url)
        button = next(b for b in form.context["buttons"] if b.url == action_url(campaign, action))
        assert button.label == label
        with transaction.atomic():
            _press_and_look(
                clients[role], button, form, campaign, action, targets or (status,), members[role]
            )
            transaction.set_rollback(True)


def _press_and_look(client, button, form, campaign, action, targets, member):
    """Enabled, it does what it says and the log names who; disabled, it says why and does nothing."""
    known = set(Activity.objects.values_list("pk", flat=True))
    if not button.enabled:
        assert button.reason.endswith(".")
        assert button.reason in form.content.decode().replace("&#x27;", "'").replace("&quot;", '"')
        client.post(action_url(campaign, action), {"version": campaign.version})
        assert Activity.objects.count() == len(known), "a disabled action does nothing"
        return
    answer = press(client, campaign, action)
    assert answer.status_code == 302, answer.content.decode()
    stored = Campaign.objects.get(pk=campaign.pk)
    row = Activity.objects.filter(campaign=campaign, action=action).latest("id")
    assert row.pk not in known
    assert (row.via, row.actor_label) == ("admin", member.user.email)
    assert stored.status in targets, (action, stored.status)
    assert action != "delete" or stored.deleted_at is not None


def test_a_start_time_is_read_on_the_clocks_of_the_campaign(in_state, creator, enter):
    campaign = in_state("sms", "draft", timezone="Asia/Tokyo")
    assert press(enter(creator), campaign, "schedule", starts_at="2031-01-01T09:00").status_code == 302
    campaign.refresh_from_db(fields=["starts_at"])
    assert campaign.starts_at.isoformat() == "2031-01-01T00:00:00+00:00"


def test_a_time_that_has_passed_is_refused_beside_its_field(in_state, creator, enter):
    campaign = in_state("sms", "draft")
    answer = press(enter(creator), campaign, "schedule", starts_at="2020-01-01T09:00")
    assert answer.status_code == 422
    assert "has passed already" in answer.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"


def test_a_stale_page_changes_nothing_and_says_so(in_state, creator, enter):
    campaign, client = in_state("sms", "draft"), enter(creator)
    old = campaign.version
    press(client, campaign, "schedule")
    answer = client.post(action_url(campaign, "archive"), {"version": old})
    assert answer.status_code == 409
    assert "has changed since you opened it" in answer.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).status == "scheduled"


def test_an_audience_that_grew_is_shown_before_anything_happens(in_state, creator, enter):
    from tests.factories import people

    campaign, client = in_state("sms", "draft"), enter(creator)
    page = client.get(action_url(campaign, "schedule")).context
    people(campaign.workspace, 5, segment=campaign.segment)
    data = {"version": campaign.version, "seen": page["seen"], "starts_at": "2031-01-01T09:00"}
    answer = client.post(action_url(campaign, "schedule"), data)
    assert answer.status_code == 409
    assert "8 people" in answer.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"


def test_nobody_approves_their_own_request_not_even_as_a_superuser(in_state, creator, root_member, enter):
    """A superuser asks as a creator, then becomes an approver: still refused, by button and by hand."""
    root_member.role = "creator"
    root_member.save()
    campaign = in_state("message", "pending_approval", created_by=root_member)
    root_member.role = "approver"
    root_member.save()
    client = enter(root_member)
    page = client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    approve = next(button for button in page.context["buttons"] if button.label == "Approve")
    assert not approve.enabled and "what they submitted themselves" in approve.reason
    client.post(action_url(campaign, "approve"), {"version": campaign.version, "seen": "3"})
    client.post(action_url(campaign, "reject"), {"version": campaign.version, "comment": "No."})
    assert Campaign.objects.get(pk=campaign.pk).status == "pending_approval"


def test_a_role_without_the_action_is_refused_with_the_reason(in_state, creator, enter):
    campaign, client = in_state("message", "draft"), enter(creator)
    page = client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    publish = next(button for button in page.context["buttons"] if button.label == "Publish")
    assert not publish.enabled
    assert publish.reason == "Publish needs an approver or admin of this workspace."
    answer = client.post(action_url(campaign, "publish"), {"version": campaign.version, "seen": "3"})
    assert answer.status_code == 403
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"


def test_a_stranger_is_told_that_there_is_no_such_campaign(in_state, stranger, enter):
    campaign, client = in_state("sms", "running"), enter(stranger)
    channel = campaign.channels.get()
    urls = [
        action_url(campaign, "stop"),
        reverse("admin:campaigns_campaign_ledger", args=[campaign.pk]),
        reverse("admin:campaigns_campaign_channel_action", args=[campaign.pk, channel.pk, "stop"]),
        reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        reverse("admin:campaigns_campaign_delete", args=[campaign.pk]),
        reverse("admin:campaigns_campaign_history", args=[campaign.pk]),
    ]
    for url in urls:
        assert client.get(url).status_code == 404, url
        assert client.post(url, {"version": campaign.version}).status_code == 404, url
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


def test_a_superuser_who_is_no_member_looks_but_does_not_act(in_state, root, enter):
    campaign, client = in_state("sms", "running"), enter(root)
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert page.context["buttons"] == [] and "You are not a member of the workspace" in page.content.decode()
    assert client.post(url, {"name": "Mine", "seen_version": campaign.version}).status_code == 403
    assert client.get(action_url(campaign, "stop")).status_code == 403
    assert client.post(action_url(campaign, "stop"), {"version": campaign.version}).status_code == 403
    bulk = reverse("admin:campaigns_campaign_bulk", args=["stop"])
    report = client.post(
        bulk, {"confirmed": "yes", "id": [campaign.pk], f"version-{campaign.pk}": campaign.version}
    )
    assert "You are not a member" in report.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).status == "running"
    assert not Activity.objects.filter(campaign=campaign, via="admin").exists()


def test_deleting_asks_for_the_name_and_goes_through_the_gateway(in_state, creator, enter):
    campaign, client = in_state("sms", "draft"), enter(creator)
    url = reverse("admin:campaigns_campaign_delete", args=[campaign.pk])
    assert client.post(url, {"post": "yes"}).url == action_url(campaign, "delete")
    assert press(client, campaign, "delete", name="Something else").status_code == 422
    assert Campaign.objects.get(pk=campaign.pk).deleted_at is None
    assert press(client, campaign, "delete").status_code == 302
    assert client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).status_code == 404


def test_the_channels_of_outreach_have_their_own_buttons(in_state, creator, enter):
    campaign, client = in_state("outreach", "draft"), enter(creator)
    channel = campaign.channels.get()
    for action, status in (
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("stop", "stopped"),
    ):
        url = reverse("admin:campaigns_campaign_channel_action", args=[campaign.pk, channel.pk, action])
        version = client.get(url).context["campaign"].version
        stale = client.post(url, {"version": version - 1})
        assert stale.status_code == 302
        assert campaign.channels.get().status != status, "a stale page does nothing"
        client.post(url, {"version": version})
        fresh = campaign.channels.get()
        assert fresh.status == status
        assert Activity.objects.filter(channel_id=channel.pk, action=action, via="admin").count() == 1


def test_an_action_that_does_not_exist_is_404(in_state, creator, enter):
    campaign, client = in_state("sms", "draft"), enter(creator)
    for action in ("explode", "launch", "auto_archive", "view_details"):
        answer = client.get(action_url(campaign, action))
        assert answer.status_code in (302, 404), action
        client.post(action_url(campaign, action), {"version": campaign.version})
    assert client.post(reverse("admin:campaigns_campaign_bulk", args=["launch"])).status_code == 404
    assert Campaign.objects.get(pk=campaign.pk).status == "draft"
