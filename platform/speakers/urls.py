"""Routes of speakers."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
