"""Promises 1 and 2 for raw SQL too: nothing becomes `done` without a live consent, no sound without its mark.

The services decide first and say why; these triggers hold when somebody goes round the services. They are
constraint triggers, fire at the end of the statement, and `consent_is_live` keeps the consent's row locked until
the transaction ends, so that a withdrawal either is seen here or waits for this commit. Row-level security binds
them like everything the app role does. Every function fixes its search_path.
"""

from django.db import migrations

# What was asked for and allowed at admission is what is released: none of it can be exchanged on the way.
ASKED_STAYS = """
CREATE FUNCTION synthesis_asked_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.version_id, NEW.subject_handle, NEW.purpose, NEW.channel,
        NEW.language, NEW.territory, NEW.content_class, NEW.recipient)
       IS DISTINCT FROM
       (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.version_id, OLD.subject_handle, OLD.purpose, OLD.channel,
        OLD.language, OLD.territory, OLD.content_class, OLD.recipient) THEN
        RAISE check_violation USING MESSAGE = 'what was asked for does not change; ask anew';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER synthesis_asked_stays BEFORE UPDATE ON synthesis_synthesis
    FOR EACH ROW EXECUTE FUNCTION synthesis_asked_stays();
"""

# A row that was done already passes while nothing that makes a sound reachable changes; putting away and
# erasing are always allowed, taking out of quarantine is a release. 1e-06 is watermark.findings.READ_BACK_BOUND.
SYNTHESIS_GUARD = """
CREATE FUNCTION synthesis_release_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'done' OR NEW.erased_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'done' AND OLD.object_key = NEW.object_key
       AND OLD.media_sha256 = NEW.media_sha256 AND (OLD.quarantined_at IS NULL OR NEW.quarantined_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    IF NOT consent_is_live(NEW.tenant_id, NEW.consent_id) THEN
        RAISE check_violation USING MESSAGE = 'no sound is released without a live consent';
    END IF;
    IF NOT EXISTS (
        SELECT FROM consent_consent c
        JOIN voices_voice p ON p.tenant_id = c.tenant_id AND p.speaker_id = c.speaker_id
        JOIN voices_voiceversion v ON v.tenant_id = p.tenant_id AND v.voice_id = p.id
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.consent_id AND v.id = NEW.version_id) THEN
        RAISE check_violation USING MESSAGE = 'the consent is not that of the voice''s speaker';
    END IF;
    IF NOT EXISTS (
        SELECT FROM watermark_mark m
        WHERE m.tenant_id = NEW.tenant_id AND m.synthesis_id = NEW.id AND m.read_back_p <= 1e-06) THEN
        RAISE check_violation USING MESSAGE = 'no sound is released before its mark was read back';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER synthesis_release_guard AFTER INSERT OR UPDATE ON synthesis_synthesis
    FOR EACH ROW EXECUTE FUNCTION synthesis_release_guard();
"""

FINETUNE_GUARD = """
CREATE FUNCTION synthesis_finetune_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.voice_id)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.voice_id) THEN
        RAISE check_violation USING MESSAGE = 'what was asked for does not change; ask anew';
    END IF;
    IF NEW.state <> 'done' OR NEW.erased_at IS NOT NULL
       OR (TG_OP = 'UPDATE' AND OLD.state = 'done' AND OLD.version_id = NEW.version_id) THEN
        RETURN NULL;
    END IF;
    IF NOT consent_is_live(NEW.tenant_id, NEW.consent_id) THEN
        RAISE check_violation USING MESSAGE = 'no voice is made without a live consent';
    END IF;
    IF NOT EXISTS (
        SELECT FROM consent_consent c
        JOIN voices_voice p ON p.tenant_id = c.tenant_id AND p.speaker_id = c.speaker_id
        JOIN voices_voiceversion v ON v.tenant_id = p.tenant_id AND v.voice_id = p.id
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.consent_id AND p.id = NEW.voice_id
          AND v.id = NEW.version_id) THEN
        RAISE check_violation USING MESSAGE = 'the consent is not that of the voice''s speaker';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER synthesis_finetune_guard AFTER INSERT OR UPDATE ON synthesis_finetune
    FOR EACH ROW EXECUTE FUNCTION synthesis_finetune_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("synthesis", "0001_initial")]
    operations = [
        migrations.RunSQL(ASKED_STAYS, "DROP FUNCTION synthesis_asked_stays() CASCADE"),
        migrations.RunSQL(SYNTHESIS_GUARD, "DROP FUNCTION synthesis_release_guard() CASCADE"),
        migrations.RunSQL(FINETUNE_GUARD, "DROP FUNCTION synthesis_finetune_guard() CASCADE"),
    ]
