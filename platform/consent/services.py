"""Draft, challenge, evidence, decision, withdrawal, expiry. The question every use has to ask is in ``gate.py``.

Each function is one transaction with its line in the log. Order of locks, everywhere: the consent's
row before anything that hangs on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from audio.decode import decode
from audio.errors import AudioTooShort
from audio.headers import Limits
from consent import phrases
from consent.ending import consent_end, note, receipt_write
from consent.errors import (
    ChallengesExhausted,
    ChallengeUsed,
    ConsentStateWrong,
    OfficerNeeded,
    PhraseListRefused,
)
from consent.gate import consent_require
from consent.models import Challenge, Consent, Evidence, PhraseList, ReceiptKind
from consent.selectors import EVIDENCE_PURPOSE, consent_get, evidence_prefix, phrase_list
from consent.states import State
from consent.terms import parse
from consent.wording import text_for
from erasure.ledger import ledger_note
from isolation.scope import database_now
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import Speaker, SpeakerState
from speakers.selectors import speaker_get
from storage import sealing
from storage.objects import object_store
from tenants.actor import Actor, Role, Scope, system
from tenants.models import Member, Tenant
from work.leases import CLOCK, enqueue

__all__ = ["consent_require"]  # part of what other packages call here, as every name below

CHALLENGE_LIFE_S = 120
CHALLENGES_PER_HOUR = 10
EVIDENCE_LIMITS = Limits(file_bytes=10 * 1024 * 1024, length_s=60.0, samples=60 * 48_000 * 2)
EVIDENCE_LEAST_S = 1.0
EVIDENCE_TASK = "consent.check_evidence"
WITHDRAWAL = "withdrawal"  # the kind of the ledger's note
_SPEAKER_SAID_NO = "declined_by_speaker"


@transaction.atomic
def consent_draft(
    *, actor: Actor, speaker_id: UUID, terms: Mapping[str, Any], locale: str, supersedes: UUID | None = None
) -> Consent:
    """Write down what a speaker is to be asked for. Nothing may be made under a draft.

    Args:
        locale: of the consent text; the newest version is what the speaker will read.
        supersedes: an active consent of the same speaker that this one replaces once it is approved.

    Raises:
        NotFound, SpeakerErased, TermsInvalid, LocaleUnknown.
        ConsentStateWrong: the consent to be replaced is not active.
    """
    speaker = speaker_get(actor, speaker_id)
    wanted, text = parse(terms), text_for(locale)
    Speaker.objects.select_for_update().get(pk=speaker.pk)  # numbers the versions one after the other
    if supersedes is not None:
        _require_replaceable(consent_get(actor, supersedes), speaker)
    last = Consent.objects.filter(tenant_id=actor.tenant_id, speaker=speaker).aggregate(last=Max("version"))["last"]
    consent = Consent.objects.create(
        tenant_id=actor.tenant_id,
        speaker=speaker,
        version=(last or 0) + 1,
        terms=wanted.document(),
        terms_sha256=wanted.sha256(),
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        text_locale=text.locale,
        text_version=text.version,
        text_sha256=text.sha256,
        supersedes_id=supersedes,
    )
    note(consent, "consent.drafted", actor=actor.label)
    return consent


def _require_replaceable(old: Consent, speaker: Speaker) -> None:
    if old.speaker_id != speaker.pk:
        raise NotFound
    if old.state != State.ACTIVE:
        raise ConsentStateWrong(state=old.state)


@transaction.atomic
def challenge_issue(*, actor: Actor, consent_id: UUID) -> Challenge:
    """A fresh sentence to be read aloud within CHALLENGE_LIFE_S by the database's clock.

    It takes the place of any earlier one of the same consent that was not used.

    Raises:
        NotFound, SpeakerErased. ConsentStateWrong: the consent is no draft any more.
        ChallengesExhausted: more than CHALLENGES_PER_HOUR.
    """
    consent = _locked(actor, consent_id, State.DRAFT)
    recent = consent.challenges.filter(created_at__gt=CLOCK - timedelta(hours=1)).count()
    if recent >= CHALLENGES_PER_HOUR:
        raise ChallengesExhausted(limit=CHALLENGES_PER_HOUR)
    consent.challenges.filter(consumed_at=None).update(consumed_at=CLOCK)
    given = phrase_list(actor.tenant_id)
    phrase = (
        phrases.draw_from(given.sentences, given.locale)
        if given is not None and given.locale == consent.text_locale
        else phrases.draw(consent.text_locale)
    )
    challenge = Challenge.objects.create(
        tenant_id=actor.tenant_id,
        consent=consent,
        phrase=phrase.text,
        locale=phrase.locale,
        bits=phrase.bits,
        expires_at=database_now() + timedelta(seconds=CHALLENGE_LIFE_S),
    )
    note(consent, "consent.challenge_issued", actor=actor.label, challenge=str(challenge.pk), bits=phrase.bits)
    return challenge


@transaction.atomic
def evidence_submit(*, actor: Actor, consent_id: UUID, challenge_id: UUID, data: bytes) -> Evidence:
    """Take what was spoken to a challenge; the checks follow as a job.

    The file is decoded once here, in the confined decoder, so that a broken one is refused at once and
    leaves the challenge as it was. The challenge is used up in this transaction, whatever the checks
    will say.

    Raises:
        NotFound, SpeakerErased. ConsentStateWrong: no draft any more.
        ChallengeUsed: used, run out, replaced, or of another consent.
        Audio...: not a sound file that we read, or too short or long for one sentence.
    """
    consent = _locked(actor, consent_id, State.DRAFT)
    clip = decode(data, EVIDENCE_LIMITS)
    if clip.length_s < EVIDENCE_LEAST_S:
        raise AudioTooShort(least_s=EVIDENCE_LEAST_S)
    _challenge_consume(consent, challenge_id)
    evidence = Evidence(
        tenant_id=actor.tenant_id, consent=consent, challenge_id=challenge_id, length_s=round(clip.length_s, 2)
    )
    evidence.object_key = f"{evidence_prefix(actor.tenant_id, consent.speaker_id)}{evidence.pk.hex}"
    sealed = sealing.seal_bytes(
        tenant_id=actor.tenant_id,
        handle=consent.speaker.key_handle,
        purpose=EVIDENCE_PURPOSE,
        object_id=evidence.pk,
        data=data,
    )
    # A crash after the put leaves sealed bytes that no row names; an erasure looks by the speaker's prefix.
    object_store().put(evidence.object_key, sealed)
    evidence.save(force_insert=True)
    enqueue(tenant_id=actor.tenant_id, task=EVIDENCE_TASK, object_id=evidence.pk)
    note(consent, "consent.evidence_submitted", actor=actor.label, challenge=str(challenge_id))
    return evidence


def _challenge_consume(consent: Consent, challenge_id: UUID) -> None:
    # One statement looks and writes: of two callers one gets the row, the other none. No look before it.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE consent_challenge SET consumed_at = clock_timestamp()
            WHERE tenant_id = %s AND consent_id = %s AND id = %s
              AND consumed_at IS NULL AND clock_timestamp() < expires_at
            RETURNING id
            """,
            [consent.tenant_id, consent.pk, challenge_id],
        )
        if cursor.fetchone() is None:
            raise ChallengeUsed(challenge=str(challenge_id))


