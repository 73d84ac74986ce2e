import uuid

import django.contrib.postgres.fields
from django.db import migrations, models

from isolation.rows import ForceRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="ApiKeyDigest",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("key_id", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("is_demo", models.BooleanField(default=False)),
                ("suspended_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("label", models.CharField(max_length=80)),
                ("hint", models.CharField(max_length=20)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="tenants_apikey_tenant_id_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(max_length=120)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "owner"),
                            ("producer", "producer"),
                            ("consent_officer", "consent_officer"),
                            ("compliance", "compliance"),
                            ("auditor", "auditor"),
                        ],
                        max_length=20,
                    ),
                ),
                ("password", models.CharField(max_length=200)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("locked_until", models.DateTimeField(blank=True, null=True)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="tenants_member_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "email"), name="tenants_member_email_key"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Quota",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("what", models.CharField(max_length=40)),
                ("month", models.DateField()),
                ("allowed", models.PositiveBigIntegerField()),
                ("used", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="tenants_quota_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "what", "month"), name="tenants_quota_key"),
                    models.CheckConstraint(
                        condition=models.Q(("used__lte", models.F("allowed"))), name="tenants_quota_kept"
                    ),
                ],
            },
        ),
        ForceRowSecurity("tenants_member"),
        ForceRowSecurity("tenants_apikey"),
        ForceRowSecurity("tenants_quota"),
    ]
