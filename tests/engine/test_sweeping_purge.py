"""A deleted campaign is gone at once for everybody; its rows follow in batches, its activity stays."""

from datetime import timedelta

import pytest

from campaigns.engine.sweeping import sweep
from campaigns.models import Activity, Campaign, Journey, JourneyTally
from channels.models import Channel, Delivery, InAppMessage, SandboxMessage, Tally
from tests.engine.world import (
    NOW,
    insert_deliveries,
    make_campaign,
    make_channel,
    make_list,
    make_people,
    make_workspace,
    statuses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LATER = NOW + timedelta(hours=1)


def full_campaign(workspace=None):
    """A campaign with something in every table."""
    workspace = workspace or make_workspace()
    campaign = make_campaign(make_list(workspace, make_people(workspace, 20)), "journey")
    channel = make_channel(campaign, "in_app")
    insert_deliveries(channel, 20, "sent")
    for row in Delivery.objects.filter(channel=channel):
        InAppMessage.objects.create(delivery=row, channel=channel, person_id=row.person_id, created_at=NOW)
        SandboxMessage.objects.create(
            delivery=row, channel=channel, connection=channel.connection, created_at=NOW
        )
    Journey.objects.bulk_create(
        Journey(campaign=campaign, person_id=pk, step="a", due_at=NOW, entered_at=NOW) for pk in range(10)
    )
    Activity.objects.create(
        workspace=workspace,
        campaign=campaign,
        actor_label="me",
        via="api",
        action="delete",
        subject="x",
        at=NOW,
    )
    return campaign, channel


def rows_left() -> dict[str, int]:
    tables = (Campaign, Channel, Delivery, Tally, Journey, JourneyTally, InAppMessage, SandboxMessage)
    return {table.__name__: table.objects.count() for table in tables}


def test_a_deleted_campaign_goes_in_batches_and_its_activity_stays():
    campaign, _ = full_campaign()
    Campaign.objects.filter(pk=campaign.pk).update(deleted_at=NOW)
    assert sweep(campaign.pk, NOW) == 30
    assert not any(rows_left().values())
    assert Activity.objects.filter(campaign_id=campaign.pk).count() == 1
    assert sweep(campaign.pk, NOW) == 0


def test_another_campaign_keeps_everything():
    campaign, _ = full_campaign()
    other, _ = full_campaign(make_workspace("other"))
    Campaign.objects.filter(pk=campaign.pk).update(deleted_at=NOW)
    sweep(campaign.pk, NOW)
    assert all(rows_left().values())
    assert Delivery.objects.count() == 20
    assert InAppMessage.objects.count() == 20
    assert sweep(other.pk, NOW) == 0


def test_a_campaign_that_is_not_deleted_is_never_purged():
    campaign, _ = full_campaign()
    before = rows_left()
    assert sweep(campaign.pk, NOW) == 0
    assert rows_left() == before


def test_a_message_on_its_way_keeps_a_deleted_campaign_until_it_is_recorded():
    campaign, channel = full_campaign()
    Campaign.objects.filter(pk=campaign.pk).update(deleted_at=NOW)
    Delivery.objects.filter(channel=channel, person_id=1).update(status="sending")
    sweep(campaign.pk, NOW)
    assert statuses(channel) == {"sending": 1}
    Delivery.objects.update(status="sent")
    sweep(campaign.pk, NOW)
    assert not any(rows_left().values())
