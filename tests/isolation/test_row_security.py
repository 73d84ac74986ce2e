"""Row-level security: what the catalogue says, and what it does when the ORM's own filter is missing."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction

from isolation.models import TenantRow
from isolation.scope import current_tenant, set_tenant, tenant_scope
from tenants.models import ApiKey, Member
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db

# Read before a tenant is known: narrow, random ids only. A new name here needs an argument.
WITHOUT_TENANT = {
    "audit_checkpoint",
    "audit_entry",
    "audit_head",
    "consent_consenttext",
    "django_migrations",
    "django_session",
    "erasure_ledgerentry",
    "refusals_donotclone",  # binds every tenant: a random id and a reference sealed under the deployment's key
    "speakers_speakerlinkdigest",
    "tenants_apikeydigest",
    "tenants_invitationdigest",
    "tenants_tenant",
    "watermark_markplace",  # a random place under a random id: what every tenant's clips are compared with
    "watermark_markrecord",
    "work_outbox",
}


def _tables() -> dict[str, tuple[bool, bool, int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                   (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid), pg_get_userbyid(c.relowner)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'm', 'v')
            """
        )
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


def test_every_table_is_under_forced_row_security_or_on_the_list():
    for name, (enabled, forced, policies, _) in _tables().items():
        if name not in WITHOUT_TENANT:
            assert (enabled, forced, policies) == (True, True, 1), name


def test_the_list_names_no_table_of_a_tenant():
    tenant_tables = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantRow)}
    assert tenant_tables.isdisjoint(WITHOUT_TENANT)


def test_the_app_role_owns_nothing_and_bypasses_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        assert cursor.fetchone() == (0,)
    assert all(owner != settings.APP_ROLE for *_, owner in _tables().values())


def test_foreign_keys_between_tenant_tables_carry_the_tenant():
    tenant_tables = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantRow)}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conrelid::regclass::text, confrelid::regclass::text, conname,
                   (SELECT array_agg(attname::text)
                    FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey))
            FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
            """
        )
        for table, target, name, columns in cursor.fetchall():
            if table in tenant_tables and target in tenant_tables:
                assert "tenant_id" in columns, name


def test_every_model_key_between_tenant_rows_has_its_composite_constraint():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        names = {row[0] for row in cursor.fetchall()}
    for model in apps.get_models():
        for field in model._meta.concrete_fields if issubclass(model, TenantRow) else ():
            if field.is_relation and issubclass(field.related_model, TenantRow):
                assert f"{model._meta.db_table}_{field.column}_tenant_fk"[:63] in names, f"{model}.{field.name}"


def test_without_a_tenant_every_table_looks_empty():
    organisation = make_organisation()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('consonant.tenant', '', true)")
    assert Member.objects.count() == 0
    with tenant_scope(organisation.id):
        assert Member.objects.count() == 5


def test_unfiltered_queries_see_one_tenant_alone():
    ours, theirs = make_organisation(), make_organisation()
    with tenant_scope(ours.id):
        assert set(Member.objects.values_list("tenant_id", flat=True)) == {ours.id}
    with tenant_scope(theirs.id):
        assert Member.objects.filter(pk=ours.members["owner"].pk).update(name="changed") == 0


def test_a_row_cannot_be_written_for_another_tenant():
    ours, theirs = make_organisation(), make_organisation()
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(ours.id):
        ApiKey.objects.create(tenant_id=theirs.id, label="x", hint="x", scopes=[])


def test_truncate_and_references_are_not_the_app_roles():
    for statement in ("TRUNCATE tenants_member", "ALTER TABLE tenants_member NO FORCE ROW LEVEL SECURITY"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_setting_ends_with_its_scope():
    ours, theirs = make_organisation(), make_organisation()
    with tenant_scope(ours.id):
        with tenant_scope(theirs.id):
            assert Member.objects.first().tenant_id == theirs.id
        assert Member.objects.first().tenant_id == ours.id
        with pytest.raises(IntegrityError), tenant_scope(theirs.id):
            Member.objects.create(
                tenant_id=theirs.id, email="owner@" + theirs.tenant.slug + ".example", name="", role="owner"
            )
        assert Member.objects.first().tenant_id == ours.id


@pytest.mark.django_db(transaction=True)
def test_the_setting_ends_with_its_transaction():
    with transaction.atomic():
        set_tenant(make_organisation().id)
        assert current_tenant() is not None
    with transaction.atomic():  # the same connection, as a pool would hand it to somebody else
        assert current_tenant() is None
        assert Member.objects.count() == 0
