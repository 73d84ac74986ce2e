"""App configuration of synthesis."""

from django.apps import AppConfig


class SynthesisConfig(AppConfig):
    """Fine-tunes and syntheses: jobs, and the gate that lets a sound out."""

    name = "synthesis"
    default_auto_field = "django.db.models.BigAutoField"
