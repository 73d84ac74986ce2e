"""App configuration of config."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Start-up checks and commands that know every part."""

    name = "config"

    def ready(self) -> None:
        """Register the deployment checks."""
        from config import checks  # noqa: F401  # importing registers them, and needs the apps loaded
