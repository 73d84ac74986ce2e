"""Whether somebody has worked on what a wake-up is for: such work goes before what has only been asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("work", "0001_initial")]

    operations = [migrations.AddField("Outbox", "begun", models.BooleanField(db_default=False))]
