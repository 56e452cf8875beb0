"""Every page of the admin opens for those who may see it, and does not exist for the others."""

import pytest
from django.contrib import admin
from django.urls import reverse

from campaigns.models import (
    Activity,
    ImportJob,
    ObjectType,
    Person,
    RelatedObject,
    Segment,
    User,
    Workspace,
)
from channels.models import Delivery, Suppression
from tests import factories
from tests.kept import once_for_the_file

pytestmark = pytest.mark.django_db

OURS = ("campaigns", "channels", "approvals")
MODELS = [model for model in admin.site._registry if model._meta.app_label in OURS]
LISTED = [model for model in MODELS if model is not Delivery]


def _url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@once_for_the_file
def furnished_once():
    """The id of a workspace with at least one object of every kind."""
    workspace = factories.WorkspaceFactory()
    campaign = factories.in_state("pending_approval", "message", workspace=workspace)
    factories.in_state("running", "sms", workspace=workspace)
    factories.LabelFactory(workspace=workspace)
    factories.ApiKeyFactory(membership=factories.member("admin", workspace, is_staff=True))
    ImportJob.objects.create(workspace=workspace, file_name="people.csv", path="people.csv")
    Suppression.objects.create(
        workspace=workspace, address_kind="email", address="a@example.test", reason="manual"
    )
    person = Person.objects.filter(workspace=workspace).first()
    company = ObjectType.objects.create(workspace=workspace, name="company")
    RelatedObject.objects.create(type=company, external_id="acme")
    Delivery.objects.create(channel=campaign.channels.get(), person=person, due_at=factories.NOW)
    return workspace.pk


@pytest.fixture
def furnished(furnished_once):
    return Workspace.objects.get(pk=furnished_once)


@pytest.fixture
def workspace(furnished):
    """The members of these tests are members of that workspace."""
    return furnished


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model._meta.model_name)
@pytest.mark.parametrize("who", ["creator", "approver", "admin_member", "root", "root_member"])
def test_lists_and_forms_open(model, who, furnished, enter, request):
    client = enter(request.getfixturevalue(who))
    response = client.get(_url(model, "changelist"), {"workspace": furnished.pk} if who == "root" else {})
    if response.status_code == 302:  # a filter that this list does not have
        response = client.get(_url(model, "changelist"))
    assert response.status_code == 200
    found = list(response.context["cl"].result_list)
    assert found or model._meta.model_name == "apikey", "the list shows what there is"
    for obj in found[:2]:
        assert client.get(_url(model, "change", obj.pk)).status_code == 200
    add = client.get(_url(model, "add"))
    assert add.status_code in (200, 403)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model._meta.model_name)
def test_a_stranger_does_not_see_that_it_exists(model, furnished, stranger, enter):
    client = enter(stranger)
    mine = {"campaigns.user": User.objects.filter(pk=stranger.user_id)}.get(model._meta.label_lower)
    found = model._default_manager.exclude(pk__in=mine or [])
    if model in (Workspace, Segment):
        found = found.exclude(
            **({"pk": stranger.workspace_id} if model is Workspace else {"workspace": stranger.workspace})
        )
    elif hasattr(model, "workspace_id"):
        found = found.exclude(workspace_id=stranger.workspace_id)
    obj = found.order_by("pk").first()
    assert obj is not None
    for page in ("change", "delete", "history"):
        assert client.get(_url(model, page, obj.pk)).status_code == 404, page
        assert client.post(_url(model, page, obj.pk)).status_code == 404, page
    listed = client.get(_url(model, "changelist")).context["cl"].result_list
    assert obj.pk not in {row.pk for row in listed}


def test_another_workspace_cannot_be_chosen(furnished, stranger, enter):
    client = enter(stranger)
    for name in ("campaign", "activity", "person", "label"):
        url = reverse(f"admin:campaigns_{name}_changelist")
        assert client.get(url, {"workspace": furnished.pk}).status_code == 404
        assert client.get(url, {"workspace": "x"}).status_code == 404


def test_a_member_who_is_not_staff_has_no_admin(furnished, enter, workspace):
    client = enter(factories.member("admin", workspace))
    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get(reverse("admin:campaigns_campaign_changelist")).status_code == 302


