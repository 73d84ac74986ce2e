"""App configuration of speakers."""

from django.apps import AppConfig


class SpeakersConfig(AppConfig):
    """Holds the people and the digests of their links."""

    name = "speakers"
    default_auto_field = "django.db.models.BigAutoField"
