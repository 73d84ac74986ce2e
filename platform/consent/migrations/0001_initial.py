import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from isolation.rows import ForceRowSecurity, TenantForeignKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("speakers", "0001_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("version", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending", "pending"),
                            ("active", "active"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("expired", "expired"),
                            ("superseded", "superseded"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("terms", models.JSONField()),
                ("terms_sha256", models.CharField(max_length=64)),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(blank=True, null=True)),
                ("text_locale", models.CharField(max_length=8)),
                ("text_version", models.PositiveSmallIntegerField()),
                ("text_sha256", models.CharField(max_length=64)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("refusal", models.CharField(blank=True, default="", max_length=40)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=60)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.member",
                    ),
                ),
                (
                    "speaker",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="speakers.speaker",
                    ),
                ),
                (
                    "supersedes",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="consent.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Challenge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("phrase", models.CharField(max_length=400)),
                ("locale", models.CharField(max_length=8)),
                ("bits", models.FloatField()),
                ("expires_at", models.DateTimeField()),
                ("consumed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "consent",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="challenges",
                        to="consent.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Evidence",
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
                ("object_key", models.CharField(blank=True, default="", max_length=200)),
                ("length_s", models.FloatField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", "Open"), ("passed", "Passed"), ("refused", "Refused")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                (
                    "challenge",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="consent.challenge",
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="consent.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PhraseList",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("locale", models.CharField(default="en", max_length=8)),
                (
                    "sentences",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=400), size=None),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="consent_phraselist_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id",), name="consent_phraselist_one"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("kind", models.CharField(choices=[("given", "Given"), ("ended", "Ended")], max_length=6)),
                ("document", models.TextField()),
                ("signature", models.CharField(max_length=100)),
                (
                    "consent",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="consent.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["tenant_id", "-created_at"], name="consent_consent_new"),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["state", "valid_until"], name="consent_consent_due"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(fields=("tenant_id", "id"), name="consent_consent_tenant_id_key"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "speaker", "version"), name="consent_consent_version_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["active", "withdrawn", "expired", "superseded"]), _negated=True),
                    models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                    _connector="OR",
                ),
                name="consent_consent_approved_by_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["refused", "withdrawn", "expired", "superseded"]), _negated=True),
                    ("ended_at__isnull", False),
                    _connector="OR",
                ),
                name="consent_consent_ended_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "pending", "active", "refused", "withdrawn", "expired", "superseded"])
                ),
                name="consent_consent_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                ),
                name="consent_consent_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="challenge",
            index=models.Index(fields=["tenant_id", "consent"], name="consent_challenge_of"),
        ),
        migrations.AddConstraint(
            model_name="challenge",
            constraint=models.UniqueConstraint(fields=("tenant_id", "id"), name="consent_challenge_tenant_id_key"),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["tenant_id", "consent"], name="consent_evidence_of"),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(fields=("tenant_id", "id"), name="consent_evidence_tenant_id_key"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("tenant_id", "id"), name="consent_receipt_tenant_id_key"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("tenant_id", "consent", "kind"), name="consent_receipt_once"),
        ),
        ForceRowSecurity("consent_consent"),
        ForceRowSecurity("consent_challenge"),
        ForceRowSecurity("consent_evidence"),
        ForceRowSecurity("consent_receipt"),
        ForceRowSecurity("consent_phraselist"),
        TenantForeignKey("consent_consent", "speaker_id", "speakers_speaker"),
        TenantForeignKey("consent_consent", "supersedes_id", "consent_consent"),
        TenantForeignKey("consent_consent", "approved_by_id", "tenants_member"),
        TenantForeignKey("consent_challenge", "consent_id", "consent_consent"),
        TenantForeignKey("consent_evidence", "consent_id", "consent_consent"),
        TenantForeignKey("consent_evidence", "challenge_id", "consent_challenge"),
        TenantForeignKey("consent_receipt", "consent_id", "consent_consent"),
    ]
