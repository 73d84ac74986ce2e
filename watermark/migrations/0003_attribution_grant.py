import uuid

from django.db import migrations, models

from isolation.rows import ForceRowSecurity


class Migration(migrations.Migration):
    dependencies = [("watermark", "0002_leaving")]
    operations = [
        migrations.CreateModel(
            name="AttributionGrant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "abstract": False,
                "indexes": [],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "id"), name="watermark_attributiongrant_tenant_id_key"
                    ),
                    models.UniqueConstraint(fields=("tenant_id",), name="watermark_attributiongrant_once"),
                ],
            },
        ),
        ForceRowSecurity("watermark_attributiongrant"),
    ]
