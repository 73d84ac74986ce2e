"""App configuration of voices."""

from django.apps import AppConfig


class VoicesConfig(AppConfig):
    """Uploads, recordings, voices and their versions."""

    name = "voices"
    default_auto_field = "django.db.models.BigAutoField"
