"""Conversions: a synthesis that says a recording. That it is one does not change, as all that was asked for."""

from importlib import import_module

from django.db import migrations, models

before = import_module("synthesis.migrations.0003_streams")

ASKED_STAYS = before.ASKED_STAYS.replace("NEW.streamed)", "NEW.streamed, NEW.converted)").replace(
    "OLD.streamed)", "OLD.streamed, OLD.converted)"
)


class Migration(migrations.Migration):
    dependencies = [("synthesis", "0003_streams")]
    operations = [
        migrations.AddField("synthesis", "converted", models.BooleanField(default=False)),
        migrations.AddConstraint(
            "synthesis",
            models.CheckConstraint(
                condition=models.Q(("streamed", False), ("converted", False), _connector="OR"),
                name="synthesis_synthesis_one_way",
            ),
        ),
        migrations.RunSQL(ASKED_STAYS, before.ASKED_STAYS),
    ]
