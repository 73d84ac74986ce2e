"""App configuration of erasure."""

from django.apps import AppConfig


class ErasureConfig(AppConfig):
    """Erasures, their steps and certificates."""

    name = "erasure"
    default_auto_field = "django.db.models.BigAutoField"
