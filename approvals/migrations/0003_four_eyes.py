"""Four eyes in the database itself: no author of a version decides on it, whoever they are and whichever way they come."""

from django.db import migrations

FORWARD = """
ALTER TABLE approvals_request ADD CONSTRAINT four_eyes_authors CHECK (
    status NOT IN ('approved', 'rejected') OR decided_by_id IS NULL OR NOT decided_by_id = ANY (authors));

CREATE FUNCTION approvals_refuse_own_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM approvals_request r WHERE r.id = NEW.request_id
               AND (r.requested_by_id = NEW.decided_by_id OR NEW.decided_by_id = ANY (r.authors))) THEN
        RAISE EXCEPTION 'Nobody decides on what they made, edited or submitted themselves.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER four_eyes BEFORE INSERT OR UPDATE ON approvals_decision
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse_own_decision();
"""

BACKWARD = """
DROP TRIGGER four_eyes ON approvals_decision;
DROP FUNCTION approvals_refuse_own_decision();
ALTER TABLE approvals_request DROP CONSTRAINT four_eyes_authors;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
