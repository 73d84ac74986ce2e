"""App configuration of isolation."""

from django.apps import AppConfig


class IsolationConfig(AppConfig):
    """Holds the first migration: what the app role may do with every table made after it."""

    name = "isolation"
    default_auto_field = "django.db.models.BigAutoField"
