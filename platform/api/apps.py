"""App configuration of api."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Holds the idempotency records."""

    name = "api"
    default_auto_field = "django.db.models.BigAutoField"