@transaction.atomic
def consent_approve(*, actor: Actor, consent_id: UUID) -> Consent:
    """A named consent officer has listened and says yes: the consent becomes active.

    The database checks the officer again (trigger consent_guard). A consent that this one replaces ends
    in the same transaction.

    Raises:
        NotFound, SpeakerErased. OfficerNeeded: anybody but a signed-in consent officer.
        ConsentStateWrong: not pending.
    """
    officer = _officer(actor)
    consent = _locked(actor, consent_id, State.PENDING)
    consent.state = State.ACTIVE.value
    consent.approved_by_id, consent.approved_at = officer, database_now()
    consent.save(update_fields=["state", "approved_by", "approved_at"])
    entry = note(consent, "consent.approved", actor=actor.label)
    receipt_write(consent, ReceiptKind.GIVEN, event="consent.approved", entry=entry)
    if consent.supersedes_id is not None:
        old = Consent.objects.select_for_update().select_related("speaker").get(pk=consent.supersedes_id)
        if old.state == State.ACTIVE:
            consent_end(old, State.SUPERSEDED, ended_by=actor.label)
    return consent


@transaction.atomic
def consent_refuse(*, actor: Actor, consent_id: UUID, reason: str) -> Consent:
    """A named consent officer says no.

    Args:
        reason: a word of ``serializers.REFUSALS``; free text could be about the person.

    Raises:
        NotFound. OfficerNeeded. ConsentStateWrong: not pending.
    """
    _officer(actor)
    return _refuse(_locked(actor, consent_id, State.PENDING), reason, actor.label)


