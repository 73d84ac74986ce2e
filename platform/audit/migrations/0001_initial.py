import uuid

from django.db import migrations, models

from isolation.rows import ForceRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [("isolation", "0001_app_role")]

    operations = [
        migrations.CreateModel(
            name="AuditDetail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("event", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=80)),
                ("object_id", models.UUIDField(blank=True, null=True)),
                ("handle", models.CharField(blank=True, default="", max_length=64)),
                ("sealed", models.BinaryField(null=True)),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["tenant_id", "-created_at", "-id"], name="audit_detail_newest"),
                    models.Index(fields=["handle"], name="audit_detail_handle"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "id"), name="audit_auditdetail_tenant_id_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("body", models.BinaryField()),
                ("index", models.BigIntegerField(null=True, unique=True)),
            ],
            options={
                "db_table": "audit_entry",
                "indexes": [
                    models.Index(condition=models.Q(("index__isnull", True)), fields=["id"], name="audit_entry_waiting")
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                (
                    "root",
                    models.BinaryField(
                        default=b"\xe3\xb0\xc4B\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99o\xb9$'\xaeA\xe4d\x9b\x93L\xa4\x95\x99\x1bxR\xb8U"
                    ),
                ),
                ("checkpoint", models.TextField(blank=True, default="")),
                ("verifier", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "audit_head",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_head_is_one")],
            },
        ),
        ForceRowSecurity("audit_auditdetail"),
    ]
