"""/campaigns/: tabs, filters, typed search, paging, the remembered order, rows that refresh themselves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, LabelFactory, in_state, sandbox_connection


def shown(client: Client, query: str = "") -> list[str]:
    """The names of the rows, in order."""
    response = client.get(f"/campaigns/{query}")
    assert response.status_code == 200
    return [row.campaign.name for row in response.context["rows"]]


@pytest.fixture
def four(creator: Membership, approver: Membership) -> dict[str, Any]:
    """An SMS draft, a running e-mail message of the approver's, a scheduled SMS, an archived one."""
    workspace = creator.workspace
    made = {
        "draft": CampaignFactory(created_by=creator, name="Winter sale draft"),
        "running": in_state(
            "running", "message", workspace=workspace, name="Spring news", created_by=approver
        ),
        "scheduled": in_state(
            "scheduled", "sms", workspace=workspace, name="Spring texts", created_by=creator
        ),
        "archived": in_state("archived", "sms", workspace=workspace, name="Old texts", created_by=creator),
    }
    made["draft"].labels.add(LabelFactory(workspace=workspace, name="Win back"))
    return made


def test_archived_campaigns_have_their_own_tab_and_both_say_how_many(
    page: Client, four: dict[str, Any]
) -> None:
    response = page.get("/campaigns/")
    assert [(tab["label"], tab["count"]) for tab in response.context["tabs"]] == [
        ("Active", 3),
        ("Archived", 1),
    ]
    assert shown(page) == ["Winter sale draft", "Spring news", "Spring texts"]
    assert shown(page, "?tab=archived") == ["Old texts"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=running", ["Spring news"]),
        ("?status=running&status=scheduled", ["Spring news", "Spring texts"]),
        ("?kind=sms", ["Winter sale draft", "Spring texts"]),
        ("?channel=email", ["Spring news"]),
        ("?channel=email&channel=sms", ["Winter sale draft", "Spring news", "Spring texts"]),
        ("?quick=mine", ["Winter sale draft", "Spring texts"]),
        ("?quick=mine&quick=scheduled", ["Spring texts"]),
        ("?quick=running", ["Spring news"]),
        ("?quick=errors", []),
        ("?q=spring", ["Spring news", "Spring texts"]),
        ("?q=spr+tex", ["Spring texts"]),
        ("?q=status:running", ["Spring news"]),
        ("?q=status:Defined", ["Winter sale draft"]),
        ("?q=label:%22Win+back%22", ["Winter sale draft"]),
        ("?q=is:mine+spring", ["Spring texts"]),
        ("?q=kind:sms+status:scheduled", ["Spring texts"]),
        ("?q=channel:email", ["Spring news"]),
        ("?q=channel:pigeon", []),
        ("?q=%27%22%3B--", ["Winter sale draft", "Spring news", "Spring texts"]),
        ("?tab=archived&q=spring", []),
    ],
)
def test_filters_take_several_values_and_the_search_is_typed(
    page: Client, four: dict[str, Any], query: str, expected: list[str]
) -> None:
    assert shown(page, query) == expected


@pytest.fixture
def kinds_of_content(creator: Membership) -> None:
    """One message, an A/B test, texts by a property, a journey with a tested step; of different deliveries."""
    sandbox = sandbox_connection(creator.workspace)
    ab = [{"name": name, "weight": 1, "body": name} for name in "AB"]
    by_property = {"on_property": "language", "cases": {"tr": {"body": "x"}}}
    rule = {"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": "2027-03-01T09:00:00+00:00"}
    contents: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("Plain", {"body": "x"}, {}),
        ("Test", {"variants": ab}, rule),
        ("Languages", {"body": "x", "variants": by_property}, {"type": "api"}),
    ]
    for name, content, delivery in contents:
        channels = [{"kind": "sms", "connection": sandbox.pk, "content": content}]
        made = CampaignFactory(kind="message", created_by=creator, name=name, channels=channels)
        Campaign.objects.filter(pk=made.pk).update(delivery=delivery)
    step = {"key": "one", "type": "message", "channel": "sms", "variants": ab}
    channels = [{"kind": "sms", "connection": sandbox.pk}]
    CampaignFactory(kind="journey", created_by=creator, name="Journey", channels=channels, workflow=[step])


@pytest.mark.usefixtures("kinds_of_content")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?type=ab", ["Test", "Journey"]),
        ("?type=property", ["Languages"]),
        ("?type=single", ["Plain"]),
        ("?type=single&type=ab", ["Plain", "Test", "Journey"]),
        ("?type=single&type=ab&type=property", ["Plain", "Test", "Languages", "Journey"]),
        ("?delivery=recurring", ["Test"]),
        ("?delivery=one_time", ["Plain"]),
        ("?delivery=api&delivery=one_time", ["Plain", "Languages"]),
        ("?type=ab&delivery=recurring", ["Test"]),
        ("?q=type:ab+delivery:recurring", ["Test"]),
        ("?q=type:%22on+user+property%22", ["Languages"]),
        ("?q=type:pigeon", []),
        ("?q=delivery:api", ["Languages"]),
    ],
)
def test_filters_by_type_of_content_and_delivery(page: Client, query: str, expected: list[str]) -> None:
    assert shown(page, query) == expected


