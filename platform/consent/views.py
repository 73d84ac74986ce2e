"""Doors of consents, for the tenant."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
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
from audit.signing import signer_ensure
from consent import receipts, wording
from consent.errors import EvidenceMissing, ReceiptMissing
from consent.jobs import evidence_open
from consent.models import Consent
from consent.selectors import consent_get, consent_list, evidence_list, receipt_list
from consent.serializers import (
    ChallengeOut,
    ConsentFilter,
    ConsentIn,
    ConsentOut,
    EvidenceIn,
    EvidenceOut,
    ReceiptBundle,
    RefusalIn,
    TextOut,
)
from consent.services import (
    RECEIPT_KEY,
    challenge_issue,
    consent_approve,
    consent_draft,
    consent_refuse,
    consent_withdraw,
    evidence_submit,
)
from tenants.actor import Scope
from tenants.scoped import ScopedView


class TextsView(APIView):
    """The texts that speakers agree to; they are public."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (StrangerThrottle,)

    @extend_schema(responses=TextOut(many=True))
    def get(self, request: Request) -> Response:
        """Every version in every language."""
        return Response(TextOut(wording.wordings(), many=True).data)


class ConsentsView(ScopedView, generics.ListAPIView[Consent]):
    """The tenant's consents, and the door for a new draft."""

    scopes: ClassVar = {"GET": Scope.CONSENTS_READ, "POST": Scope.CONSENTS_WRITE}
    serializer_class = ConsentOut
    filterset_class = ConsentFilter

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Consent.objects.none()
        return consent_list(self.actor)

    @extend_schema(request=ConsentIn, responses={201: ConsentOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Write down terms that a speaker may agree to."""
        shape = ConsentIn(data=request.data)
        shape.is_valid(raise_exception=True)
        given = shape.validated_data
        consent = consent_draft(
            actor=self.actor,
            speaker_id=given["speaker"],
            terms=given["terms"],
            locale=given["locale"],
            supersedes_id=given["supersedes"],
        )
        return _about(consent, ConsentOut(consent).data, 201)


class ConsentView(ScopedView):
    """One consent."""

    scopes: ClassVar = {"GET": Scope.CONSENTS_READ}

    @extend_schema(responses=ConsentOut)
    def get(self, request: Request, consent_id: UUID) -> Response:
        """Where it stands."""
        return Response(ConsentOut(consent_get(self.actor, consent_id)).data)


class ChallengeView(ScopedView):
    """Challenges of one consent."""

    scopes: ClassVar = {"POST": Scope.CONSENTS_WRITE}

    @extend_schema(request=None, responses={201: ChallengeOut})
    def post(self, request: Request, consent_id: UUID) -> Response:
        """A fresh phrase to be read aloud, once, soon."""
        return Response(ChallengeOut(challenge_issue(actor=self.actor, consent_id=consent_id)).data, status=201)


class EvidenceView(ScopedView):
    """What was spoken to the challenges of one consent."""

    scopes: ClassVar = {"GET": Scope.CONSENTS_READ, "POST": Scope.CONSENTS_WRITE}
    parser_classes = (MultiPartParser,)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Read the body once, before anything parses it: the idempotency fingerprint is taken of the bytes."""
        _ = request.body
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(responses=EvidenceOut(many=True))
    def get(self, request: Request, consent_id: UUID) -> Response:
        """What the checks made of it, newest first."""
        rows = evidence_list(consent_get(self.actor, consent_id))
        return Response(EvidenceOut(rows, many=True).data)

    @extend_schema(request={"multipart/form-data": EvidenceIn}, responses={202: EvidenceOut})
    @idempotent
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Hand in what was spoken; a worker listens to it."""
        shape = EvidenceIn(data=request.data)
        shape.is_valid(raise_exception=True)
        evidence = evidence_submit(
            actor=self.actor,
            consent_id=consent_id,
            challenge_id=shape.validated_data["challenge"],
            data=shape.validated_data["clip"].read(),
        )
        response = _about(evidence.consent, EvidenceOut(evidence).data, 202)
        response["Location"] = f"/v1/consents/{consent_id}/evidence"
        response["Retry-After"] = "2"
        return response


class EvidenceAudioView(ScopedView):
    """The sound the officer listens to."""

    scopes: ClassVar = {"GET": Scope.CONSENTS_APPROVE}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, consent_id: UUID) -> HttpResponse:
        """The newest evidence, as it came."""
        evidence = evidence_list(consent_get(self.actor, consent_id)).exclude(object_key="").first()
        if evidence is None:
            raise EvidenceMissing()
        headers = {"Cache-Control": "private, no-store", "Content-Disposition": "attachment"}
        return HttpResponse(evidence_open(evidence), content_type="application/octet-stream", headers=headers)


class ApproveView(ScopedView):
    """The officer's yes."""

    scopes: ClassVar = {"POST": Scope.CONSENTS_APPROVE}

    @extend_schema(request=None, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Put the consent into force, in the name of the signed-in consent officer."""
        return Response(ConsentOut(consent_approve(actor=self.actor, consent_id=consent_id)).data)


class RefuseView(ScopedView):
    """The officer's no."""

    scopes: ClassVar = {"POST": Scope.CONSENTS_APPROVE}

    @extend_schema(request=RefusalIn, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """Refuse a pending consent, with a reason in one word."""
        shape = RefusalIn(data=request.data)
        shape.is_valid(raise_exception=True)
        consent = consent_refuse(actor=self.actor, consent_id=consent_id, reason=shape.validated_data["reason"])
        return Response(ConsentOut(consent).data)


class WithdrawView(ScopedView):
    """The tenant takes a consent back."""

    scopes: ClassVar = {"POST": Scope.CONSENTS_WRITE}

    @extend_schema(request=None, responses=ConsentOut)
    def post(self, request: Request, consent_id: UUID) -> Response:
        """From the moment this has answered, nothing new is made or handed out. Repeating it changes nothing."""
        return Response(ConsentOut(consent_withdraw(actor=self.actor, consent_id=consent_id)).data)


class ReceiptView(ScopedView):
    """The newest receipt of a consent."""

    scopes: ClassVar = {"GET": Scope.CONSENTS_READ}

    @extend_schema(responses=ReceiptBundle)
    def get(self, request: Request, consent_id: UUID) -> Response:
        """The signed receipt; check it offline with ``python -m consent.receipts verify FILE --key KEY``."""
        return Response(receipt_bundle(consent_get(self.actor, consent_id)))


def receipt_bundle(consent: Consent) -> dict[str, Any]:
    """The newest receipt as the speaker keeps it.

    Raises:
        ReceiptMissing: nothing was approved yet.
    """
    receipt = receipt_list(consent).last()
    if receipt is None:
        raise ReceiptMissing()
    public = signer_ensure(RECEIPT_KEY).key.public_key().public_bytes_raw()
    return receipts.bundle(json.loads(receipt.document), receipt.signature, public)


def _about(consent: Consent, data: Any, status: int) -> Response:
    response = Response(data, status=status)
    response.subject_handle = consent.speaker.key_handle  # type: ignore[attr-defined]  # read by api.idempotency
    return response
