"""A page per problem code: what the type URI of every problem answers with."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from problems.errors import registry


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """All codes, sorted by status and name."""
    kinds = sorted(registry().values(), key=lambda kind: (kind.status, kind.code))
    return render(request, "problems/list.html", {"kinds": kinds})


@require_safe
def problem_detail(request: HttpRequest, code: str) -> HttpResponse:
    """What one code means."""
    kind = registry().get(code)
    if kind is None:
        raise Http404
    return render(request, "problems/detail.html", {"kind": kind})
