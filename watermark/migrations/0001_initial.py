import uuid

from django.conf import settings
from django.db import migrations, models

from isolation.rows import ForceRowSecurity

# A mark says what was put into one sound. It goes with its person or stays as it is.
MARK_GUARD = """
CREATE FUNCTION watermark_mark_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.record, NEW.synthesis_id, NEW.subject_handle, NEW.epoch, NEW.salt, NEW.start)
       IS DISTINCT FROM
       (OLD.id, OLD.tenant_id, OLD.record, OLD.synthesis_id, OLD.subject_handle, OLD.epoch, OLD.salt, OLD.start) THEN
        RAISE check_violation USING MESSAGE = 'a mark does not change';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watermark_mark_guard BEFORE UPDATE ON watermark_mark
    FOR EACH ROW EXECUTE FUNCTION watermark_mark_guard();
"""


def _revoke(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    role = schema_editor.quote_name(settings.APP_ROLE)
    # A record once given out points to its tenant for ever: sound outlives rows.
    schema_editor.execute(f"REVOKE UPDATE, DELETE ON watermark_markrecord FROM {role}")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("record", models.BigIntegerField(unique=True)),
                ("synthesis_id", models.UUIDField()),
                ("subject_handle", models.CharField(max_length=80)),
                ("epoch", models.PositiveIntegerField()),
                ("salt", models.PositiveSmallIntegerField()),
                ("start", models.PositiveIntegerField()),
                ("markable_s", models.FloatField()),
                ("blind", models.BooleanField()),
                ("read_back_p", models.FloatField()),
                ("sealed_fingerprint", models.BinaryField(null=True)),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["tenant_id", "subject_handle"], name="watermark_mark_subject")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="watermark_mark_tenant_id_key"),
                    models.UniqueConstraint(
                        fields=("tenant_id", "synthesis_id"), name="watermark_mark_one_per_synthesis"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("read_back_p__gt", 0), ("read_back_p__lte", 1)),
                        name="watermark_mark_p_value",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MarkRecord",
            fields=[
                ("record", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("synthesis_id", models.UUIDField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("record__gte", 0), ("record__lt", 281474976710656)),
                        name="watermark_markrecord_48_bits",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Verification",
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
                ("clip_sha256", models.CharField(max_length=64)),
                ("length_s", models.FloatField()),
                ("pending_key", models.CharField(blank=True, default="", max_length=200)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("ours", "Ours"), ("not_found", "Not Found"), ("inconclusive", "Inconclusive")],
                        default="",
                        max_length=16,
                    ),
                ),
                ("p_value", models.FloatField(null=True)),
                ("marks", models.JSONField(default=list)),
                ("searched", models.JSONField(default=dict)),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["tenant_id", "-created_at"], name="watermark_verification_new")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="watermark_verification_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(models.Q(("verdict", ""), _negated=True), ("pending_key", "")),
                            _connector="OR",
                        ),
                        name="watermark_verification_done",
                    ),
                ],
            },
        ),
        ForceRowSecurity("watermark_mark"),
        ForceRowSecurity("watermark_verification"),
        migrations.RunSQL(
            MARK_GUARD, "DROP TRIGGER watermark_mark_guard ON watermark_mark; DROP FUNCTION watermark_mark_guard()"
        ),
        migrations.RunPython(_revoke, migrations.RunPython.noop),
    ]
