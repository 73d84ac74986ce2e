"""Migration operations that put a table under row-level security and tie its keys to the tenant."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations

from isolation.scope import SETTING

_TENANT = f"nullif(current_setting('{SETTING}', true), '')::uuid"


class ForceRowSecurity(migrations.RunSQL):
    """ENABLE and FORCE row-level security on `table` with the one policy of this project.

    FORCE, because the owner bypasses policies otherwise. A row is seen and written only when
    `column` is the tenant of the transaction; with none set the comparison is NULL, so nothing is.
    """

    def __init__(self, table: str, *, column: str = "tenant_id", **_: Any) -> None:
        self.table, self.column = table, column
        super().__init__(
            sql=[
                f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
                f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
                f'CREATE POLICY tenant ON "{table}" USING ("{column}" = {_TENANT}) WITH CHECK ("{column}" = {_TENANT})',
            ],
            reverse_sql=[
                f'DROP POLICY tenant ON "{table}"',
                f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
                f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
            ],
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written in a migration file."""
        return self.__class__.__name__, [self.table], {"column": self.column}


class TenantForeignKey(migrations.RunSQL):
    """A foreign key over (tenant_id, `column`), so that a row cannot point into another tenant.

    Args:
        table, column: where the key stands (the database column, ``speaker_id``).
        target: the table it points to; that table has UNIQUE (tenant_id, id).
        on_delete: what PostgreSQL does when the target goes: NO ACTION or CASCADE.
    """

    def __init__(self, table: str, column: str, target: str, *, on_delete: str = "NO ACTION", **_: Any) -> None:
        self.args = (table, column, target)
        self.on_delete = on_delete
        name = f"{table}_{column}_tenant_fk"[:63]
        super().__init__(
            sql=(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{column}") '
                f'REFERENCES "{target}" (tenant_id, id) ON DELETE {on_delete} DEFERRABLE INITIALLY DEFERRED'
            ),
            reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written in a migration file."""
        return self.__class__.__name__, list(self.args), {"on_delete": self.on_delete}


class Revoke(migrations.RunSQL):
    """Take rights (UPDATE, DELETE) on `table` from the role that serves: what is written there stays as it is."""

    def __init__(self, table: str, *rights: str) -> None:
        self.args = (table, *rights)
        what = f'{", ".join(rights)} ON "{table}"'
        super().__init__(
            sql=f'REVOKE {what} FROM "{settings.APP_ROLE}"', reverse_sql=f'GRANT {what} TO "{settings.APP_ROLE}"'
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written in a migration file."""
        return self.__class__.__name__, list(self.args), {}
