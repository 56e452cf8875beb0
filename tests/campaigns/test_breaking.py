"""A connection with an error: a voice blast errs for good, a channel of an outreach campaign until somebody retries it."""

from datetime import timedelta

import pytest

from campaigns.models import Activity, Campaign
from campaigns.services import duties
from campaigns.services.actors import Actor
from campaigns.services.breaking import MOST_CHECKS
from campaigns.services.channel_actions import fail_channel, perform_channel
from campaigns.services.errors import NotAllowed
from channels.engine.health import set_error
from channels.models import Channel, Connection
from tests.factories.workspaces import NOW

pytestmark = pytest.mark.django_db
CAUSE = "535 wrong password"


def broken(campaign: Campaign, checks: int = 0) -> Channel:
    """Its only channel, whose connection has had an error since so many failed checks."""
    channel = campaign.channels.get()
    set_error(channel.connection_id, CAUSE)
    Connection.objects.filter(pk=channel.connection_id).update(consecutive_failures=checks)
    return channel


def test_a_voice_blast_errs_with_the_cause_and_its_calls_are_cancelled(in_state):
    campaign = in_state("voice", "running")
    duties.work_on(campaign.pk, NOW)
    channel = broken(campaign)
    assert duties.fail_broken(NOW)["failed"] == [campaign.pk]
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert campaign.status == "errored" and CAUSE in campaign.status_reason
    duties.work_on(campaign.pk, NOW)
    assert set(channel.deliveries.values_list("status", "reason")) == {("cancelled", "stopped")}


@pytest.mark.parametrize(
    ("kind", "checks", "errs"),
    [
        ("voice", 0, True),
        ("email", 0, False),
        ("email", MOST_CHECKS - 1, False),
        ("email", MOST_CHECKS, True),
    ],
)
def test_a_channel_of_outreach_errs_calls_at_once_others_when_checks_go_on_failing(
    in_state, creator, kind, checks, errs
):
    campaign = in_state("outreach", "running")
    Channel.objects.update(kind=kind)
    channel = broken(campaign, checks)
    assert duties.fail_broken(NOW)["channels"] == ([channel.pk] if errs else [])
    channel = Channel.objects.get(pk=channel.pk)
    assert channel.status == ("errored" if errs else "running")
    if errs:
        assert CAUSE in channel.status_reason
        campaign = Campaign.objects.get(pk=campaign.pk)
        assert (campaign.status, campaign.status_reason) == ("running", "1 channel errored")
        told = Activity.objects.get(channel_id=channel.pk, action="fail")
        assert (told.from_status, told.to_status) == ("running", "errored") and CAUSE in told.reason
        assert duties.fail_broken(NOW) == {"failed": [], "channels": []}, "once"


def test_retry_waits_for_the_connection_and_then_goes_on(in_state, creator):
    campaign = in_state("outreach", "running")
    channel = broken(campaign, MOST_CHECKS)
    duties.fail_broken(NOW)
    with pytest.raises(NotAllowed, match=CAUSE):
        perform_channel("retry", channel.pk, Actor.member(creator), now=NOW)
    duties.recheck(NOW + timedelta(hours=2))
    retried = perform_channel("retry", channel.pk, Actor.member(creator), now=NOW)
    assert (retried.status, retried.status_reason) == ("running", "")
    assert Campaign.objects.get(pk=campaign.pk).status_reason == "1 channel running"


def test_an_outage_that_has_just_passed_fails_nothing(in_state):
    campaign = in_state("outreach", "running")
    channel = broken(campaign, MOST_CHECKS)
    Connection.objects.update(status="running")
    assert not fail_channel(channel.pk, NOW)
    assert Channel.objects.get(pk=channel.pk).status == "running"
