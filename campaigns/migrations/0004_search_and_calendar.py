"""Indexes that Django's own cannot say: types of delivery and content for filters, times for the calendar, test sends."""

from django.db import migrations

FORWARD = """
CREATE INDEX campaign_delivery_type ON campaigns_campaign (
    workspace_id, (CASE WHEN kind = 'message' THEN coalesce(delivery ->> 'type', 'one_time') END), id
) WHERE deleted_at IS NULL;
CREATE INDEX campaign_workflow_ab ON campaigns_campaign (workspace_id, id)
    WHERE deleted_at IS NULL AND workflow @? '$[*] ? (@.variants.type() == "array")';
CREATE INDEX campaign_workflow_property ON campaigns_campaign (workspace_id, id)
    WHERE deleted_at IS NULL AND workflow @? '$[*] ? (@.variants.type() == "object")';
CREATE INDEX channel_ab ON channels_channel (campaign_id) WHERE jsonb_typeof(content -> 'variants') = 'array';
CREATE INDEX channel_property ON channels_channel (campaign_id) WHERE jsonb_typeof(content -> 'variants') = 'object';
CREATE INDEX run_occurs ON campaigns_run (occurs_at, campaign_id);
CREATE INDEX campaign_started ON campaigns_campaign (workspace_id, started_at)
    WHERE deleted_at IS NULL AND started_at IS NOT NULL;
CREATE INDEX activity_test_sends ON campaigns_activity (actor_id, at) WHERE action = 'test_send';
"""

BACKWARD = """
DROP INDEX campaign_delivery_type, campaign_workflow_ab, campaign_workflow_property, channel_ab, channel_property,
    run_occurs, campaign_started, activity_test_sends;
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_touched"), ("channels", "0002_ledger_counts")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
