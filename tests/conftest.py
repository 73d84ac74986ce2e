"""The database of the tests: migrated by the owner once, spoken to as the app role by every test.

A test that asks for `django_db` is rolled back. One that needs real transactions
(`django_db(transaction=True)`) is cleaned up after by a superuser, because the app role may not empty tables,
and gets back what the migrations themselves had written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
import redis
from psycopg import sql
from pytest_django import DjangoDbBlocker

from config.embedded import Servers


class Baseline:
    """What every table holds right after the migrations, and the way back to it.

    Args:
        connection: a superuser's, autocommit.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        # No trigger and no foreign key speaks up while rows are put back: the log forbids what this does.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET lock_timeout = '15s'")  # a transaction that a test left open is an error, not a wait
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        ).fetchall()
        self._tables = {name: self._rows(name) for (name,) in names}

    def restore(self) -> None:
        """Empty every table and write its first rows again."""
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in self._tables]
        self._connection.execute(sql.SQL("; ").join(deletes))
        for name, rows in self._tables.items():
            if rows:
                copy = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with self._connection.cursor() as cursor, cursor.copy(copy) as stream:
                    stream.write(rows)

    def _rows(self, table: str) -> bytes:
        copy = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(table))
        with self._connection.cursor() as cursor, cursor.copy(copy) as stream:
            return b"".join(bytes(part) for part in stream)


@pytest.fixture(scope="session")
def django_db_setup(
    servers: Servers, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Replaces pytest-django's: no database is made by the role that tests speak as."""
    from django.core.management import call_command
    from django.db import connections

    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        connections["owner"].close()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session")
def baseline(servers: Servers, django_db_setup: None) -> Iterator[Baseline]:
    """The tables' first rows; taken after the migrations, before any test commits."""
    with servers.superuser() as connection:
        yield Baseline(connection)


@pytest.fixture(scope="session")
def scale() -> Callable[[int], int]:
    """How many trials a test marked `soak` makes: the number it names, times what `./run soak` asks for."""
    factor = float(os.environ.get("CONSONANT_TEST_SCALE", "1"))
    return lambda trials: max(1, round(trials * factor))


@pytest.fixture(scope="session", autouse=True)
def _no_flush() -> None:
    """Django would flush as the app role after a transactional test; `_clean` does that instead."""
    from django.test import TransactionTestCase

    def leave(self: TransactionTestCase) -> None:
        pass

    TransactionTestCase._fixture_teardown = leave  # type: ignore[method-assign]  # no public seam


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave neither committed rows nor rate counters to the next test."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None and not {"db", "transactional_db", "live_server"} & set(request.fixturenames):
        yield
        return
    baseline: Baseline = request.getfixturevalue("baseline")
    servers: Servers = request.getfixturevalue("servers")
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushdb()
    yield
    committed = marker is not None and bool(marker.kwargs.get("transaction"))
    if committed or {"transactional_db", "live_server"} & set(request.fixturenames):
        baseline.restore()
        _unpublish()


def _unpublish() -> None:
    """A log that is served while its rows are gone would be refused as a forked one by the next test."""
    from audit.published import PREFIX
    from storage.objects import object_store

    for served in list(object_store().find(PREFIX)):
        object_store().delete(served.key)
