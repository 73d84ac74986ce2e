"""Shapes of the consent API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from consent.models import STATES, Challenge, Consent, Evidence
from consent.terms import CHANNELS, CONTENT_CLASSES, PURPOSES, RECIPIENTS

REFUSALS = ("not_the_person", "not_free", "not_understood", "phrase_not_said", "recording_unusable", "terms_unclear")


class TermsShape(serializers.Serializer[Any]):
    """What is allowed. Members beyond these are refused."""

    purposes = serializers.ListField(child=serializers.ChoiceField(choices=PURPOSES), min_length=1)
    channels = serializers.ListField(child=serializers.ChoiceField(choices=CHANNELS), min_length=1)
    languages = serializers.ListField(
        child=serializers.CharField(max_length=20), min_length=1, help_text='BCP 47 tags, or "*" alone.'
    )
    territories = serializers.ListField(
        child=serializers.CharField(max_length=2), min_length=1, help_text='ISO 3166-1 alpha-2, or "*" alone.'
    )
    content_class = serializers.ChoiceField(choices=CONTENT_CLASSES)
    recipients = serializers.ListField(child=serializers.ChoiceField(choices=RECIPIENTS), min_length=1)
    may_finetune = serializers.BooleanField()
    may_export = serializers.BooleanField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(
        allow_null=True, help_text="Null only where the one purpose is personal_aac."
    )


class ConsentIn(serializers.Serializer[Any]):
    """A consent to be asked for."""

    speaker = serializers.UUIDField()
    terms = TermsShape()
    locale = serializers.CharField(max_length=8, help_text="The language of the consent text.")
    supersedes = serializers.UUIDField(required=False, allow_null=True, default=None)


class TextRef(serializers.Serializer[Any]):
    """Which consent text was shown."""

    locale = serializers.CharField(source="text_locale")
    version = serializers.IntegerField(source="text_version")
    sha256 = serializers.CharField(source="text_sha256")


class ConsentOut(serializers.ModelSerializer[Consent]):
    """One version of what one speaker allows."""

    speaker = serializers.UUIDField(source="speaker_id")
    state = serializers.ChoiceField(choices=STATES)
    terms = serializers.JSONField()
    text = TextRef(source="*")
    supersedes = serializers.UUIDField(source="supersedes_id", allow_null=True)
    approved_by = serializers.UUIDField(source="approved_by_id", allow_null=True)

    class Meta:
        model = Consent
        fields = (
            "id",
            "speaker",
            "version",
            "state",
            "terms",
            "terms_sha256",
            "valid_from",
            "valid_until",
            "text",
            "supersedes",
            "approved_by",
            "approved_at",
            "refusal",
            "ended_at",
            "ended_by",
            "created_at",
        )


class ChallengeOut(serializers.ModelSerializer[Challenge]):
    """A sentence to read aloud, and until when."""

    class Meta:
        model = Challenge
        fields = ("id", "phrase", "locale", "bits", "created_at", "expires_at")


class EvidenceIn(serializers.Serializer[Any]):
    """What was spoken to a challenge."""

    challenge = serializers.UUIDField()
    recording = serializers.FileField(help_text="WAV, FLAC, Ogg or MP3; 1 to 60 seconds, 10 MiB at most.")


class EvidenceOut(serializers.ModelSerializer[Evidence]):
    """What the automatic checks found. `passed` means that an officer may now decide."""

    challenge = serializers.UUIDField(source="challenge_id")
    phrase = serializers.CharField(source="challenge.phrase")
    findings = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = Evidence
        fields = ("id", "challenge", "phrase", "state", "outcome", "findings", "length_s", "problem_code", "created_at")


class RefusalIn(serializers.Serializer[Any]):
    """Why an officer says no, in a word."""

    reason = serializers.ChoiceField(choices=REFUSALS)


class ConsentTextOut(serializers.Serializer[Any]):
    """A consent text."""

    locale = serializers.CharField()
    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    body = serializers.CharField()


class ReceiptOut(serializers.Serializer[Any]):
    """A signed receipt; check it with `python -m consent.receipts verify`."""

    document = serializers.DictField()
    key = serializers.CharField()
    signature = serializers.CharField()


class ReceiptKeyOut(serializers.Serializer[Any]):
    """The key that receipts are signed with."""

    algorithm = serializers.CharField()
    key = serializers.CharField(help_text="32 bytes, base64.")
