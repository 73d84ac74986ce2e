"""Consent, the challenges and spoken evidence before it, the receipts after it.

The rules that matter stand in the database as well (migration 0002): the moves between states, no
`active` without an enabled consent officer of the same tenant, terms that no longer change once
somebody has spoken to them, a challenge that is used once.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from consent.states import State
from isolation.models import TenantRow
from work.models import Job

CHECK_TASK = "consent.check"  # the queue's name for listening to evidence
EVIDENCE = "consent-evidence"  # what the sealed sound is, as a purpose and as a place in the store
STATES = [(state.value, state.value) for state in State]


class Consent(TenantRow):
    """One version of what one speaker allows one tenant.

    `terms` is the canonical document of ``consent.terms``; dates stand beside it for the database's own
    comparison. `ended_by` names an actor by kind and random id. Rows are never deleted: they hold codes,
    ids and digests, and a mark in a sound has to find them for ever.
    """

    speaker = models.ForeignKey(
        "speakers.Speaker", on_delete=models.PROTECT, db_constraint=False, related_name="consents"
    )
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=STATES, default=State.DRAFT.value)
    terms = models.JSONField()
    terms_sha256 = models.CharField(max_length=64)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    text_locale = models.CharField(max_length=8)
    text_version = models.PositiveSmallIntegerField()
    text_sha256 = models.CharField(max_length=64)
    supersedes = models.ForeignKey(
        "self", on_delete=models.PROTECT, db_constraint=False, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        "tenants.Member", on_delete=models.PROTECT, db_constraint=False, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=40, default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=60, default="", blank=True)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "speaker", "version"], name="consent_consent_version_key"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["active", "withdrawn", "expired", "superseded"])
                | models.Q(approved_by__isnull=False, approved_at__isnull=False),
                name="consent_consent_approved_by_a_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["refused", "withdrawn", "expired", "superseded"])
                | models.Q(ended_at__isnull=False),
                name="consent_consent_ended_at",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in State]), name="consent_consent_state"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=models.F("valid_from")),
                name="consent_consent_dates",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at"], name="consent_consent_new"),
            models.Index(fields=["state", "valid_until"], name="consent_consent_due"),
        ]


class Challenge(TenantRow):
    """A phrase that is to be spoken once, soon. Used by one UPDATE that only one caller can win."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, db_constraint=False, related_name="challenges")
    phrase = models.CharField(max_length=400)
    locale = models.CharField(max_length=8)
    bits = models.FloatField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "consent"], name="consent_challenge_of")
        ]


class Outcome(models.TextChoices):
    """What the automatic checks said together. They can refuse; a pass goes on to a person."""

    OPEN = ""
    PASSED = "passed"
    REFUSED = "refused"


class Evidence(Job):
    """What was spoken to a challenge: a sealed object, and what the checks found in it.

    `object_key` is empty once the person was erased. `findings` hold verdicts, numbers and words of the
    challenge; nothing about the person.
    """

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, db_constraint=False, related_name="evidence")
    challenge = models.OneToOneField(Challenge, on_delete=models.PROTECT, db_constraint=False, related_name="evidence")
    object_key = models.CharField(max_length=200, default="", blank=True)
    length_s = models.FloatField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    findings = models.JSONField(default=list)

    class Meta(Job.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "consent"], name="consent_evidence_of")
        ]


class ReceiptKind(models.TextChoices):
    """What a receipt attests."""

    GIVEN = "given"
    ENDED = "ended"


class Receipt(TenantRow):
    """A signed statement for the speaker, written in the transaction of the act it attests.

    `document` is kept as the bytes that were signed; ids, codes and digests only.
    """

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, db_constraint=False, related_name="receipts")
    kind = models.CharField(max_length=6, choices=ReceiptKind.choices)
    document = models.TextField()
    signature = models.CharField(max_length=100)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "consent", "kind"], name="consent_receipt_once"),
        ]


class PhraseList(TenantRow):
    """The sentences a demonstration tenant draws its challenges from: those of its shipped recordings.

    The only difference between a demonstration and production; refused for any other tenant.
    """

    locale = models.CharField(max_length=8, default="en")
    sentences = ArrayField(models.CharField(max_length=400))

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id"], name="consent_phraselist_one"),
        ]
