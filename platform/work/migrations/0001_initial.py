import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("task", models.CharField(max_length=80)),
                ("object_id", models.UUIDField()),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("sent", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["due_at"], name="work_outbox_due")],
                "constraints": [models.UniqueConstraint(fields=("task", "object_id"), name="work_outbox_once")],
            },
        ),
    ]
