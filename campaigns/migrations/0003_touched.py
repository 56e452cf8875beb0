"""Who has to be looked at again by segments and campaigns is noted where it happens, whoever writes the rows.

`campaigns_moment` and `campaigns_number` read what attributes hold, and answer null for all that is neither: one bad
value of one person never breaks a query.
"""

from django.db import migrations

READING = r"""
CREATE FUNCTION campaigns_moment(value jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'string' AND (value #>> '{}') ~
        '^(?!9999)([1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?$'
    THEN CASE WHEN substr(value #>> '{}', 9, 2)::int <= extract(day FROM
            make_date(substr(value #>> '{}', 1, 4)::int, substr(value #>> '{}', 6, 2)::int, 1) + interval '1 month -1 day')
        THEN ((value #>> '{}') || CASE WHEN length(value #>> '{}') = 10 THEN ' 00:00+00'
            WHEN (value #>> '{}') ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' THEN '' ELSE '+00' END)::timestamptz
    END END
$$;

CREATE FUNCTION campaigns_number(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN (value #>> '{}')::numeric
        WHEN jsonb_typeof(value) = 'string' AND (value #>> '{}') ~ '^-?[0-9]{1,15}(\.[0-9]{1,10})?$'
        THEN (value #>> '{}')::numeric END
$$;
"""

# Who looks: the segments by condition, and the campaigns with a goal, exit criteria or people who wait for something.
LOOKING = """(SELECT workspace_id, uses FROM campaigns_segment WHERE kind = 'condition' AND archived_at IS NULL
        UNION ALL SELECT workspace_id, uses FROM campaigns_watch) looking"""

# The lock that is shared here is taken alone by whoever makes a segment: its fill then misses no change that was
# under way when nobody was looking yet.
TOUCHING = f"""
CREATE FUNCTION campaigns_touch_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT workspace_id, id FROM new_rows WHERE workspace_id IN
        (SELECT workspace_id FROM campaigns_segment WHERE kind = 'condition' AND archived_at IS NULL);
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_touch_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    IF EXISTS (SELECT 1 FROM {LOOKING} WHERE uses->'attributes' <> '[]') THEN
        INSERT INTO campaigns_touchedperson (workspace_id, person_id)
        SELECT n.workspace_id, n.id FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (n.attributes, n.email, n.phone, n.timezone, n.external_id)
            IS DISTINCT FROM (o.attributes, o.email, o.phone, o.timezone, o.external_id)
            AND n.workspace_id IN (SELECT workspace_id FROM {LOOKING} WHERE uses->'attributes' <> '[]');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_touch_by_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT DISTINCT n.workspace_id, n.person_id FROM new_rows n WHERE EXISTS (SELECT 1 FROM {LOOKING}
        WHERE looking.workspace_id = n.workspace_id AND looking.uses->'events' ? n.name);
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_touch_by_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT of.workspace_id, r.person_id FROM changed_rows r JOIN campaigns_segment of ON of.id = r.segment_id
    WHERE EXISTS (SELECT 1 FROM {LOOKING}
        WHERE looking.workspace_id = of.workspace_id AND looking.uses->'segments' @> to_jsonb(r.segment_id));
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_touch_by_relationship() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT DISTINCT t.workspace_id, r.person_id FROM changed_rows r
    JOIN campaigns_relatedobject o ON o.id = r.object_id JOIN campaigns_objecttype t ON t.id = o.type_id
    WHERE EXISTS (SELECT 1 FROM {LOOKING}
        WHERE looking.workspace_id = t.workspace_id AND looking.uses->'objects' ? lower(t.name));
    RETURN NULL;
END $$;

CREATE FUNCTION campaigns_touch_by_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('conditions', 0));
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT DISTINCT t.workspace_id, r.person_id FROM new_rows n JOIN old_rows o ON o.id = n.id
    JOIN campaigns_objecttype t ON t.id = n.type_id JOIN campaigns_relationship r ON r.object_id = n.id
    WHERE n.attributes IS DISTINCT FROM o.attributes AND EXISTS (SELECT 1 FROM {LOOKING}
        WHERE looking.workspace_id = t.workspace_id AND looking.uses->'objects' ? lower(t.name));
    RETURN NULL;
END $$;

CREATE TRIGGER touch_added AFTER INSERT ON campaigns_person
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_added();
CREATE TRIGGER touch_changed AFTER UPDATE ON campaigns_person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_changed();
CREATE TRIGGER touch_by_event AFTER INSERT ON campaigns_event
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_event();
CREATE TRIGGER touch_by_list AFTER INSERT ON campaigns_segmentmember
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_list();
CREATE TRIGGER touch_by_leaving AFTER DELETE ON campaigns_segmentmember
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_list();
CREATE TRIGGER touch_by_relating AFTER INSERT ON campaigns_relationship
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_relationship();
CREATE TRIGGER touch_by_relationship AFTER UPDATE ON campaigns_relationship
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_relationship();
CREATE TRIGGER touch_by_unrelating AFTER DELETE ON campaigns_relationship
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_relationship();
CREATE TRIGGER touch_by_object AFTER UPDATE ON campaigns_relatedobject
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION campaigns_touch_by_object();
"""

BACKWARD = """
DROP TRIGGER touch_added ON campaigns_person;
DROP TRIGGER touch_changed ON campaigns_person;
DROP TRIGGER touch_by_event ON campaigns_event;
DROP TRIGGER touch_by_list ON campaigns_segmentmember;
DROP TRIGGER touch_by_leaving ON campaigns_segmentmember;
DROP TRIGGER touch_by_relating ON campaigns_relationship;
DROP TRIGGER touch_by_relationship ON campaigns_relationship;
DROP TRIGGER touch_by_unrelating ON campaigns_relationship;
DROP TRIGGER touch_by_object ON campaigns_relatedobject;
DROP FUNCTION campaigns_touch_by_relationship();
DROP FUNCTION campaigns_touch_by_object();
DROP FUNCTION campaigns_touch_added();
DROP FUNCTION campaigns_touch_changed();
DROP FUNCTION campaigns_touch_by_event();
DROP FUNCTION campaigns_touch_by_list();
DROP FUNCTION campaigns_number(jsonb);
DROP FUNCTION campaigns_moment(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_guards")]
    operations = [migrations.RunSQL([READING, TOUCHING], BACKWARD)]
