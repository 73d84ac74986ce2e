"""App configuration of work."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Outbox, leases and relay."""

    name = "work"
    default_auto_field = "django.db.models.BigAutoField"
