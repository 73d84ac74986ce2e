"""What holds for raw SQL too: the moves of a consent, its approval by an officer, and single use.

Every function fixes its search_path, so that no temporary table can stand in for ours.
"""

from django.conf import settings
from django.db import migrations

CONSENT_GUARD = """
CREATE FUNCTION consent_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    moves CONSTANT text[] := ARRAY['draft>pending', 'pending>active', 'pending>refused',
                                   'active>withdrawn', 'active>expired', 'active>superseded'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.approved_by_id IS NOT NULL OR NEW.approved_at IS NOT NULL THEN
            RAISE check_violation USING MESSAGE = 'a consent begins as a draft that nobody has approved';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.tenant_id, NEW.speaker_id, NEW.version, NEW.terms, NEW.terms_sha256, NEW.valid_from,
        NEW.text_locale, NEW.text_version, NEW.text_sha256, NEW.created_at)
       IS DISTINCT FROM
       (OLD.id, OLD.tenant_id, OLD.speaker_id, OLD.version, OLD.terms, OLD.terms_sha256, OLD.valid_from,
        OLD.text_locale, OLD.text_version, OLD.text_sha256, OLD.created_at)
       OR NEW.valid_until IS DISTINCT FROM OLD.valid_until
       OR NEW.supersedes_id IS DISTINCT FROM OLD.supersedes_id THEN
        RAISE check_violation USING MESSAGE = 'what a speaker consents to does not change; make a new version';
    END IF;
    IF NEW.state = OLD.state THEN
        IF (NEW.approved_by_id, NEW.approved_at, NEW.refusal, NEW.ended_at, NEW.ended_by)
           IS DISTINCT FROM (OLD.approved_by_id, OLD.approved_at, OLD.refusal, OLD.ended_at, OLD.ended_by) THEN
            RAISE check_violation USING MESSAGE = 'how a consent was approved or ended is written with the move';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT (OLD.state || '>' || NEW.state = ANY (moves)) THEN
        RAISE check_violation USING MESSAGE = format('a consent does not move from %s to %s', OLD.state, NEW.state);
    END IF;
    IF NEW.state = 'active' THEN
        IF NOT EXISTS (SELECT FROM tenants_member m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.approved_by_id
                       AND m.role = 'consent_officer' AND m.disabled_at IS NULL) THEN
            RAISE check_violation USING MESSAGE = 'a consent is approved by a consent officer of its tenant';
        END IF;
    ELSIF (NEW.approved_by_id, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by_id, OLD.approved_at) THEN
        RAISE check_violation USING MESSAGE = 'an approval is written when a consent becomes active';
    END IF;
    IF NEW.state IN ('pending', 'active') AND NOT EXISTS (
        SELECT FROM consent_evidence e
        WHERE e.tenant_id = NEW.tenant_id AND e.consent_id = NEW.id AND e.state = 'done' AND e.outcome = 'passed') THEN
        RAISE check_violation USING MESSAGE = 'no spoken evidence has passed the automatic checks';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_guard BEFORE INSERT OR UPDATE ON consent_consent
    FOR EACH ROW EXECUTE FUNCTION consent_guard();
"""

CHALLENGE_GUARD = """
CREATE FUNCTION consent_challenge_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.consumed_at IS NOT NULL THEN
        RAISE check_violation USING MESSAGE = 'a challenge is used once';
    END IF;
    IF (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.phrase, NEW.locale, NEW.bits, NEW.expires_at)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.phrase, OLD.locale, OLD.bits, OLD.expires_at) THEN
        RAISE check_violation USING MESSAGE = 'a challenge does not change';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_challenge_guard BEFORE UPDATE ON consent_challenge
    FOR EACH ROW EXECUTE FUNCTION consent_challenge_guard();
"""

EVIDENCE_GUARD = """
CREATE FUNCTION consent_evidence_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.challenge_id)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.challenge_id)
       OR (OLD.outcome <> '' AND NEW.outcome <> OLD.outcome) THEN
        RAISE check_violation USING MESSAGE = 'what was spoken to which challenge, and what came of it, stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_evidence_guard BEFORE UPDATE ON consent_evidence
    FOR EACH ROW EXECUTE FUNCTION consent_evidence_guard();
"""

# Locks first and compares afterwards: the row that is read is the one that is held, and the clock is
# read after any wait for the lock. The speaker's row is held too, because an erasure begins there.
CONSENT_IS_LIVE = """
CREATE FUNCTION consent_is_live(tenant uuid, consent uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
DECLARE
    held record;
BEGIN
    SELECT c.state, c.valid_from, c.valid_until, s.state AS speaker_state INTO held
    FROM consent_consent c JOIN speakers_speaker s ON s.tenant_id = c.tenant_id AND s.id = c.speaker_id
    WHERE c.tenant_id = tenant AND c.id = consent
    FOR SHARE OF c, s;
    RETURN FOUND AND held.state = 'active' AND held.speaker_state = 'active'
        AND held.valid_from <= clock_timestamp()
        AND (held.valid_until IS NULL OR clock_timestamp() < held.valid_until);
END $$;
"""


def _revoke(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    role = schema_editor.quote_name(settings.APP_ROLE)
    for table in ("consent_consent", "consent_challenge", "consent_evidence", "consent_receipt"):
        schema_editor.execute(f"REVOKE DELETE ON {table} FROM {role}")
    schema_editor.execute(f"REVOKE UPDATE ON consent_receipt FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial")]
    operations = [
        migrations.RunSQL(
            CONSENT_GUARD, "DROP TRIGGER consent_guard ON consent_consent; DROP FUNCTION consent_guard()"
        ),
        migrations.RunSQL(
            CHALLENGE_GUARD,
            "DROP TRIGGER consent_challenge_guard ON consent_challenge; DROP FUNCTION consent_challenge_guard()",
        ),
        migrations.RunSQL(
            EVIDENCE_GUARD,
            "DROP TRIGGER consent_evidence_guard ON consent_evidence; DROP FUNCTION consent_evidence_guard()",
        ),
        migrations.RunSQL(CONSENT_IS_LIVE, "DROP FUNCTION consent_is_live(uuid, uuid)"),
        migrations.RunPython(_revoke, migrations.RunPython.noop),
    ]
