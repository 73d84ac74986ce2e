"""App configuration of storage."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Object store, key store and the door for direct uploads; it has no tables."""

    name = "storage"
