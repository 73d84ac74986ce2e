"""Routes of recordings and voices."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
