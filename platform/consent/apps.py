"""App configuration of consent."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """Consents, their challenges, evidence and receipts."""

    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"
