"""App configuration of tenants."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants, members, keys, quotas."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
