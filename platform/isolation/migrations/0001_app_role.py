"""Default privileges of the app role, before any table exists.

The app role owns nothing and may neither TRUNCATE nor REFERENCE (reliability: both pass by
row-level security). Tables that need less than this revoke it in their own migration.
"""

from django.conf import settings
from django.db import migrations


def _grant(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django's RunPython signature
    role = schema_editor.quote_name(settings.APP_ROLE)
    schema_editor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    schema_editor.execute(f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}")
    schema_editor.execute(f"ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {role}")


class Migration(migrations.Migration):
    initial = True
    run_before = [("sessions", "0001_initial")]
    operations = [migrations.RunPython(_grant, migrations.RunPython.noop)]
