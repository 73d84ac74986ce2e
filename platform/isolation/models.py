"""The base of every row that belongs to a tenant."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models


class TenantRow(models.Model):
    """A row of one tenant: random id, the tenant's id, and (tenant_id, id) unique for composite keys.

    A subclass's migration ends with ``isolation.rows.ForceRowSecurity`` and one
    ``isolation.rows.TenantForeignKey`` per foreign key; a meta-test walks pg_class for both.
    Foreign keys between tenant rows are ``models.ForeignKey(..., db_constraint=False)``: the real
    constraint is the composite one, because PostgreSQL checks keys outside row-level security.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant_id", "id"], name="%(app_label)s_%(class)s_tenant_id_key"),
        ]
        indexes: ClassVar[list[models.Index]] = []
