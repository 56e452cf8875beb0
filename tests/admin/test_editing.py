"""The change form of a campaign: what may be edited goes through the service, the state can never be typed in."""

import pytest
from django.urls import reverse

from campaigns.models import Activity, Campaign
from tests import factories

pytestmark = pytest.mark.django_db


def change_url(campaign):
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def filled(client, campaign, **changed):
    """The form as the browser would send it, with some fields changed."""
    form = client.get(change_url(campaign)).context["adminform"].form
    data = {}
    for name in form.fields:
        value = form[name].value()
        if name == "labels":
            value = [label.pk if hasattr(label, "pk") else label for label in value or []]
        data[name] = "" if value is None else value
    return data | changed


@pytest.mark.parametrize("kind", ["sms", "journey", "message", "python", "flow", "outreach"])
def test_a_draft_is_edited_through_the_service(kind, in_state, creator, enter, workspace):
    campaign, client = in_state(kind, "draft"), enter(creator)
    label = factories.LabelFactory(workspace=workspace)
    answer = client.post(
        change_url(campaign), filled(client, campaign, name="A better name", labels=[label.pk])
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.name, stored.version) == ("A better name", campaign.version + 1)
    assert list(stored.labels.all()) == [label]
    row = Activity.objects.filter(campaign=campaign, action="edit").latest("id")
    assert row.via == "admin" and row.data == {"changed": ["labels", "name"]}


def test_nothing_of_the_state_can_be_typed_in(in_state, creator, enter, now):
    campaign, client = in_state("sms", "draft"), enter(creator)
    typed = {
        "status": "running", "version": 99, "kind": "voice", "created_by": "", "status_reason": "forged",
        "started_at_0": "2020-01-01", "started_at_1": "00:00", "archive_due_at": "2050-01-01", "finished_at": "2050-01-01",
        "workspace": factories.WorkspaceFactory().pk, "deleted_at": "2020-01-01", "sweep": "exit",
    }  # fmt: skip
    client.post(change_url(campaign), filled(client, campaign, name="Renamed", **typed))
    stored = Campaign.objects.get(pk=campaign.pk)
    assert stored.name == "Renamed"
    changed = {"name", "version", "updated_at", "last_active_at", "archive_due_at"}
    for field in Campaign._meta.concrete_fields:
        if field.name not in changed:
            assert getattr(stored, field.attname) == getattr(campaign, field.attname), field.name
    assert stored.archive_due_at.year != 2050


def test_two_who_edit_at_once_do_not_overwrite_each_other(in_state, creator, approver, enter):
    campaign = in_state("sms", "draft")
    mine, theirs = enter(creator), enter(approver)
    old = filled(mine, campaign, name="Mine")
    assert theirs.post(change_url(campaign), filled(theirs, campaign, name="Theirs")).status_code == 302
    answer = mine.post(change_url(campaign), old)
    assert answer.status_code == 200 and "has changed since you opened it" in answer.content.decode()
    assert Campaign.objects.get(pk=campaign.pk).name == "Theirs"


def test_what_is_locked_in_this_status_is_read_only_and_refused(in_state, creator, enter):
    campaign, client = in_state("sms", "scheduled"), enter(creator)
    form = client.get(change_url(campaign)).context["adminform"].form
    assert "name" not in form.fields and "segment" not in form.fields
    assert "starts_at" in form.fields
    answer = client.post(
        change_url(campaign), filled(client, campaign, starts_at="2031-05-05T10:00", name="Sneaked in")
    )
    assert answer.status_code == 302
    stored = Campaign.objects.get(pk=campaign.pk)
    assert stored.name == campaign.name
    assert stored.starts_at.isoformat() == "2031-05-05T10:00:00+00:00"


def test_an_archived_campaign_is_read_only(in_state, creator, enter):
    campaign, client = in_state("journey", "archived"), enter(creator)
    assert client.get(change_url(campaign)).status_code == 200
    assert (
        client.post(change_url(campaign), {"name": "New", "seen_version": campaign.version}).status_code
        == 403
    )


def test_a_refusal_of_the_service_stands_beside_the_field(in_state, creator, enter):
    campaign, client = in_state("journey", "draft"), enter(creator)
    broken = '[{"key": "one", "type": "teleport"}]'
    answer = client.post(change_url(campaign), filled(client, campaign, workflow=broken))
    assert answer.status_code == 200
    assert "Unknown step type" in str(answer.context["adminform"].form.errors["workflow"])
    for zone in ("Mars/Base", "../etc/passwd"):
        answer = client.post(
            change_url(campaign), filled(client, campaign, timezone=zone, starts_at="2031-05-05T10:00")
        )
        assert answer.status_code == 200, zone
    assert Campaign.objects.get(pk=campaign.pk).version == campaign.version


def test_a_list_of_another_workspace_cannot_be_chosen(in_state, creator, enter):
    campaign, client = in_state("sms", "draft"), enter(creator)
    foreign = factories.SegmentFactory()
    answer = client.post(change_url(campaign), filled(client, campaign, segment=foreign.pk))
    assert "segment" in answer.context["adminform"].form.errors


def test_a_campaign_is_made_as_a_draft_of_its_owner(creator, enter, workspace):
    client, url = enter(creator), reverse("admin:campaigns_campaign_add")
    answer = client.post(url, {"workspace": workspace.pk, "kind": "journey", "name": "Welcome"})
    assert answer.status_code == 302
    made = Campaign.objects.get(name="Welcome")
    assert (made.status, made.kind, made.created_by, made.workspace) == (
        "draft",
        "journey",
        creator.user,
        workspace,
    )
    assert Activity.objects.get(campaign=made).via == "admin"
    foreign = factories.WorkspaceFactory()
    answer = client.post(url, {"workspace": foreign.pk, "kind": "journey", "name": "Elsewhere"})
    assert answer.status_code == 200 and not Campaign.objects.filter(name="Elsewhere").exists()
