import uuid

import django.db.models.deletion
from django.db import migrations, models

from isolation.rows import ForceRowSecurity, TenantForeignKey

# Promises 1 and 2 for raw SQL too, as for sounds (synthesis migration 0002). `consent_is_live` keeps the consent's row
# locked to the end of the transaction. 1e-06 is watermark.findings.READ_BACK_BOUND.
GUARD = """
CREATE FUNCTION exports_release_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.tenant_id, NEW.consent_id, NEW.version_id, NEW.subject_handle, NEW.purpose,
        NEW.territory, NEW.recipient)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.consent_id, OLD.version_id, OLD.subject_handle, OLD.purpose,
        OLD.territory, OLD.recipient) THEN
        RAISE check_violation USING MESSAGE = 'what was asked for does not change; ask anew';
    END IF;
    IF NEW.state <> 'done' OR NEW.erased_at IS NOT NULL
       OR (TG_OP = 'UPDATE' AND OLD.state = 'done' AND OLD.object_key = NEW.object_key
           AND OLD.media_sha256 = NEW.media_sha256
           AND (OLD.quarantined_at IS NULL OR NEW.quarantined_at IS NOT NULL)) THEN
        RETURN NULL;
    END IF;
    IF NOT consent_is_live(NEW.tenant_id, NEW.consent_id) THEN
        RAISE check_violation USING MESSAGE = 'no voice leaves without a live consent';
    END IF;
    IF NOT EXISTS (
        SELECT FROM consent_consent c
        JOIN voices_voice p ON p.tenant_id = c.tenant_id AND p.speaker_id = c.speaker_id
        JOIN voices_voiceversion v ON v.tenant_id = p.tenant_id AND v.voice_id = p.id
        WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.consent_id AND v.id = NEW.version_id
          AND (c.terms ->> 'may_export')::boolean) THEN
        RAISE check_violation USING MESSAGE = 'the consent of this voice does not allow an export';
    END IF;
    IF NEW.read_back_p IS NULL OR NEW.read_back_p > 1e-06 OR NOT EXISTS (
        SELECT FROM watermark_markrecord m
        WHERE m.record = NEW.record AND m.tenant_id = NEW.tenant_id AND m.synthesis_id = NEW.id
          AND m.leaving_epoch IS NOT NULL) THEN
        RAISE check_violation USING MESSAGE = 'no voice leaves before its own mark was heard in what it says';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER exports_release_guard AFTER INSERT OR UPDATE ON exports_export
    FOR EACH ROW EXECUTE FUNCTION exports_release_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("isolation", "0001_app_role"),
        ("consent", "0002_guards"),
        ("voices", "0001_initial"),
        ("watermark", "0002_leaving"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                ("stage", models.CharField(blank=True, default="", max_length=40)),
                ("progress", models.PositiveSmallIntegerField(default=0)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("cancel_requested", models.BooleanField(default=False)),
                ("problem_code", models.CharField(blank=True, default="", max_length=60)),
                ("problem_detail", models.CharField(blank=True, default="", max_length=300)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("subject_handle", models.CharField(max_length=80)),
                ("requested_by", models.CharField(max_length=60)),
                ("quarantined_at", models.DateTimeField(blank=True, null=True)),
                ("quarantine_reason", models.CharField(blank=True, default="", max_length=60)),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
                ("purpose", models.CharField(max_length=40)),
                ("territory", models.CharField(max_length=20)),
                ("recipient", models.CharField(max_length=120)),
                (
                    "precision",
                    models.CharField(choices=[("float", "Float"), ("int8", "Int8")], default="float", max_length=8),
                ),
                ("record", models.BigIntegerField(null=True)),
                ("read_back_p", models.FloatField(null=True)),
                ("object_key", models.CharField(blank=True, default="", max_length=200)),
                ("media_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("media_bytes", models.PositiveIntegerField(default=0)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "consent",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="consent.consent",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="voices.voiceversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant_id", "-created_at"], name="exports_export_new"),
                    models.Index(fields=["tenant_id", "consent"], name="exports_export_consent"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="exports_export_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(
                                models.Q(("object_key", ""), _negated=True),
                                ("record__isnull", False),
                                ("released_at__isnull", False),
                            ),
                            ("erased_at__isnull", False),
                            _connector="OR",
                        ),
                        name="exports_export_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("object_key", ""),
                            models.Q(("erased_at__isnull", True), ("state", "done")),
                            _connector="OR",
                        ),
                        name="exports_export_hidden_until_done",
                    ),
                ],
            },
        ),
        ForceRowSecurity("exports_export"),
        TenantForeignKey("exports_export", "consent_id", "consent_consent"),
        TenantForeignKey("exports_export", "version_id", "voices_voiceversion"),
        migrations.RunSQL(GUARD, "DROP FUNCTION exports_release_guard() CASCADE"),
    ]
