import uuid

from django.db import migrations, models

from isolation.rows import ForceRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="IdempotentReply",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(max_length=32)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("headers", models.JSONField(default=dict)),
                ("handle", models.CharField(blank=True, default="", max_length=80)),
                ("sealed_body", models.BinaryField(default=b"")),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="api_idempotentreply_tenant_id_key"),
                    models.UniqueConstraint(fields=("tenant_id", "key"), name="api_idempotency_once"),
                ],
            },
        ),
        ForceRowSecurity("api_idempotentreply"),
    ]
