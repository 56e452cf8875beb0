"""Start from an existing email: found in every campaign of the workspace, seen, and taken over into the form unsaved."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership, WorkflowEdit
from campaigns.services.existing_emails import existing_emails
from channels.models import Channel
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, MembershipFactory, PersonFactory, in_state

pytestmark = pytest.mark.django_db


def email(key: str, subject: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "type": "message",
        "channel": "email",
        "subject": subject,
        "body": f"Body of {subject}",
        **more,
    }


@pytest.fixture
def written(creator: Membership) -> dict[str, Campaign]:
    """A mailing that is archived, a journey, a flow campaign and an SMS campaign."""
    mine: dict[str, Any] = {"workspace": creator.workspace, "created_by": creator}
    old = in_state("archived", "message", name="Spring mailing", **mine)
    variants = [{"name": name, "weight": 1, "subject": f"Tulips {name}"} for name in "AB"]
    content = {"subject": "Tulips", "body": "Body of tulips", "variants": variants}
    Channel.objects.filter(campaign=old).update(content=content)
    journey = CampaignFactory(kind="journey", name="Welcome", created_by=creator)
    inside = email("deep", "Watering 100% [daily]", name="Tips")
    test = {"key": "test", "type": "split", "variants": [{"name": "A", "weight": 1, "steps": [inside]}]}
    text = {"key": "text", "type": "message", "channel": "sms", "body": "Watering by SMS"}
    Campaign.objects.filter(pk=journey.pk).update(workflow=[email("first", "Hello"), test, text])
    flow = CampaignFactory(kind="flow", name="Lifecycle", created_by=creator)
    flows = [{"key": "win", "name": "Win back", "workflow": [email("miss", "We miss you")]}]
    Campaign.objects.filter(pk=flow.pk).update(flows=flows)
    sms = CampaignFactory(kind="sms", name="Tulips by SMS", created_by=creator)
    return {"old": old, "journey": journey, "flow": flow, "sms": sms}


#: What is searched, and what is found: campaign, where, subject.
FOUND: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [("Lifecycle", "Win back, step 1", "We miss you"), ("Welcome", "step 1", "Hello"),
          ("Welcome", "step 3: Tips", "Watering 100% [daily]"), ("Spring mailing", "variant A", "Tulips A"),
          ("Spring mailing", "variant B", "Tulips B")]),
    ("TULIPS b", [("Spring mailing", "variant B", "Tulips B")]),
    ("spring", [("Spring mailing", "variant A", "Tulips A"), ("Spring mailing", "variant B", "Tulips B")]),
    ("100% [daily]", [("Welcome", "step 3: Tips", "Watering 100% [daily]")]),
    ("miss", [("Lifecycle", "Win back, step 1", "We miss you")]),
    ("by sms", []),
    ('"', []),
    ("\0\ud800\\", []),
]  # fmt: skip


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(("search", "found"), FOUND, ids=[repr(search) for search, _ in FOUND])
def test_emails_are_found_by_campaign_and_subject_wherever_they_stand(
    creator: Membership, search: str, found: list[tuple[str, str, str]]
) -> None:
    MembershipFactory(role="creator")
    CampaignFactory(kind="message", name="Spring elsewhere")
    shown = [(one.campaign.name, one.where, one.subject) for one in existing_emails(creator, search)]
    assert shown == found


def address_of(written: dict[str, Campaign], creator: Membership, subject: str) -> str:
    one = next(one for one in existing_emails(creator) if one.subject == subject)
    return urlencode({"from": one.campaign.pk, "text": one.key})


def read(page: Client, url: str) -> str:
    answer = page.get(url)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_a_step_starts_from_one_and_nothing_is_saved(
    page: Client, creator: Membership, written: dict[str, Campaign]
) -> None:
    PersonFactory(workspace=creator.workspace)
    step = f"/campaigns/{written['journey'].pk}/edit/what/steps/first/"
    assert f"{step}existing/" in read(page, step)
    assert "Tulips A" in read(page, f"{step}existing/") and "Tulips A" not in read(
        page, f"{step}existing/?q=hello"
    )
    asked = address_of(written, creator, "Tulips B")
    seen = read(page, f"{step}existing/?{asked}")
    assert "Body of tulips" in seen and f"{step}?{asked}" in seen.replace("&amp;", "&")
    form = read(page, f"{step}?{asked}")
    assert 'value="Tulips B"' in form and ">Body of tulips</textarea>" in form and 'value="Hello"' not in form
    assert "Nothing is saved yet" in form
    assert not WorkflowEdit.objects.exists()
    assert 'value="Hello"' in read(page, step)
    by_sms = read(page, step.replace("first", "text"))
    assert "existing email" not in by_sms, "it has no subject to take over"


@pytest.mark.parametrize("block", [0, 7])
def test_a_channel_starts_from_one_and_a_block_that_was_not_saved_yet_comes_again(
    page: Client, creator: Membership, written: dict[str, Campaign], block: int
) -> None:
    campaign = CampaignFactory(kind="outreach", created_by=creator)
    what = f"/campaigns/{campaign.pk}/edit/what/"
    asked = address_of(written, creator, "Watering 100% [daily]")
    assert f"{what}existing/?block=0" in read(page, what)
    assert f"{what}?block={block}&{asked}" in read(page, f"{what}existing/?block={block}&{asked}")
    answer = page.get(f"{what}?block={block}&{asked}")
    subjects = [shown.values["subject"] for shown in answer.context["blocks"]]
    assert subjects == (["Watering 100% [daily]"] if block == 0 else ["News", "Watering 100% [daily]"])
    assert Channel.objects.get(campaign=campaign).content["subject"] == "News"


def test_nobody_starts_from_what_they_do_not_see_or_where_they_may_not_write(
    page: Client, browse: Browse, creator: Membership, written: dict[str, Campaign]
) -> None:
    strange = CampaignFactory(kind="message")
    key = f"channel-{Channel.objects.get(campaign=strange).pk}-0"
    step = f"/campaigns/{written['journey'].pk}/edit/what/steps/first/"
    what = f"/campaigns/{CampaignFactory(kind='message', created_by=creator).pk}/edit/what/"
    for asked in (
        f"from={strange.pk}&text={key}",
        "from=x&text=",
        f"from={written['old'].pk}&text=channel-0-9",
    ):
        for url in (step, f"{step}existing/", what, f"{what}existing/"):
            assert page.get(f"{url}?{asked}").status_code == 404, (url, asked)
    assert page.get(step.replace("first", "gone") + "existing/").status_code == 404
    assert page.get(step.replace("first", "test") + "existing/").status_code == 404
    outsider = browse(MembershipFactory(role="creator"))
    for url in (f"{step}existing/", f"{what}existing/"):
        assert outsider.get(url).status_code == 404
        assert page.post(url).status_code == 405
