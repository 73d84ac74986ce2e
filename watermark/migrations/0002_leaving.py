from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("watermark", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="markrecord", name="leaving_epoch", field=models.PositiveIntegerField(null=True)
        ),
        migrations.AddIndex(
            model_name="markrecord",
            index=models.Index(
                fields=["record"], condition=models.Q(leaving_epoch__isnull=False), name="watermark_markrecord_left"
            ),
        ),
    ]
