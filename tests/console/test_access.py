"""Every page × who opens it: nobody, a stranger, a member without the right. Made from the addresses themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from approvals.models import Notification, Request
from campaigns.models import ImportJob, Membership, ObjectType, RelatedObject, Run, Segment, Topic
from channels.models import Connection, Delivery
from tests.console.conftest import Browse
from tests.factories import (
    NOW,
    CampaignFactory,
    LabelFactory,
    PersonFactory,
    WorkspaceFactory,
    in_state,
    member,
    sandbox_connection,
)
from tests.kept import once_for_the_file

pytestmark = pytest.mark.django_db

#: The groups of addresses that are pages of a workspace.
SPACES = (
    "campaigns",
    "calendar",
    "people",
    "objects",
    "segments",
    "labels",
    "topics",
    "connections",
    "approvals",
    "notifications",
    "settings",
    "help",
)


def patterns() -> Iterator[tuple[str, str, URLPattern]]:
    """(namespace, address, pattern) of every page of a workspace."""
    for included in get_resolver().url_patterns:
        inner = included.url_patterns if isinstance(included, URLResolver) else []
        for group in inner:
            if isinstance(group, URLResolver) and group.namespace in SPACES:
                for pattern in group.url_patterns:
                    yield group.namespace, f"/{group.pattern}{pattern.pattern}", pattern


PAGES = list(patterns())
POST_ONLY = (
    "notifications:read-all",
    "connections:action",
    "connections:agent-action",
    "campaigns:bulk",
    "campaigns:edit-what-winner",
    "campaigns:edit-flow-winner",
    "campaigns:preview",
    "campaigns:resolve-doubt",
    "segments:try",
)
OF_SOMETHING = [page for page in PAGES if "pk" in page[1]]
SHOWN = [page for page in PAGES if f"{page[0]}:{page[2].name}" not in POST_ONLY]


def names(pages: list[tuple[str, str, URLPattern]]) -> list[str]:
    """What the tests are called."""
    return [f"{space}:{pattern.name}" for space, _, pattern in pages]


def asked_for(creator: Membership, admin: Membership) -> dict[str, int]:
    """A request for approval, and the admin's notification of it."""
    waiting = in_state("pending_approval", "message", workspace=creator.workspace, created_by=creator)
    told = Notification.objects.create(
        workspace=creator.workspace,
        recipient=admin.user,
        campaign=waiting,
        subject="Please look",
        created_at=NOW,
    )
    return {"approvals": Request.objects.get(campaign=waiting).pk, "notifications": told.pk}


@once_for_the_file
def ours() -> dict[str, Any]:
    """Something of one workspace for every kind of id that an address may name, and its admin."""
    workspace = WorkspaceFactory()
    creator, admin = member("creator", workspace), member("admin", workspace, is_staff=True)
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    texts = [{"name": name, "weight": 1, "subject": name, "body": "News"} for name in "AB"]
    campaign.channels.update(content={"variants": texts})
    Run.objects.create(campaign=campaign, number=1, occurs_at=NOW, local="2030-03-04 09:00", status="late")
    asked = asked_for(creator, admin)
    journey = in_state("running", "journey", workspace=workspace, created_by=creator)
    drafted = Delivery.objects.filter(channel__campaign=journey).first()
    Delivery.objects.filter(pk=drafted.pk).update(status="drafted")
    return {
        "admin": admin.pk,
        "journey": journey.pk,
        "draft": drafted.pk,
        "flow": CampaignFactory(created_by=creator, kind="flow").pk,
        "scheduled": in_state("scheduled", "sms", workspace=workspace, created_by=creator).pk,
        "campaigns": campaign.pk,
        "calendar": campaign.pk,
        "channel": campaign.channels.get().pk,
        "people": PersonFactory(workspace=workspace).pk,
        "objects": RelatedObject.objects.create(
            type=ObjectType.objects.create(workspace=workspace, name="company"), external_id="acme"
        ).pk,
        "object imports": ImportJob.objects.create(
            workspace=workspace, kind="objects", file_name="b.csv", path="b.csv", status="done"
        ).pk,
        "imports": ImportJob.objects.create(workspace=workspace, file_name="a.csv", path="a.csv", status="done").pk,
        "segments": Segment.objects.create(
            workspace=workspace, kind="condition", name="Gold", condition={"attribute": "plan", "op": "exists"}
        ).pk,
        "labels": LabelFactory(workspace=workspace).pk,
        "topics": Topic.objects.create(workspace=workspace, name="Offers").pk,
        "connections": sandbox_connection(workspace).pk,
        **asked,
    }  # fmt: skip


@pytest.fixture
def admin_member(ours: dict[str, Any]) -> Membership:
    """The admin of that workspace."""
    return Membership.objects.get(pk=ours["admin"])


