"""Pages of python campaigns: strategy, stages, windows and contacts as forms; the Contacts tab; the log."""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Person, StrategyLine
from campaigns.services import duties
from tests.factories import SegmentFactory
from tests.strategies.kit import send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_strategies")]


@pytest.fixture
def browser(client, creator):
    client.force_login(creator.user)
    return client


def page(name, campaign, **query):
    return reverse(f"campaigns:{name}", args=[campaign.pk], query=query or None)


def what(campaign, **more):
    found = Campaign.objects.get(pk=campaign.pk)
    return {
        "version": found.version,
        "channels": "0",
        "steps": "0",
        "strategy": "",
        "stages": "0",
        "op": "save",
    } | more


def test_the_strategies_are_offered_with_their_descriptions_and_broken_ones_say_why(
    in_state, browser, settings
):
    settings.CAMPAIGN_STRATEGIES = [
        "tests.strategies.good.EveryoneAtOnce",
        "tests.strategies.bad.NoLoad",
        "no.such.Thing",
    ]
    text = browser.get(page("edit-what", in_state("python", "draft"))).content.decode()
    assert "One e-mail to everybody." in text and 'value="everyone_at_once"' in text
    assert "It has no method load(contact, now, log)." in text
    assert "ModuleNotFoundError" in text


def test_choosing_a_strategy_makes_created_configured_and_giving_it_up_makes_it_created(in_state, browser):
    campaign = in_state("python", "draft")
    browser.post(page("edit-what", campaign), what(campaign, strategy="three_stages"))
    found = Campaign.objects.get(pk=campaign.pk)
    assert (found.strategy, found.look.label) == ("three_stages", "Configured")
    browser.post(page("edit-what", campaign), what(campaign))
    assert Campaign.objects.get(pk=campaign.pk).look.label == "Created"


def test_stages_are_added_filled_in_and_refused_beside_their_fields(in_state, browser):
    campaign = in_state("python", "draft")
    filled = browser.post(
        page("edit-what", campaign), what(campaign, strategy="three_stages", op="stage:fill")
    )
    assert 'value="Second"' in filled.content.decode()
    stage = {"stages": "2", "g0-key": "first", "g0-name": "First", "g1-key": "Bad Key", "g1-name": ""}
    refused = browser.post(page("edit-what", campaign), what(campaign, **stage))
    text = refused.content.decode()
    assert "A stage&#x27;s key has a-z" in text and "A stage needs a name" in text
    stage |= {"g1-key": "second", "g1-name": "Second", "g1-colour": "red"}
    browser.post(page("edit-what", campaign), what(campaign, **stage))
    assert Campaign.objects.get(pk=campaign.pk).stages == [
        {"key": "first", "name": "First"}, {"key": "second", "name": "Second", "colour": "red"},
    ]  # fmt: skip


def test_time_windows_are_set_without_a_script(in_state, browser):
    campaign = in_state("python", "draft")
    url, base = page("edit-when", campaign), {"version": campaign.version, "timezone": "Europe/Istanbul"}
    shown = browser.post(url, base | {"windows": "0", "op": "window:add"}).content.decode()
    assert "Time window 1" in shown
    window = {
        "windows": "1",
        "w0-days": ["mon", "fri"],
        "w0-from": "9",
        "w0-to": "17:00",
        "w0-by": "campaign",
    }
    assert "from must be a time like 09:00." in browser.post(url, base | window).content.decode()
    browser.post(url, base | window | {"w0-from": "09:00"})
    found = Campaign.objects.get(pk=campaign.pk)
    assert (found.timezone, found.windows) == (
        "Europe/Istanbul", [{"days": ["mon", "fri"], "from": "09:00", "to": "17:00", "timezone": "campaign"}],
    )  # fmt: skip


