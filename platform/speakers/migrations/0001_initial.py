import uuid

from django.conf import settings
from django.db import migrations, models

from isolation.rows import ForceRowSecurity


def _revoke(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    schema_editor.execute(f"REVOKE DELETE ON speakers_speaker FROM {schema_editor.quote_name(settings.APP_ROLE)}")


GUARD = """
CREATE FUNCTION speakers_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.tenant_id, NEW.key_handle) IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.key_handle)
       OR (OLD.state || '>' || NEW.state) NOT IN ('active>active', 'active>erasing', 'erasing>erasing',
                                                  'erasing>erased', 'erased>erased') THEN
        RAISE check_violation USING MESSAGE = 'a person stays the same person, and an erasure is not taken back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER speakers_guard BEFORE UPDATE ON speakers_speaker FOR EACH ROW EXECUTE FUNCTION speakers_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="Speaker",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("key_handle", models.CharField(max_length=64)),
                ("sealed_name", models.BinaryField(null=True)),
                ("sealed_contact", models.BinaryField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("erasing", "Erasing"), ("erased", "Erased")],
                        default="active",
                        max_length=8,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="speakers_speaker_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "key_handle"), name="speakers_speaker_handle_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "erased"), _negated=True),
                            models.Q(("sealed_contact__isnull", True), ("sealed_name__isnull", True)),
                            _connector="OR",
                        ),
                        name="speakers_speaker_erased_is_empty",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpeakerLinkDigest",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("speaker_id", models.UUIDField()),
            ],
            options={
                "indexes": [models.Index(fields=["tenant_id", "speaker_id"], name="speakers_link_of_speaker")],
            },
        ),
        ForceRowSecurity("speakers_speaker"),
        migrations.RunSQL(GUARD, "DROP TRIGGER speakers_guard ON speakers_speaker; DROP FUNCTION speakers_guard()"),
        # The row stays after an erasure, empty, so that its address answers 410.
        migrations.RunPython(_revoke, migrations.RunPython.noop),
    ]
