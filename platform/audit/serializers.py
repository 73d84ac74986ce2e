"""Shapes of the log's API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from audit import selectors
from audit.models import AuditDetail


class LogEntryOut(serializers.ModelSerializer[AuditDetail]):
    """An act of the tenant as the log holds it."""

    index = serializers.SerializerMethodField(help_text="Its place in the log; null until a checkpoint holds it.")
    detail = serializers.SerializerMethodField(help_text="The facts; null once the person they speak of was erased.")

    class Meta:
        model = AuditDetail
        fields = ("id", "event", "at", "actor", "object_id", "index", "detail")
        read_only_fields = fields

    def get_index(self, row: AuditDetail) -> int | None:
        """The place in the tree, looked up for the whole page at once."""
        places: dict[Any, int | None] = self.context["indices"]
        return places.get(row.pk)

    def get_detail(self, row: AuditDetail) -> dict[str, Any] | None:
        """What the act was about, opened with the owner's key."""
        facts = selectors.facts_of(row)
        return None if facts is None else facts["detail"]


class ConsistencyOut(serializers.Serializer[Any]):
    """That the log begins with an older one."""

    size = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField())


class DisclosureOut(serializers.Serializer[Any]):
    """The facts behind the commitment, and what opens it."""

    opening = serializers.CharField()
    facts = serializers.JSONField()


class BundleOut(serializers.Serializer[Any]):
    """A proof bundle: what `python -m audit.verify` checks offline."""

    version = serializers.IntegerField()
    entry = serializers.CharField(help_text="The entry's bytes, base64.")
    index = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField(), help_text="Sibling hashes up to the root, base64.")
    checkpoint = serializers.CharField(help_text="The signed head, a C2SP checkpoint.")
    consistency = ConsistencyOut(required=False)
    disclosure = DisclosureOut(required=False)


class ProofQuery(serializers.Serializer[Any]):
    """What may be asked of a proof."""

    since = serializers.IntegerField(
        required=False, min_value=0, help_text="Size of a head that you hold: adds a consistency proof from it."
    )
    disclose = serializers.BooleanField(
        required=False, default=False, help_text="Add the facts and what opens the commitment, to be handed on."
    )