#: Pages that only some kinds of campaign have, or that are about something else, by a part of their address.
OF_A_KIND = {
    "objects/imports/": "object imports", "imports/": "imports", "drafts/": "journey",
    "edit/flows/": "flow", "edit/what/add/": "journey",
    "edit/what/copy/": "journey", "edit/what/steps/": "journey", "edit/schedule/": "scheduled", "steps.csv": "journey",
    "analytics/<slug:flow>/": "flow",
}  # fmt: skip


def address(space: str, template: str, ours: dict[str, Any]) -> str:
    """The address with ids of the workspace filled in."""
    kind = next((kind for part, kind in OF_A_KIND.items() if part in template), space)
    values = {
        "<int:pk>": ours.get(kind, ""), "<int:draft>": ours["draft"], "<slug:decision>": "release", "<slug:flow>": "one",
        "<slug:key>": "hello", "<int:channel>": ours["channel"], "<slug:provider>": "sandbox", "<slug:severity>": "refused",
        "<slug:action>": {"connections": "check", "campaigns": "archive"}.get(space, ""),
        "<int:number>": 1, "<slug:choice>": "skip",
    }  # fmt: skip
    if "actions/" in template and "channels/" in template:
        values["<slug:action>"] = "start"
    for name, value in values.items():
        template = template.replace(name, str(value))
    return template


@pytest.mark.parametrize(("space", "template", "pattern"), PAGES, ids=names(PAGES))
def test_nobody_is_sent_to_the_log_in(
    space: str, template: str, pattern: Any, ours: dict[str, Any], browse: Browse
) -> None:
    url = address(space, template, ours)
    for method in ("get", "post"):
        response = getattr(browse(None), method)(url)
        assert response.status_code == 302, f"{method} {url}"
        assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize(("space", "template", "pattern"), OF_SOMETHING, ids=names(OF_SOMETHING))
def test_a_stranger_finds_nothing(
    space: str, template: str, pattern: Any, ours: dict[str, Any], browse: Browse, stranger: Membership
) -> None:
    url = address(space, template, ours)
    for method in ("get", "post"):
        response = getattr(browse(stranger), method)(url, {"op": "archive", "confirmed": "yes"})
        assert response.status_code in (404, 405), f"{method} {url} answered {response.status_code}"


@pytest.mark.parametrize(("space", "template", "pattern"), SHOWN, ids=names(SHOWN))
def test_a_member_sees_the_page(
    space: str, template: str, pattern: Any, ours: dict[str, Any], browse: Browse, admin_member: Membership
) -> None:
    response = browse(admin_member).get(address(space, template, ours))
    assert response.status_code in (200, 302), response.status_code


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["new/", "new/sandbox/", "{pk}/edit/"])
def test_only_an_admin_edits_connections(path: str, method: str, browse: Browse, creator: Membership) -> None:
    pk = sandbox_connection(creator.workspace).pk
    response = getattr(browse(creator), method)(f"/channels/{path.format(pk=pk)}")
    assert response.status_code == 403
    assert b"Your role in this workspace does not allow this." in response.content


@pytest.mark.parametrize("action", ["check", "start", "stop"])
def test_only_an_admin_acts_on_connections(action: str, browse: Browse, creator: Membership) -> None:
    connection = sandbox_connection(creator.workspace)
    assert browse(creator).post(f"/channels/{connection.pk}/{action}/").status_code == 403
    assert Connection.objects.get(pk=connection.pk).status == "running"


def test_somebody_without_a_workspace_is_told_so(browse: Browse, creator: Membership) -> None:
    client = browse(creator)
    creator.delete()
    response = client.get("/campaigns/")
    assert response.status_code == 403
    assert b"not a member of any workspace" in response.content


def test_the_inbox_shows_only_requests_of_the_own_workspace(browse: Browse, stranger: Membership) -> None:
    campaign = in_state("pending_approval", "message", name="Theirs")
    assert Request.objects.filter(campaign=campaign).exists()
    assert b"Theirs" not in browse(stranger).get("/approvals/").content


def test_another_workspace_is_chosen_only_by_its_members(
    browse: Browse, creator: Membership, stranger: Membership
) -> None:
    client = browse(creator)
    assert client.post("/workspace/", {"workspace": stranger.workspace_id}).status_code == 404
    Membership.objects.create(user=creator.user, workspace=stranger.workspace, role="creator")
    CampaignFactory(workspace=stranger.workspace, name="Over there")
    response = client.post(
        "/workspace/", {"workspace": stranger.workspace_id, "next": "https://elsewhere.example/"}
    )
    assert response["Location"] == "/campaigns/"
    assert b"Over there" in client.get("/campaigns/").content


@pytest.mark.parametrize(
    "url", ["/campaigns/?q=%00", "/people/?q=%00", "/segments/?q=a%00", "/campaigns/?status=%00"]
)
def test_a_nul_in_an_address_is_a_bad_request_not_an_error(
    url: str, browse: Browse, creator: Membership
) -> None:
    assert browse(creator).get(url).status_code == 400
