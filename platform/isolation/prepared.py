"""Queries whose SQL is written once.

Django writes the SQL of a queryset anew for every use, which costs more processor time than PostgreSQL needs to
answer it by a key. A `Prepared` keeps the SQL of one queryset and fills in the values: for rows that every request
asks for; `insert` keeps that of one model. Nothing else changes - the same rows, the same objects, the same
row-level security.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import SQL, Identifier, Placeholder

M = TypeVar("M", bound=Model)
_drawn: dict[Prepared[Any], _Drawn] = {}


class Prepared(Generic[M]):
    """The rows of a queryset that depends on ids alone.

    Args:
        make: takes ids by name and answers the queryset; called once, with ids that stand for the later ones. It may
            filter by them and by constants, and nothing else about it may depend on them.
    """

    def __init__(self, make: Callable[..., QuerySet[M]]) -> None:
        self._make = make

    def first(self, **ids: UUID) -> M | None:
        """The first of the rows for these ids; None where there is none."""
        drawn = _drawn.get(self)
        if drawn is None:
            drawn = _drawn.setdefault(self, _draw(self._make, list(ids)))
        return next(iter(ModelIterable(drawn.filled(ids))), None)


@dataclass(frozen=True)
class _Drawn:
    """A compiler that has written its SQL, and where the ids stand among its values."""

    compiler: SQLCompiler
    sql: str
    values: tuple[Any, ...]
    names: tuple[str | None, ...]  # of each value: the id's name, None for a constant
    converters: dict[int, Any]  # what Django makes of some columns, by their place

    def filled(self, ids: dict[str, UUID]) -> Any:
        values = [ids[name] if name else value for name, value in zip(self.names, self.values, strict=True)]
        compiler = copy.copy(self.compiler)
        vars(compiler).update(
            connection=connections[DEFAULT_DB_ALIAS],  # this thread's
            as_sql=lambda *args, **kwargs: (self.sql, values),  # it is written
            get_converters=lambda columns: self.converters,  # always these columns
        )
        return _Filled(compiler)


class _Filled:
    """What `ModelIterable` asks of a queryset."""

    db = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = {}  # read by Django, never written

    def __init__(self, compiler: SQLCompiler) -> None:
        self._compiler = compiler
        self.query = self

    def get_compiler(self, using: str) -> SQLCompiler:
        return self._compiler


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` of a model without parents, signals and defaults of the database's."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = row._meta.concrete_fields
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(type(row)), values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@cache
def _insertion(model: type[Model]) -> str:
    columns = [Identifier(str(field.column)) for field in model._meta.concrete_fields]
    places = [Placeholder()] * len(columns)
    statement = SQL("INSERT INTO {} ({}) VALUES ({})").format(
        Identifier(model._meta.db_table), SQL(", ").join(columns), SQL(", ").join(places)
    )
    return statement.as_string(None)


def forget() -> None:
    """Write every SQL anew at its next use; for tests that change how querysets are filtered."""
    _drawn.clear()


def _draw(make: Callable[..., QuerySet[Any]], names: list[str]) -> _Drawn:
    stand_ins = {name: uuid4() for name in names}
    compiler = make(**stand_ins).query.get_compiler(using=DEFAULT_DB_ALIAS)
    sql, values = compiler.as_sql()
    meant = {value: name for name, value in stand_ins.items()}
    where = tuple(meant.get(value) if isinstance(value, UUID) else None for value in values)
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
    return _Drawn(compiler, sql, tuple(values), where, converters)
