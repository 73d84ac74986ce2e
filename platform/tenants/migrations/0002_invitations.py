"""Places held for people who have not joined yet, and the digests of their links."""

import uuid

from django.db import migrations, models

from isolation.rows import ForceRowSecurity


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="InvitationDigest",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("invitation_id", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
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
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="tenants_invitation_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "email"), name="tenants_invitation_email_key"),
                ],
            },
        ),
        ForceRowSecurity("tenants_invitation"),
    ]
