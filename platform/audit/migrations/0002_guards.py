"""What nobody may do to the log, the app role least of all."""

from django.conf import settings
from django.db import migrations

# The role's rights already refuse most of this; the triggers refuse it to the owner as well, whose
# password a migration or an operator's console may hold.
GUARDS = """
CREATE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an entry of the log is never removed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.index IS NOT NULL OR NEW.index IS NULL
        OR (NEW.id, NEW.public_id, NEW.body) IS DISTINCT FROM (OLD.id, OLD.public_id, OLD.body) THEN
        RAISE EXCEPTION 'an entry of the log is given an index once and never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_entry_guard BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_guard();

CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the head of the log is never removed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.size < OLD.size OR (NEW.size = OLD.size AND OLD.checkpoint <> '' AND NEW.root <> OLD.root)
        OR (OLD.verifier <> '' AND NEW.verifier <> OLD.verifier) THEN
        RAISE EXCEPTION 'the log neither shrinks, nor forks, nor changes its key'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_head_guard BEFORE UPDATE OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_guard();
"""
NO_GUARDS = """
DROP TRIGGER audit_entry_guard ON audit_entry;
DROP FUNCTION audit_entry_guard();
DROP TRIGGER audit_head_guard ON audit_head;
DROP FUNCTION audit_head_guard();
"""


def _narrow(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    role = schema_editor.quote_name(settings.APP_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE ON audit_entry FROM {role}")
    schema_editor.execute(f"GRANT UPDATE (index) ON audit_entry TO {role}")
    schema_editor.execute(f"REVOKE DELETE ON audit_head FROM {role}")
    schema_editor.execute(f"REVOKE UPDATE, DELETE ON audit_auditdetail FROM {role}")
    schema_editor.execute(f"GRANT UPDATE (handle, sealed) ON audit_auditdetail TO {role}")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunPython(_narrow, migrations.RunPython.noop),
    ]