def test_contacts_are_a_list_with_a_way_to_upload_them_and_back(in_state, browser, workspace):
    campaign = in_state("python", "draft", audience=None, strategy="everyone_at_once")
    upload = reverse("people:import", query={"campaign": campaign.pk})
    assert upload in browser.get(page("edit-who", campaign)).content.decode()
    assert page("edit-who", campaign) in browser.get(upload).content.decode()
    chosen = SegmentFactory(workspace=workspace, people=2)
    payload = {
        "version": campaign.version,
        "segment": chosen.pk,
        "frequency": "at_most_every",
        "every": "30 days",
    }
    browser.post(page("edit-who", campaign), payload)
    found = Campaign.objects.get(pk=campaign.pk)
    assert (found.look.label, found.frequency) == ("Configured", {"at_most_every": "30 days"})


def test_each_contact_shows_stage_next_communication_and_every_status(in_state, browser, now):
    campaign = in_state("python", "running", people=2, strategy="three_stages")
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    text = " ".join(browser.get(page("contacts", campaign)).content.decode().split())
    assert "2 of 2 contacts have been asked about" in text
    assert text.count("First, Email: Sent") == 2 and text.count("Second, Email: Pending") == 2
    assert text.count("Second, Email<br>") == 2
    funnel = browser.get(page("analytics", campaign)).content.decode()
    assert funnel.count('class="num strong">2</td>') == 2, "first and second are planned for both"
    assert "2 of 2" in funnel and "0 of 2" in funnel


def test_a_failed_contact_is_found_by_its_status_with_its_problem(in_state, browser, now):
    campaign = in_state("python", "running", people=3, strategy="some_fail")
    Person.objects.filter(external_id="person-2").update(attributes={"bad": "<b>"})
    duties.work_on(campaign.pk, now)
    text = browser.get(page("contacts", campaign, status="failed")).content.decode()
    assert "ValueError: cannot read &lt;b&gt;" in text
    assert "person-1" not in text


def test_the_log_is_searched_filtered_downloaded_and_grows_by_itself(in_state, browser, now):
    campaign = in_state("python", "running", people=3, strategy="some_fail")
    Person.objects.filter(external_id="person-2").update(attributes={"bad": "this"})
    duties.work_on(campaign.pk, now)
    whole = browser.get(page("logs", campaign)).content.decode()
    assert "Traceback" in whole and "planned for person-1" in whole and "data-poll" in whole
    errors = browser.get(page("logs", campaign, level="error")).content.decode()
    assert "Traceback" in errors and "planned for person-1" not in errors
    assert "planned for person-3" in browser.get(page("logs", campaign, q="PERSON-3")).content.decode()
    part = browser.get(page("logs", campaign), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div class="panel" id="log-lines"')
    file = browser.get(page("log-file", campaign))
    text = b"".join(file.streaming_content).decode()
    assert "attachment" in file["Content-Disposition"]
    assert text.index("Run 1 began") < text.index("ERROR [person-2] ValueError: cannot read this")


def test_other_kinds_have_an_empty_log_and_strangers_see_none(in_state, browser, client, stranger):
    assert "Nothing matches." in browser.get(page("logs", in_state("sms", "draft"))).content.decode()
    campaign = in_state("python", "draft")
    client.force_login(stranger.user)
    for name in ("logs", "log-file", "contacts"):
        assert client.get(page(name, campaign)).status_code == 404


def test_start_says_beforehand_what_it_will_do(in_state, browser):
    campaign = in_state("python", "configured", people=4)
    text = browser.get(reverse("campaigns:action", args=[campaign.pk, "start"])).content.decode()
    assert "“Everyone at once” is asked about 4 people" in text
    assert "at any hour" in text


def test_show_logs_is_in_the_dropdown_of_an_error_and_force_stop_is_the_button(in_state, browser):
    campaign = in_state("python", "errored")
    text = browser.get(page("detail", campaign)).content.decode()
    assert text.count(page("logs", campaign)) >= 2
    assert "Force stop" in text


def test_the_pages_cost_the_same_for_many_contacts(in_state, browser, now, django_assert_max_num_queries):
    campaign = in_state("python", "running", people=60, strategy="three_stages")
    duties.work_on(campaign.pk, now)
    assert StrategyLine.objects.filter(campaign=campaign).count() > 60
    browser.get(page("contacts", campaign))
    for name in ("contacts", "logs"):
        with django_assert_max_num_queries(24):
            browser.get(page(name, campaign))
