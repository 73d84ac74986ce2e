"""When a training that runs will be done, as far as can be told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("synthesis", "0004_conversions")]
    operations = [
        migrations.AddField("finetune", "expected_at", models.DateTimeField(blank=True, null=True)),
    ]
