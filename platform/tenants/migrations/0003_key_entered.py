"""A key's tenant, row and rights in one round trip, which every request pays for, the tenant set meanwhile.

The rights are read under the row-level security of the tenant that was just set, like every other row. The function
fixes its search_path; what it sets outlives it, because it is another setting than the one it fixes.
"""

from django.db import migrations

KEY_ENTERED = """
CREATE FUNCTION tenants_key_entered(wanted bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, suspended boolean, scopes varchar[])
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    SELECT d.tenant_id, d.key_id, t.suspended_at IS NOT NULL INTO tenant_id, key_id, suspended
    FROM tenants_apikeydigest d JOIN tenants_tenant t ON t.id = d.tenant_id WHERE d.digest = wanted;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('consonant.tenant', tenant_id::text, true);
    SELECT k.scopes INTO scopes FROM tenants_apikey k
    WHERE k.id = key_id AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp());
    RETURN NEXT;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_invitations")]

    operations = [migrations.RunSQL(KEY_ENTERED, "DROP FUNCTION tenants_key_entered(bytea)")]
