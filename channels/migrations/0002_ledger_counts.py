"""The ledger's counts, kept by statement triggers; the fence of claims; room on the ledger's pages for updates.

Beside the ledger's statuses and the outcomes, the counts have the calls that reached nobody.
"""

from django.db import migrations

COUNT = """
CREATE FUNCTION channels_count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO channels_tally (channel_id, run, step, status, variant, n)
    SELECT channel_id, run, step, status, variant, count(*) FROM new_rows GROUP BY channel_id, run, step, status, variant;
    RETURN NULL;
END $$;

CREATE FUNCTION channels_count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO channels_tally (channel_id, run, step, status, variant, n)
    SELECT channel_id, run, step, counted.status, variant, sum(counted.n)
    FROM (
        SELECT channel_id, run, step, status, variant, count(*) AS rows, count(delivered_at) AS delivered,
               count(opened_at) AS opened, count(clicked_at) AS clicked, count(converted_at) AS converted,
               count(*) FILTER (WHERE reason = 'busy') AS busy,
               count(*) FILTER (WHERE reason = 'no_answer') AS no_answer,
               count(*) FILTER (WHERE reason = 'machine') AS machine
        FROM new_rows GROUP BY channel_id, run, step, status, variant
        UNION ALL
        SELECT channel_id, run, step, status, variant, -count(*), -count(delivered_at),
               -count(opened_at), -count(clicked_at), -count(converted_at),
               -count(*) FILTER (WHERE reason = 'busy'), -count(*) FILTER (WHERE reason = 'no_answer'),
               -count(*) FILTER (WHERE reason = 'machine')
        FROM old_rows GROUP BY channel_id, run, step, status, variant
    ) AS difference,
    LATERAL (VALUES (difference.status, rows), ('delivered', delivered), ('opened', opened), ('clicked', clicked),
                    ('converted', converted), ('busy', busy), ('no_answer', no_answer), ('machine', machine))
         AS counted (status, n)
    GROUP BY channel_id, run, step, counted.status, variant
    HAVING sum(counted.n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION channels_count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO channels_tally (channel_id, run, step, status, variant, n)
    SELECT channel_id, run, step, counted.status, variant, sum(counted.n)
    FROM (
        SELECT channel_id, run, step, status, variant, -count(*) AS rows, -count(delivered_at) AS delivered,
               -count(opened_at) AS opened, -count(clicked_at) AS clicked, -count(converted_at) AS converted,
               -count(*) FILTER (WHERE reason = 'busy') AS busy,
               -count(*) FILTER (WHERE reason = 'no_answer') AS no_answer,
               -count(*) FILTER (WHERE reason = 'machine') AS machine
        FROM old_rows GROUP BY channel_id, run, step, status, variant
    ) AS difference,
    LATERAL (VALUES (difference.status, rows), ('delivered', delivered), ('opened', opened), ('clicked', clicked),
                    ('converted', converted), ('busy', busy), ('no_answer', no_answer), ('machine', machine))
         AS counted (status, n)
    GROUP BY channel_id, run, step, counted.status, variant
    HAVING sum(counted.n) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER count_inserted AFTER INSERT ON channels_delivery
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION channels_count_inserted();
CREATE TRIGGER count_changed AFTER UPDATE ON channels_delivery
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION channels_count_changed();
CREATE TRIGGER count_deleted AFTER DELETE ON channels_delivery
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION channels_count_deleted();

CREATE SEQUENCE channels_fence;
ALTER TABLE channels_delivery SET (fillfactor = 70);
"""

UNCOUNT = """
DROP TRIGGER count_inserted ON channels_delivery;
DROP TRIGGER count_changed ON channels_delivery;
DROP TRIGGER count_deleted ON channels_delivery;
DROP FUNCTION channels_count_inserted();
DROP FUNCTION channels_count_changed();
DROP FUNCTION channels_count_deleted();
DROP SEQUENCE channels_fence;
ALTER TABLE channels_delivery RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0001_initial")]
    operations = [migrations.RunSQL(COUNT, UNCOUNT)]
