from django.db import migrations, models

from isolation.rows import Revoke


class Migration(migrations.Migration):
    """Outputs from before are found by their pilots alone, as until now: their length was not kept with the mark."""

    dependencies = [("watermark", "0003_attribution_grant")]
    operations = [
        migrations.CreateModel(
            name="MarkPlace",
            fields=[
                ("record", models.BigIntegerField(primary_key=True, serialize=False)),
                ("epoch", models.PositiveIntegerField()),
                ("place", models.PositiveIntegerField()),
                ("tens_of_s", models.PositiveSmallIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("place__lt", 1048576)), name="watermark_markplace_in_the_pattern"
                    )
                ],
            },
        ),
        # As with records: what was written into a sound stays there, whatever becomes of the rows.
        Revoke("watermark_markplace", "UPDATE", "DELETE"),
    ]
