"""App configuration of watermark."""

from django.apps import AppConfig


class WatermarkConfig(AppConfig):
    """Marks given to sounds, and the verifications that find them again."""

    name = "watermark"
    default_auto_field = "django.db.models.BigAutoField"
