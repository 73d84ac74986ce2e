"""Doors of the tenant to consents. The speaker's own doors stand in ``consent.own``."""

from __future__ import annotations

import base64
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.throttles import StrangerThrottle
from audio.headers import sniff
from consent import services
from consent.ending import note
from consent.models import STATES, Consent
from consent.selectors import (
    consent_get,
    consent_list,
    evidence_latest,
    evidence_open,
    receipt_get,
    receipt_public_key,
)
from consent.serializers import (
    ChallengeOut,
    ConsentIn,
    ConsentOut,
    ConsentTextOut,
    EvidenceIn,
    EvidenceOut,
    ReceiptKeyOut,
    ReceiptOut,
    RefusalIn,
)
from consent.wording import text_for, texts
from tenants.actor import Scope
from tenants.scoped import ScopedView

MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg-opus": "audio/ogg",
    "ogg-vorbis": "audio/ogg",
    "mp3": "audio/mpeg",
}


class OpenView(APIView):
    """Open to anybody: nothing here is anybody's."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)


class ConsentTextListView(OpenView):
    """The consent texts."""

    @extend_schema(operation_id="consent_texts_list", responses=ConsentTextOut(many=True))
    def get(self, request: Request) -> Response:
        """Every version of every language, the newest of each first."""
        return Response(ConsentTextOut(texts(), many=True).data)


class ConsentTextView(OpenView):
    """The newest consent text of one language."""

    @extend_schema(operation_id="consent_texts_retrieve", responses=ConsentTextOut)
    def get(self, request: Request, locale: str) -> Response:
        """Read it as the speaker does."""
        return Response(ConsentTextOut(text_for(locale)).data)


class ReceiptKeyView(OpenView):
    """The public key of receipts."""

    @extend_schema(operation_id="receipt_key", responses=ReceiptKeyOut)
    def get(self, request: Request) -> Response:
        """Keep it: with it a receipt is checked without us."""
        key = base64.b64encode(receipt_public_key()).decode()
        return Response({"algorithm": "Ed25519", "key": key})


class ConsentFilter(filters.FilterSet):
    """Which consents to list; a speaker of somebody else's simply has none."""

    speaker = filters.UUIDFilter(field_name="speaker_id")
    state = filters.ChoiceFilter(choices=STATES)

    class Meta:
        model = Consent
        fields = ("speaker", "state")


class ConsentListView(ScopedView, generics.GenericAPIView[Consent]):
    """The tenant's consents."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.CONSENTS_READ, "POST": Scope.CONSENTS_WRITE}
    serializer_class = ConsentOut
    filterset_class = ConsentFilter
    queryset = Consent.objects.none()

    @extend_schema(operation_id="consents_list", responses=ConsentOut(many=True))
    def get(self, request: Request) -> Response:
        """List the consents, newest first."""
        page = self.paginate_queryset(self.filter_queryset(consent_list(self.actor)))
        return self.get_paginated_response(ConsentOut(page, many=True).data)

    @extend_schema(operation_id="consents_create", request=ConsentIn, responses={201: ConsentOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Write down what a speaker is to be asked for."""
        shape = ConsentIn(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        consent = services.consent_draft(
            actor=self.actor,
            speaker_id=given["speaker"],
            terms=shape.initial_data["terms"],  # as it was sent: unknown members are refused there, dropped here
            locale=given["locale"],
            supersedes=given["supersedes"],
        )
        return _answer(consent, 201)


class ConsentView(ScopedView):
    """One consent."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.CONSENTS_READ}

    @extend_schema(operation_id="consents_retrieve", responses=ConsentOut)
    def get(self, request: Request, consent_id: UUID) -> Response:
        """Read it, whatever its state."""
        return Response(ConsentOut(consent_get(self.actor, consent_id)).data)


class ChallengeView(ScopedView):
    """The sentence to read aloud."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.CONSENTS_WRITE}

    @extend_schema(operation_id="consents_challenge", request=None, responses={201: ChallengeOut})
    @idempotent
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Draw a fresh sentence; it takes the place of one that was not used."""
        challenge = services.challenge_issue(actor=self.actor, consent_id=consent_id)
        return Response(ChallengeOut(challenge).data, status=201)


class EvidenceView(ScopedView):
    """What was spoken."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.CONSENTS_READ, "POST": Scope.CONSENTS_WRITE}
    parser_classes = (MultiPartParser,)

    @extend_schema(operation_id="consents_evidence", responses=EvidenceOut)
    def get(self, request: Request, consent_id: UUID) -> Response:
        """What the checks found in what was spoken last."""
        return Response(EvidenceOut(evidence_latest(consent_get(self.actor, consent_id))).data)

    @extend_schema(
        operation_id="consents_evidence_create",
        request={"multipart/form-data": EvidenceIn},
        responses={202: EvidenceOut},
    )
    @idempotent
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Hand in what was spoken; the checks follow, and uses the challenge up whatever they say."""
        shape = EvidenceIn(data=request.data)
        shape.is_valid(raise_exception=True)
        evidence = services.evidence_submit(
            actor=self.actor,
            consent_id=consent_id,
            challenge_id=shape.validated_data["challenge"],
            data=shape.validated_data["recording"].read(),
        )
        response = Response(EvidenceOut(evidence).data, status=202)
        response.headers["Location"] = f"/v1/consents/{consent_id}/evidence"
        return response


class EvidenceAudioView(ScopedView):
    """The sound itself, for the officer's ear."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.CONSENTS_APPROVE}

    @extend_schema(operation_id="consents_evidence_audio", responses={(200, "audio/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, consent_id: UUID) -> HttpResponse:
        """Listen to what was spoken last; that somebody listened is logged."""
        consent = consent_get(self.actor, consent_id)
        data = evidence_open(evidence_latest(consent), consent.speaker)
        note(consent, "consent.evidence_heard", actor=self.actor.label)
        return HttpResponse(data, content_type=MEDIA_TYPES[sniff(data)], headers={"Cache-Control": "no-store"})


class ApproveView(ScopedView):
    """The officer's yes."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.CONSENTS_APPROVE}

    @extend_schema(operation_id="consents_approve", request=None, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Approve; a signed-in consent officer only."""
        return _answer(services.consent_approve(actor=self.actor, consent_id=consent_id))


class RefuseView(ScopedView):
    """The officer's no."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.CONSENTS_APPROVE}

    @extend_schema(operation_id="consents_refuse", request=RefusalIn, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Refuse; a signed-in consent officer only."""
        shape = RefusalIn(data=request.data)
        shape.is_valid(raise_exception=True)
        reason: str = shape.validated_data["reason"]
        return _answer(services.consent_refuse(actor=self.actor, consent_id=consent_id, reason=reason))


class WithdrawView(ScopedView):
    """The tenant takes a consent back."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.CONSENTS_WRITE}

    @extend_schema(operation_id="consents_withdraw", request=None, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Withdraw; once is enough, and again is no error."""
        return _answer(services.consent_withdraw(actor=self.actor, consent_id=consent_id))


class ReceiptView(ScopedView):
    """The receipt."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.CONSENTS_READ}

    @extend_schema(operation_id="consents_receipt", responses=ReceiptOut)
    def get(self, request: Request, consent_id: UUID) -> Response:
        """The newest signed receipt of this consent."""
        receipt: dict[str, Any] = receipt_get(consent_get(self.actor, consent_id))
        return Response(receipt)


def _answer(consent: Consent, status: int = 200) -> Response:
    response = Response(ConsentOut(consent).data, status=status)
    if status == 201:
        response.headers["Location"] = f"/v1/consents/{consent.pk}"
    return response