def test_the_index_says_what_it_is_and_leads_to_the_console(admin_member, enter):
    page = enter(admin_member).get(reverse("admin:index")).content.decode()
    assert "<h1>Campaign console administration</h1>" in page
    assert f'href="{reverse("campaigns:list")}"' in page


@pytest.mark.parametrize(
    "query",
    [
        "status=%00",
        "kind__exact=%00",
        "channel=%00",
        "created_at__year=0",
        "created_at__year=-1",
        "created_at__year=" + "9" * 30,
    ],
)
def test_a_filter_that_cannot_be_is_refused_not_an_error(query, furnished, admin_member, enter):
    answer = enter(admin_member).get(f"{reverse('admin:campaigns_campaign_changelist')}?{query}", follow=True)
    assert answer.status_code in (200, 400)


def test_the_activity_log_cannot_be_written(furnished, root_member, enter):
    client = enter(root_member)
    row = Activity.objects.first()
    assert client.get(reverse("admin:campaigns_activity_add")).status_code == 403
    url = reverse("admin:campaigns_activity_change", args=[row.pk])
    assert client.post(url, {"reason": "forged"}).status_code == 403
    assert (
        client.post(reverse("admin:campaigns_activity_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )


def test_deliveries_are_read_only_and_listed_by_campaign(furnished, admin_member, stranger, enter):
    client, row = enter(admin_member), Delivery.objects.first()
    url = reverse("admin:channels_delivery_change", args=[row.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"status": "sent"}).status_code == 403
    assert client.get(reverse("admin:channels_delivery_changelist")).status_code == 302
    assert enter(stranger).get(url).status_code == 404


def test_periodic_tasks_are_editable_by_superusers(root, admin_member, enter):
    from django_celery_beat.models import PeriodicTask

    from campaigns.services import timetable

    timetable.fill()
    task = PeriodicTask.objects.filter(task=timetable.TASK).first()
    url = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    page = enter(root).get(url)
    assert page.status_code == 200
    assert "readableCrontabs" not in page.content.decode(), (
        "no inline script: the content security policy forbids it"
    )
    data = {"name": task.name, "regtask": "", "task": task.task, "interval": task.interval_id, "args": task.args,
            "kwargs": "{}", "headers": "{}", "enabled": ""}  # fmt: skip
    assert enter(root).post(url, data).status_code == 302
    task.refresh_from_db()
    assert task.enabled is False
    assert enter(admin_member).get(url).status_code in (403, 404)


@pytest.mark.parametrize(
    ("field", "value"),
    [("task", "x" * 201), ("task", "a\0b"), ("task", ""), ("regtask", "x" * 300), ("regtask", "a\0b"), ("name", "x" * 201),
     ("name", "a\0b"), ("name", ""), ("args", "["), ("args", "\0"), ("kwargs", "nothing"), ("interval", "999999"),
     ("queue", "q" * 300), ("priority", "x"), ("expire_seconds", "-1"), ("expire_seconds", "9" * 30)],
)  # fmt: skip
def test_a_periodic_task_that_cannot_be_kept_is_refused_at_its_field(root, enter, field, value):
    from django_celery_beat.models import PeriodicTask

    from campaigns.services import timetable

    timetable.fill()
    task = PeriodicTask.objects.filter(task=timetable.TASK).first()
    data = {"name": task.name, "regtask": "", "task": task.task, "interval": task.interval_id, "args": task.args,
            "kwargs": "{}", "headers": "{}", "enabled": "on", field: value}  # fmt: skip
    for url in (
        reverse("admin:django_celery_beat_periodictask_change", args=[task.pk]),
        reverse("admin:django_celery_beat_periodictask_add"),
    ):
        page = enter(root).post(url, data)
        assert page.status_code == 200
        assert field in page.context["adminform"].form.errors, page.context["adminform"].form.errors


def test_the_number_of_queries_does_not_grow(
    in_state, admin_member, enter, django_assert_max_num_queries, workspace
):
    in_state("sms", "draft")
    client, url = enter(admin_member), reverse("admin:campaigns_campaign_changelist")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as few:
        before = len(client.get(url).context["cl"].result_list)
    for number in range(12):
        in_state("sms", "running", name=f"More {number}", labels=[f"label {number}"])
    with CaptureQueriesContext(connection) as many:
        page = client.get(url)
    assert len(page.context["cl"].result_list) == before + 12
    assert len(many) <= len(few), "\n".join(query["sql"] for query in many)
    assert len(many) <= 18
