"""The speaker's own doors, as an API and as plain pages. No account: the link itself is the key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.throttles import StrangerThrottle
from consent.errors import ConsentStateWrong
from consent.own.serializers import OwnErasureOut, OwnLinksOut, OwnOut
from consent.own.words import in_words, use_in_words
from consent.selectors import consent_get, consent_list, receipts_of, uses_of
from consent.serializers import ConsentOut, ReceiptOut
from consent.services import consent_withdraw
from consent.states import State
from erasure.services import erasure_request
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import Speaker, SpeakerState
from speakers.sealing import NAME, part_open
from speakers.selectors import speaker_by_link
from speakers.services import speaker_links_end_others
from tenants.actor import Actor
from tenants.models import Tenant


class OwnDoor(APIView):
    """The base of the speaker's API: the link in the address, a limit per network address."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)


class OwnView(OwnDoor):
    """What is allowed and what was made."""

    @extend_schema(operation_id="own_retrieve", responses=OwnOut)
    def get(self, request: Request, token: str) -> Response:
        """Everything about the speaker in one answer."""
        speaker, actor = _present(token)
        return Response(OwnOut(_facts(speaker, actor)).data, headers={"Cache-Control": "no-store"})


class OwnWithdrawView(OwnDoor):
    """The speaker takes a consent back."""

    @extend_schema(operation_id="own_withdraw", request=None, responses=ConsentOut)
    def post(self, request: Request, token: str, consent_id: UUID) -> Response:
        """Withdraw; nobody is asked, nothing has to be said, and again is no error."""
        _, actor = _present(token)
        return Response(ConsentOut(consent_withdraw(actor=actor, consent_id=consent_id)).data)


class OwnReceiptsView(OwnDoor):
    """The speaker's receipts."""

    @extend_schema(operation_id="own_receipts", responses=ReceiptOut(many=True))
    def get(self, request: Request, token: str, consent_id: UUID) -> Response:
        """The signed receipts of one consent, the first one first."""
        _, actor = _present(token)
        return Response(receipts_of(consent_get(actor, consent_id)))


class OwnLinksView(OwnDoor):
    """The speaker's links."""

    @extend_schema(operation_id="own_links_end_others", request=None, responses={200: OwnLinksOut})
    def delete(self, request: Request, token: str) -> Response:
        """End every other link; the one in hand stays."""
        speaker, actor = _present(token)
        return Response({"ended": speaker_links_end_others(speaker=speaker, actor=actor, token=token)})


class OwnErasureView(OwnDoor):
    """The speaker asks to be forgotten."""

    @extend_schema(operation_id="own_erasure", request=None, responses={202: OwnErasureOut})
    def post(self, request: Request, token: str) -> Response:
        """Begin the erasure. All use stops with this answer; it cannot be taken back."""
        speaker, actor = speaker_by_link(token)
        erasure = erasure_request(actor=actor, speaker_id=speaker.pk)
        return Response({"id": erasure.pk, "state": erasure.state}, status=202)


@require_safe
@never_cache
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The speaker's own page."""
    try:
        speaker, actor = speaker_by_link(token)
    except NotFound as error:
        raise Http404 from error
    if speaker.state != SpeakerState.ACTIVE:
        return render(request, "consent/erased.html", {"speaker": speaker}, status=410)
    facts = _facts(speaker, actor)
    consents = [
        {
            "row": consent,
            "words": in_words(consent.terms),
            "can_withdraw": consent.state in (State.ACTIVE, State.PENDING),
            "receipts": bool(consent.receipts.all()),
        }
        for consent in facts["consents"]
    ]
    facts |= {"consents": consents, "uses": [use_in_words(use) for use in facts["uses"]]}
    return render(request, "consent/own.html", facts | {"token": token, "speaker": speaker})


@require_POST
def page_withdraw(request: HttpRequest, token: str) -> HttpResponseBase:
    """The button under a consent: withdraw, and show the page again."""
    try:
        _, actor = _present(token)
        consent_withdraw(actor=actor, consent_id=UUID(request.POST.get("consent", "")))
    except (NotFound, ValueError) as error:
        raise Http404 from error
    except (ConsentStateWrong, SpeakerErased):
        pass  # it has ended in the meantime: the page says so
    return redirect("own-page", token=token)


@require_POST
def page_erase(request: HttpRequest, token: str) -> HttpResponseBase:
    """The button at the end of the page; the box beside it has to be ticked."""
    try:
        speaker, actor = speaker_by_link(token)
    except NotFound as error:
        raise Http404 from error
    if request.POST.get("sure") == "yes":
        erasure_request(actor=actor, speaker_id=speaker.pk)
    return redirect("own-page", token=token)


def _present(token: str) -> tuple[Speaker, Actor]:
    """The person behind a link, if the person is still there.

    Raises:
        NotFound: no such link. SpeakerErased.
    """
    speaker, actor = speaker_by_link(token)
    if speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased(speaker=str(speaker.pk))
    return speaker, actor


def _facts(speaker: Speaker, actor: Actor) -> dict[str, Any]:
    return {
        "name": part_open(speaker, NAME),
        "state": speaker.state,
        "organisation": Tenant.objects.values_list("slug", flat=True).get(pk=speaker.tenant_id),
        "consents": list(consent_list(actor).prefetch_related("receipts")),
        "uses": uses_of(speaker),
    }
