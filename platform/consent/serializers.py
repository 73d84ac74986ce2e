"""Shapes of consents."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import django_filters
from rest_framework import serializers

from consent.models import STATES, Challenge, Consent, Evidence, Receipt
from consent.terms import CHANNELS, CONTENT_CLASSES, PURPOSES, RECIPIENTS


class TermsIn(serializers.Serializer[Any]):
    """What the speaker allows. ``consent.terms`` checks it as a whole."""

    purposes = serializers.ListField(child=serializers.ChoiceField(choices=PURPOSES), min_length=1)
    channels = serializers.ListField(child=serializers.ChoiceField(choices=CHANNELS), min_length=1)
    languages = serializers.ListField(
        child=serializers.CharField(max_length=20), min_length=1, help_text="BCP 47 or *."
    )
    territories = serializers.ListField(
        child=serializers.CharField(max_length=2), min_length=1, help_text="ISO 3166-1 alpha-2, or *."
    )
    content_class = serializers.ChoiceField(choices=CONTENT_CLASSES)
    recipients = serializers.ListField(child=serializers.ChoiceField(choices=RECIPIENTS), min_length=1)
    may_finetune = serializers.BooleanField()
    may_export = serializers.BooleanField()
    valid_from = serializers.CharField(max_length=40, help_text="RFC 3339.")
    valid_until = serializers.CharField(max_length=40, allow_null=True, help_text="RFC 3339, or null for own use.")


class ConsentIn(serializers.Serializer[Any]):
    """A consent to be drafted."""

    speaker = serializers.UUIDField()
    terms = TermsIn()
    locale = serializers.CharField(max_length=8, default="en")
    supersedes = serializers.UUIDField(required=False, allow_null=True, default=None)


class ConsentOut(serializers.ModelSerializer[Consent]):
    """A consent."""

    speaker = serializers.UUIDField(source="speaker_id", read_only=True)
    supersedes = serializers.UUIDField(source="supersedes_id", read_only=True, allow_null=True)
    approved_by = serializers.UUIDField(source="approved_by_id", read_only=True, allow_null=True)
    terms = serializers.JSONField(read_only=True)

    class Meta:
        model = Consent
        fields: ClassVar[list[str]] = [
            "id", "speaker", "version", "state", "terms", "terms_sha256", "text_locale", "text_version", "text_sha256",
            "valid_from", "valid_until", "supersedes", "approved_by", "approved_at", "refusal", "ended_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ConsentFilter(django_filters.FilterSet):
    """Which consents a list shows."""

    state = django_filters.ChoiceFilter(choices=STATES)
    speaker = django_filters.UUIDFilter(field_name="speaker_id")


class TextOut(serializers.Serializer[Any]):
    """One version of the text that speakers agree to."""

    locale = serializers.CharField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    sha256 = serializers.CharField()


class ChallengeOut(serializers.ModelSerializer[Challenge]):
    """A phrase to be read aloud before it runs out."""

    class Meta:
        model = Challenge
        fields: ClassVar[list[str]] = ["id", "phrase", "locale", "bits", "expires_at"]
        read_only_fields = fields


class EvidenceIn(serializers.Serializer[Any]):
    """What was spoken."""

    challenge = serializers.UUIDField()
    clip = serializers.FileField(help_text="WAV, FLAC, MP3 or Ogg; up to a minute.")


class EvidenceOut(serializers.ModelSerializer[Evidence]):
    """What the automatic checks made of it. They can only refuse."""

    challenge = serializers.UUIDField(source="challenge_id", read_only=True)
    findings = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = Evidence
        fields: ClassVar[list[str]] = ["id", "challenge", "state", "outcome", "findings", "problem_code", "created_at"]
        read_only_fields = fields


class RefusalIn(serializers.Serializer[Any]):
    """Why the officer says no."""

    reason = serializers.SlugField(max_length=40)


class ReceiptOut(serializers.ModelSerializer[Receipt]):
    """A signed statement; check it with ``python -m consent.receipts verify``."""

    document = serializers.SerializerMethodField()

    class Meta:
        model = Receipt
        fields: ClassVar[list[str]] = ["kind", "document", "signature", "created_at"]
        read_only_fields = fields

    def get_document(self, row: Receipt) -> dict[str, Any]:
        """The document that was signed, in its one spelling."""
        document: dict[str, Any] = json.loads(row.document)
        return document


class ReceiptBundle(serializers.Serializer[Any]):
    """A receipt as the speaker keeps it."""

    document = serializers.DictField()
    key = serializers.CharField()
    signature = serializers.CharField()


class OwnPage(serializers.Serializer[Any]):
    """What the speaker sees: what is allowed, what was made."""

    speaker = serializers.UUIDField()
    consents = ConsentOut(many=True)
    uses = serializers.ListField(child=serializers.DictField())
