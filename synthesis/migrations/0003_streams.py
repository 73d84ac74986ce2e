"""Streams: a synthesis that is not stored, and whose release is the moment from which its windows may leave.

The release guard says so in raw SQL too: `released_at` of a stream is not set without a live consent and a mark
that was read back. Its becoming `done` makes nothing reachable, so nothing is asked then. 1e-06 is, as before,
watermark.findings.READ_BACK_BOUND.
"""

from importlib import import_module

from django.db import migrations, models

before = import_module("synthesis.migrations.0002_release_guard")

ASKED_STAYS = """
CREATE OR REPLACE FUNCTION synthesis_asked_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.version_id, NEW.subject_handle, NEW.purpose, NEW.channel,
        NEW.language, NEW.territory, NEW.content_class, NEW.recipient, NEW.streamed)
       IS DISTINCT FROM
       (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.version_id, OLD.subject_handle, OLD.purpose, OLD.channel,
        OLD.language, OLD.territory, OLD.content_class, OLD.recipient, OLD.streamed) THEN
        RAISE check_violation USING MESSAGE = 'what was asked for does not change; ask anew';
    END IF;
    RETURN NEW;
END $$;
"""

SYNTHESIS_GUARD = """
CREATE OR REPLACE FUNCTION synthesis_release_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.streamed THEN
        IF NEW.released_at IS NULL OR NEW.erased_at IS NOT NULL
           OR (TG_OP = 'UPDATE' AND OLD.released_at = NEW.released_at) THEN
            RETURN NULL;
        END IF;
    ELSIF NEW.state <> 'done' OR NEW.erased_at IS NOT NULL THEN
        RETURN NULL;
    ELSIF TG_OP = 'UPDATE' AND OLD.state = 'done' AND OLD.object_key = NEW.object_key
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
"""


def _replacing(sql: str) -> str:
    """The function of the migration before, to go back to."""
    return sql.split("CREATE TRIGGER")[0].split("CREATE CONSTRAINT TRIGGER")[0].replace("CREATE", "CREATE OR REPLACE")


class Migration(migrations.Migration):
    dependencies = [("synthesis", "0002_release_guard")]
    operations = [
        migrations.AddField("synthesis", "streamed", models.BooleanField(default=False)),
        migrations.RemoveConstraint("synthesis", "synthesis_synthesis_done"),
        migrations.AddConstraint(
            "synthesis",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), _negated=True),
                    models.Q(
                        models.Q(("object_key", ""), ("streamed", False), _negated=True), ("released_at__isnull", False)
                    ),
                    ("erased_at__isnull", False),
                    _connector="OR",
                ),
                name="synthesis_synthesis_done",
            ),
        ),
        migrations.AddConstraint(
            "synthesis",
            models.CheckConstraint(
                condition=models.Q(("streamed", False), ("object_key", ""), _connector="OR"),
                name="synthesis_synthesis_stream_is_not_kept",
            ),
        ),
        migrations.RunSQL(ASKED_STAYS, _replacing(before.ASKED_STAYS)),
        migrations.RunSQL(SYNTHESIS_GUARD, _replacing(before.SYNTHESIS_GUARD)),
    ]
