"""How rows are shown, without making their serializer anew.

A serializer that answers for a model works out its fields from it each time one is made, which takes longer than
showing a row. The fields of one kind are the same for every row, and showing changes nothing in them, so one of each
kind is made in a process and shows every row. For kinds that need no context (a request, a view).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.db.models import Model
from rest_framework import generics
from rest_framework.fields import Field, empty
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

M = TypeVar("M", bound=Model)


def shown(kind: type[Serializer[Any]], row: Model) -> dict[str, Any]:
    """`kind(row).data`, of a serializer that shows what a model's row has."""
    read = ((name, take(row), tell) for name, take, tell in _parts(kind))
    return {name: None if value is None else tell(value) for name, value, tell in read}


def checked(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated data of `kind(data=data)`, of a serializer that looks at nothing but what it is given.

    Raises:
        ValidationError: as `is_valid(raise_exception=True)`.
    """
    found: dict[str, Any] = _made(kind).run_validation(data)
    return found


@cache
def _made(kind: type[Serializer[Any]]) -> Serializer[Any]:
    return kind()


@cache
def _parts(kind: type[Serializer[Any]]) -> list[tuple[str, Callable[[Model], Any], Callable[[Any], Any]]]:
    """Of each field: its name, how its value is taken from a row, and how that is told."""
    return [(str(field.field_name), _taken(field), field.to_representation) for field in _made(kind)._readable_fields]


def _taken(field: Field[Any, Any, Any, Any]) -> Callable[[Model], Any]:
    """DRF's way goes through mappings, methods and defaults, none of which a row's own column is."""
    plain = type(field).get_attribute is Field.get_attribute and field.default is empty
    if plain and len(field.source_attrs) == 1 and field.source_attrs[0] in _columns(field):
        return attrgetter(field.source_attrs[0])
    return field.get_attribute


def _columns(field: Field[Any, Any, Any, Any]) -> frozenset[str]:
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    return frozenset(column.attname for column in model._meta.concrete_fields) if model else frozenset()


class ShownList(generics.ListAPIView[M]):
    """A list whose rows are `shown`, a page at a time."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page, filtered as the view says."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        kind = cast(type[Serializer[Any]], self.get_serializer_class())
        return self.get_paginated_response([shown(kind, row) for row in page])
