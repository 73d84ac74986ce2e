"""Keyset pagination: stable under inserts, one shape for every list."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """``{"next": url|null, "previous": url|null, "results": [...]}``, newest first."""

    ordering = ("-created_at", "-id")
    page_size = 25
    page_size_query_param = "limit"
    max_page_size = 100
