import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from isolation.rows import ForceRowSecurity, TenantForeignKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("isolation", "0001_app_role"),
        ("consent", "0002_guards"),
        ("voices", "0001_initial"),
        ("watermark", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FineTune",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("preview", "Preview"), ("adapted", "Adapted")], default="adapted", max_length=10
                    ),
                ),
                (
                    "recordings",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("seed", models.PositiveBigIntegerField(default=0)),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="voices.voiceversion",
                    ),
                ),
                (
                    "voice",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="voices.voice",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant_id", "-created_at"], name="synthesis_finetune_new"),
                    models.Index(fields=["tenant_id", "consent"], name="synthesis_finetune_consent"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="synthesis_finetune_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True), ("version__isnull", False), _connector="OR"
                        ),
                        name="synthesis_finetune_done",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Synthesis",
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
                ("channel", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=20)),
                ("territory", models.CharField(max_length=20)),
                ("content_class", models.CharField(max_length=40)),
                ("recipient", models.CharField(blank=True, default="", max_length=120)),
                ("sealed_script", models.BinaryField(null=True)),
                ("characters", models.PositiveIntegerField()),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("wav", "wav"),
                            ("flac", "flac"),
                            ("mp3", "mp3"),
                            ("opus", "opus"),
                            ("pcm", "pcm"),
                            ("mulaw", "mulaw"),
                            ("mulaw_wav", "mulaw_wav"),
                        ],
                        default="wav",
                        max_length=12,
                    ),
                ),
                ("seed", models.PositiveBigIntegerField(default=0)),
                ("rate", models.FloatField(default=1.0)),
                ("pitch", models.FloatField(default=1.0)),
                ("energy", models.FloatField(default=1.0)),
                ("object_key", models.CharField(blank=True, default="", max_length=200)),
                ("media_type", models.CharField(blank=True, default="", max_length=60)),
                ("media_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("media_bytes", models.PositiveIntegerField(default=0)),
                ("length_s", models.FloatField(blank=True, null=True)),
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
                    models.Index(fields=["tenant_id", "-created_at"], name="synthesis_synthesis_new"),
                    models.Index(fields=["tenant_id", "consent"], name="synthesis_synthesis_consent"),
                    models.Index(fields=["tenant_id", "subject_handle"], name="synthesis_synthesis_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="synthesis_synthesis_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(models.Q(("object_key", ""), _negated=True), ("released_at__isnull", False)),
                            ("erased_at__isnull", False),
                            _connector="OR",
                        ),
                        name="synthesis_synthesis_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("object_key", ""),
                            models.Q(("erased_at__isnull", True), ("state", "done")),
                            _connector="OR",
                        ),
                        name="synthesis_synthesis_hidden_until_done",
                    ),
                ],
            },
        ),
        ForceRowSecurity("synthesis_finetune"),
        ForceRowSecurity("synthesis_synthesis"),
        TenantForeignKey("synthesis_finetune", "consent_id", "consent_consent"),
        TenantForeignKey("synthesis_finetune", "voice_id", "voices_voice"),
        TenantForeignKey("synthesis_finetune", "version_id", "voices_voiceversion"),
        TenantForeignKey("synthesis_synthesis", "consent_id", "consent_consent"),
        TenantForeignKey("synthesis_synthesis", "version_id", "voices_voiceversion"),
    ]
