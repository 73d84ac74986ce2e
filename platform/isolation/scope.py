"""The tenant of the current transaction.

The tenant is a transaction-local PostgreSQL setting (SET LOCAL by ``set_config(..., true)``), so it
ends with the transaction and cannot leak to the next user of a pooled connection. Every policy
reads it; with no tenant set, every tenant table looks empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

SETTING = "consonant.tenant"


def set_tenant(tenant_id: UUID) -> None:
    """Make `tenant_id` the tenant of the open transaction.

    Raises:
        RuntimeError: no transaction is open (the setting would be lost at once).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a tenant is set inside a transaction or not at all")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, str(tenant_id)])


def current_tenant() -> UUID | None:
    """The tenant of the open transaction, None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nullif(current_setting(%s, true), '')", [SETTING])
        row = cursor.fetchone()
    return UUID(row[0]) if row and row[0] else None


def in_transaction() -> AbstractContextManager[None]:
    """The open transaction, or one of its own where none is open; unlike `atomic` it costs no savepoint.

    For reads: an error inside spoils the caller's transaction.
    """
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


@contextmanager
def tenant_scope(tenant_id: UUID) -> Iterator[None]:
    """A transaction that sees and writes the rows of one tenant; used by jobs, commands and tests.

    Inside an open transaction it becomes a savepoint, and the tenant before is put back at the end.
    """
    with transaction.atomic():
        before = current_tenant()
        set_tenant(tenant_id)
        yield
        # An error rolls the savepoint back, and PostgreSQL restores the setting with it.
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, str(before or "")])


def database_now() -> datetime:
    """The database's clock at this moment (clock_timestamp, not the transaction's start)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
