"""How lists are filtered, without a form that nobody filled in.

Loaded by DRF while it loads its own views, so nothing here may import those.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

M = TypeVar("M", bound=Model)


class AskedFilters(DjangoFilterBackend):
    """The filters of a view, where the query names one of them: making and checking the form takes a millisecond."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: Any) -> QuerySet[M]:
        """As DRF calls it."""
        filters = self.get_filterset_class(view, queryset)
        if filters is None or not filters.base_filters.keys() & request.query_params.keys():
            return queryset
        filtered: QuerySet[M] = super().filter_queryset(request, queryset, view)
        return filtered