@pytest.mark.usefixtures("kinds_of_content")
def test_the_panel_offers_types_and_deliveries(page: Client) -> None:
    text = page.get("/campaigns/filters/?type=ab").content.decode()
    assert 'name="type" value="ab"' in text and "On user property" in text
    assert 'name="delivery" value="multiple_dates"' in text


def test_filters_by_label_and_creator(page: Client, four: dict[str, Any], approver: Membership) -> None:
    label = four["draft"].labels.get()
    assert shown(page, f"?label={label.pk}") == ["Winter sale draft"]
    assert shown(page, f"?created_by={approver.user_id}") == ["Spring news"]


def test_a_label_of_another_workspace_is_no_choice(page: Client, four: dict[str, Any]) -> None:
    elsewhere = LabelFactory(name="Elsewhere")
    response = page.get(f"/campaigns/?label={elsewhere.pk}")
    assert b"is not one of the available choices" in response.content
    assert b"Elsewhere" not in page.get("/campaigns/filters/").content


def test_an_unknown_key_is_said(page: Client, four: dict[str, Any]) -> None:
    assert "There is no filter “colour:”" in page.get("/campaigns/?q=colour:red").content.decode()


def test_waiting_for_me_leaves_out_what_i_asked_for_myself(
    browse: Browse, creator: Membership, approver: Membership
) -> None:
    in_state(
        "pending_approval", "message", workspace=creator.workspace, created_by=creator, name="Please look"
    )
    assert shown(browse(approver), "?quick=waiting") == ["Please look"]
    assert shown(browse(creator), "?quick=waiting") == []


def test_the_order_is_remembered(page: Client, four: dict[str, Any]) -> None:
    assert shown(page, "?order=newest")[0] == "Spring texts"
    assert shown(page)[0] == "Spring texts"
    assert shown(page, "?order=nonsense")[0] == "Spring texts"


def test_pages_keep_the_filters(page: Client, creator: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.console.lists.CampaignList.page_size", 2)
    for number in range(5):
        CampaignFactory(created_by=creator, name=f"Text {number}")
    found, url = [], "?kind=sms"
    for _ in range(5):
        response = page.get(f"/campaigns/{url}")
        found += [row.campaign.name for row in response.context["rows"]]
        following = re.search(r'href="(\?[^"]*cursor=[^"]*)" rel="next"', response.content.decode())
        if not following:
            break
        url = following[1].replace("&amp;", "&")
        assert "kind=sms" in url
    assert found == [f"Text {number}" for number in range(5)]


def test_a_row_offers_the_actions_in_the_lifecycles_order_with_reasons(
    page: Client, creator: Membership
) -> None:
    CampaignFactory(created_by=creator, kind="journey", name="Unfinished", workflow=[], channels=[])
    row = page.get("/campaigns/").context["rows"][0]
    assert [entry.label for entry in row.menu] == ["Start now", "Schedule", "Duplicate", "Delete"]
    assert not row.menu[0].enabled
    assert row.menu[0].reason in page.get("/campaigns/").content.decode()


def test_moving_rows_are_asked_for_and_resting_ones_are_not(page: Client, four: dict[str, Any]) -> None:
    response = page.get("/campaigns/")
    moving = {str(four[name].pk) for name in ("running", "scheduled")}
    assert set(response.context["live_ids"].split(",")) == moving
    live = page.get(f"/campaigns/live/?ids={four['running'].pk},{four['draft'].pk},x")
    text = live.content.decode()
    assert f'id="status-{four["running"].pk}" class="row-line" hx-swap-oob="true"' in text
    assert live.context["live_ids"] == str(four["running"].pk)


def test_polling_ends_when_nothing_moves(page: Client, four: dict[str, Any]) -> None:
    text = page.get(f"/campaigns/live/?ids={four['draft'].pk}").content.decode()
    assert 'id="live-rows"' in text
    assert "data-poll" not in text


def test_live_rows_of_another_workspace_are_not_there(
    browse: Browse, stranger: Membership, four: dict[str, Any]
) -> None:
    response = browse(stranger).get(f"/campaigns/live/?ids={four['running'].pk}")
    assert response.context["rows"] == []


def test_empty_lists_say_what_to_do(page: Client) -> None:
    assert b"Make the first campaign" in page.get("/campaigns/").content
    assert b"No campaign matches these filters." in page.get("/campaigns/?status=running").content
    assert b"Nothing has been archived yet." in page.get("/campaigns/?tab=archived").content
