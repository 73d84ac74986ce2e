"""App configuration of refusals."""

from django.apps import AppConfig


class RefusalsConfig(AppConfig):
    """The do-not-clone list."""

    name = "synthesis.refusals"
    label = "refusals"
    default_auto_field = "django.db.models.BigAutoField"