@transaction.atomic
def consent_withdraw(*, actor: Actor, consent_id: UUID) -> Consent:
    """Take a consent back, by the tenant or by the speaker's own link; once is enough, again changes nothing.

    Before it is active, the speaker's withdrawal is a refusal. From the commit on no release succeeds:
    the row is locked FOR UPDATE here and FOR SHARE there.

    Raises:
        NotFound: not this actor's. ConsentStateWrong: nothing to take back (a draft, or ended otherwise).
    """
    consent = _row(actor, consent_id)
    if consent.state == State.WITHDRAWN:
        return consent
    if consent.state not in (State.PENDING, State.ACTIVE):
        raise ConsentStateWrong(state=consent.state)
    # Outside the database and before the commit: a backup from before this moment must not bring it back.
    ledger_note(kind=WITHDRAWAL, tenant_id=consent.tenant_id, object_id=consent.pk)
    return _take_back(consent, actor.label)


def withdrawal_replay(*, tenant_id: UUID, object_id: UUID) -> None:
    """Make a withdrawal true again after a restore; answers settings.LEDGER_REPLAYS. Safe to repeat.

    A consent that is not in the backup, or ended in it, needs nothing; a draft in it cannot become
    active without somebody speaking anew.
    """
    rows = Consent.objects.select_for_update(of=("self",)).select_related("speaker")
    consent = rows.filter(tenant_id=tenant_id, pk=object_id, state__in=[State.PENDING, State.ACTIVE]).first()
    if consent is not None:
        _take_back(consent, "restore")


def _take_back(consent: Consent, ended_by: str) -> Consent:
    if consent.state == State.PENDING:
        return _refuse(consent, _SPEAKER_SAID_NO, ended_by)
    consent_end(consent, State.WITHDRAWN, ended_by=ended_by)
    return consent


def consent_expire(*, tenant_id: UUID) -> int:
    """Write down which consents have run out; called for every tenant by the sweep.

    No gate waits for it: the dates are compared wherever a consent is used.

    Returns:
        How many ended now.
    """
    with transaction.atomic():
        due = Consent.objects.select_for_update(skip_locked=True, of=("self",)).select_related("speaker")
        rows = list(due.filter(tenant_id=tenant_id, state=State.ACTIVE, valid_until__lte=CLOCK)[:100])
        for consent in rows:
            consent_end(consent, State.EXPIRED, ended_by=system(tenant_id).label)
    return len(rows)


@transaction.atomic
def phrase_list_set(*, tenant_id: UUID, sentences: Sequence[str], locale: str = "en") -> PhraseList:
    """Let a demonstration draw its challenges from the sentences of its recordings.

    Raises:
        PhraseListRefused: any tenant that is not a demonstration, or fewer than two sentences.
    """
    if not Tenant.objects.filter(pk=tenant_id, is_demo=True).exists() or len(set(sentences)) < 2:
        raise PhraseListRefused
    found, _ = PhraseList.objects.update_or_create(
        tenant_id=tenant_id, defaults={"sentences": sorted(set(sentences)), "locale": locale}
    )
    return found


def _row(actor: Actor, consent_id: UUID) -> Consent:
    """The consent's row, locked FOR UPDATE."""
    consent_get(actor, consent_id)
    return Consent.objects.select_for_update(of=("self",)).select_related("speaker").get(pk=consent_id)


def _locked(actor: Actor, consent_id: UUID, state: State) -> Consent:
    consent = _row(actor, consent_id)
    if consent.speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased(speaker=str(consent.speaker_id))
    if consent.state != state:
        raise ConsentStateWrong(state=consent.state, needed=str(state))
    return consent


def _officer(actor: Actor) -> UUID:
    named = actor.is_person and actor.role is Role.CONSENT_OFFICER and actor.may(Scope.CONSENTS_APPROVE)
    if not named or actor.id is None:
        raise OfficerNeeded
    # Held to the end: an officer who is disabled or given another role at this moment has decided before, or not.
    rows = Member.objects.select_for_update(no_key=True).filter(tenant_id=actor.tenant_id, pk=actor.id)
    if rows.filter(role=Role.CONSENT_OFFICER.value, disabled_at=None).first() is None:
        raise OfficerNeeded
    return actor.id


def _refuse(consent: Consent, reason: str, ended_by: str) -> Consent:
    consent.state, consent.refusal = State.REFUSED.value, reason
    consent.ended_at, consent.ended_by = database_now(), ended_by
    consent.save(update_fields=["state", "refusal", "ended_at", "ended_by"])
    note(consent, "consent.refused", actor=ended_by, reason=reason)
    return consent
