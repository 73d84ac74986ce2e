import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from isolation.rows import ForceRowSecurity, TenantForeignKey

GUARD = """
CREATE FUNCTION erasure_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state = 'done' OR (NEW.id, NEW.tenant_id, NEW.speaker_id, NEW.handle, NEW.requested_by)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.speaker_id, OLD.handle, OLD.requested_by) THEN
        RAISE check_violation USING MESSAGE = 'an erasure stays what it was asked for, and once certified stays as it is';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER erasure_guard BEFORE UPDATE ON erasure_erasure FOR EACH ROW EXECUTE FUNCTION erasure_guard();
"""


def _revoke(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    role = schema_editor.quote_name(settings.APP_ROLE)
    schema_editor.execute(f"REVOKE DELETE ON erasure_erasure, erasure_erasurestep FROM {role}")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role"), ("speakers", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Erasure",
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
                ("speaker_id", models.UUIDField()),
                ("handle", models.CharField(max_length=64)),
                ("requested_by", models.CharField(max_length=80)),
                ("certificate", models.TextField(blank=True, default="")),
                ("entry", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="erasure_erasure_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "speaker_id"), name="erasure_erasure_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(models.Q(("certificate", ""), _negated=True), ("entry__isnull", False)),
                            _connector="OR",
                        ),
                        name="erasure_erasure_done_is_certified",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasureStep",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=80)),
                ("destroyed", models.PositiveIntegerField(default=0)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "erasure",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="erasure.erasure",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="erasure_erasurestep_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "erasure", "position"), name="erasure_step_position"),
                ],
            },
        ),
        ForceRowSecurity("erasure_erasure"),
        ForceRowSecurity("erasure_erasurestep"),
        TenantForeignKey("erasure_erasure", "speaker_id", "speakers_speaker"),
        TenantForeignKey("erasure_erasurestep", "erasure_id", "erasure_erasure", on_delete="CASCADE"),
        migrations.RunSQL(GUARD, "DROP TRIGGER erasure_guard ON erasure_erasure; DROP FUNCTION erasure_guard()"),
        migrations.RunPython(_revoke, migrations.RunPython.noop),
    ]
