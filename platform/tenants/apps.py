"""App configuration of tenants."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants, members, keys, quotas."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what the OpenAPI document says of authentication."""
        from tenants import schema  # noqa: F401  # importing registers, and needs the apps loaded
