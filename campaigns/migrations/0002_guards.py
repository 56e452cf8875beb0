"""The activity log refuses UPDATE and DELETE; journeys are counted by triggers as the ledger is."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION campaigns_activity_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The activity log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON campaigns_activity
    FOR EACH ROW EXECUTE FUNCTION campaigns_activity_is_append_only();

CREATE FUNCTION campaigns_count_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_journeytally (campaign_id, step, status, n)
    SELECT campaign_id, step, counted, sum(rows)
    FROM (
        SELECT campaign_id, step, status, count(*) AS rows FROM new_rows GROUP BY campaign_id, step, status
    ) AS entered, LATERAL (VALUES (status), ('arrived')) AS counts (counted)
    GROUP BY campaign_id, step, counted;
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaigns_journeytally (campaign_id, step, status, n)
    SELECT campaign_id, step, status, sum(rows) FROM (
        SELECT campaign_id, step, status, count(*) AS rows FROM new_rows GROUP BY campaign_id, step, status
        UNION ALL
        SELECT campaign_id, step, status, -count(*) FROM old_rows GROUP BY campaign_id, step, status
    ) AS difference
    GROUP BY campaign_id, step, status HAVING sum(rows) <> 0
    UNION ALL
    -- A statement takes people from one step to others, so that whoever is more at a step has arrived there.
    SELECT campaign_id, step, 'arrived', sum(rows) FROM (
        SELECT campaign_id, step, count(*) AS rows FROM new_rows GROUP BY campaign_id, step
        UNION ALL
        SELECT campaign_id, step, -count(*) FROM old_rows GROUP BY campaign_id, step
    ) AS people
    GROUP BY campaign_id, step HAVING sum(rows) > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER count_entered AFTER INSERT ON campaigns_journey
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_entered();
CREATE TRIGGER count_moved AFTER UPDATE ON campaigns_journey
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_moved();
ALTER TABLE campaigns_journey SET (fillfactor = 80);
"""

BACKWARD = """
DROP TRIGGER append_only ON campaigns_activity;
DROP FUNCTION campaigns_activity_is_append_only();
DROP TRIGGER count_entered ON campaigns_journey;
DROP TRIGGER count_moved ON campaigns_journey;
DROP FUNCTION campaigns_count_entered();
DROP FUNCTION campaigns_count_moved();
ALTER TABLE campaigns_journey RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
