"""The role that every test and every process speaks as, looked at from inside and from outside."""

from __future__ import annotations

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from config.embedded import APP_ROLE, OWNER_ROLE, Servers


@pytest.mark.django_db
def test_tests_speak_as_the_app_role_which_may_nothing_special() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (APP_ROLE, False, False, False, False, False)


@pytest.mark.django_db
def test_the_app_role_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = %s)", [APP_ROLE]
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = %s)", [OWNER_ROLE]
        )
        assert cursor.fetchone()[0] > 0  # or the line above proves nothing


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE loot (id int)",
        "CREATE TEMP TABLE loot (id int)",
        "TRUNCATE django_session",
        "SET ROLE consonant_owner",
    ],
)
def test_the_app_role_is_refused(statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_passwords_are_asked_for(servers: Servers) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=servers.host, port=servers.database_port, dbname="consonant", user=APP_ROLE, password="")


def test_nobody_else_reads_the_secrets(servers: Servers) -> None:
    for path in (servers.profile.folder / "secrets").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
