import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("isolation", "0001_app_role")]
    operations = [
        migrations.CreateModel(
            name="DoNotClone",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("by_tenant", models.UUIDField(blank=True, null=True)),
                ("added_by", models.CharField(max_length=60)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_reference", models.BinaryField()),
            ],
            options={"indexes": [models.Index(fields=["by_tenant"], name="refusals_by_tenant")]},
        ),
    ]
