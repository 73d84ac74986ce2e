"""What a speaker sees and does with the link: what is allowed, what was made, receipts, withdraw.

The link is the only credential. An unknown link answers exactly like an address that never existed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.throttles import StrangerThrottle
from consent.selectors import consent_get, consent_list
from consent.serializers import ConsentOut, OwnPage, ReceiptBundle
from consent.services import consent_withdraw
from consent.states import State
from consent.views import receipt_bundle
from problems.errors import NotFound
from speakers.models import Speaker
from speakers.selectors import actor_of_link, speaker_get, speaker_name
from tenants.actor import Actor
from tenants.models import Tenant


@sensitive_variables("token")
def _speaker(token: str) -> Actor:
    actor = actor_of_link(token)
    if actor is None:
        raise NotFound
    return actor


def _uses(actor: Actor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = import_string(settings.SPEAKER_USES)(actor.tenant_id, actor.id)
    return found


class _OwnView(APIView):
    """A door that the link opens."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (StrangerThrottle,)


class OwnPageView(_OwnView):
    """Everything the speaker may see."""

    @extend_schema(responses=OwnPage)
    def get(self, request: Request, token: str) -> Response:
        """What is allowed and what was made."""
        actor = _speaker(token)
        shape = {
            "speaker": str(actor.id),
            "consents": ConsentOut(consent_list(actor), many=True).data,
            "uses": _uses(actor),
        }
        return Response(shape)


class OwnWithdrawView(_OwnView):
    """The speaker's withdrawal."""

    @extend_schema(request=None, responses=ConsentOut)
    def post(self, request: Request, token: str, consent_id: UUID) -> Response:
        """Take the consent back, at once and without anybody's help."""
        actor = _speaker(token)
        return Response(ConsentOut(consent_withdraw(actor=actor, consent_id=consent_id)).data)


class OwnReceiptView(_OwnView):
    """The speaker's receipt."""

    @extend_schema(responses=ReceiptBundle)
    def get(self, request: Request, token: str, consent_id: UUID) -> Response:
        """The newest receipt of one consent."""
        return Response(receipt_bundle(consent_get(_speaker(token), consent_id)))


@never_cache
@require_safe
def own_page(request: HttpRequest, token: str) -> HttpResponse:
    """The speaker's own page."""
    try:
        actor = _speaker(token)
    except NotFound as error:
        raise Http404 from error
    speaker: Speaker = speaker_get(actor, actor.id)  # type: ignore[arg-type]  # a speaker's actor has an id
    context = {
        "name": speaker_name(speaker),
        "organisation": Tenant.objects.get(pk=actor.tenant_id).slug,
        "token": token,
        "consents": consent_list(actor),
        "active": State.ACTIVE.value,
        "uses": _uses(actor),
    }
    return render(request, "consent/own.html", context)


@csrf_protect
@require_POST
def own_withdraw(request: HttpRequest, token: str, consent_id: UUID) -> HttpResponse:
    """The button on the speaker's own page."""
    try:
        consent_withdraw(actor=_speaker(token), consent_id=consent_id)
    except NotFound as error:
        raise Http404 from error
    return redirect("own-page", token=token)
