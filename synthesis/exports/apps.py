"""App configuration of exports."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Jobs that write a voice out, under the same gate as a sound."""

    name = "synthesis.exports"
    label = "exports"
    default_auto_field = "django.db.models.BigAutoField"
