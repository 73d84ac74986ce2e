"""App configuration of audit."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The log: entries, sequencer, proofs."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"
