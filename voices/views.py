"""Doors of uploads, recordings, prompts, voices and versions."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.shapes import ShownList, shown
from speakers.selectors import speaker_get
from tenants.actor import Scope
from tenants.scoped import ScopedView
from voices.errors import PictureMissing
from voices.jobs import TAKE_LIMITS
from voices.models import Recording, Voice, VoiceVersion
from voices.prompts.script import USABLE_AFTER
from voices.reading import Reading
from voices.selectors import (
    picture_open,
    prompts_read,
    recording_get,
    recording_list,
    script_get,
    version_list,
    version_numbered,
    voice_get,
    voice_list,
)
from voices.serializers import (
    RecordingDetail,
    RecordingFilter,
    RecordingIn,
    RecordingOut,
    ScriptOut,
    ScriptQuery,
    UploadIn,
    UploadOut,
    VersionOut,
    VoiceIn,
    VoiceOut,
)
from voices.services import (
    recording_create,
    recording_delete,
    recording_listen,
    upload_open,
    version_accept,
    version_retire,
    voice_create,
    voice_retire,
)


class UploadsView(ScopedView):
    """Addresses for uploads."""

    scopes: ClassVar = {"POST": Scope.RECORDINGS_WRITE}

    @extend_schema(request=UploadIn, responses={201: UploadOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Announce one file and be told where to PUT it."""
        given = _given(UploadIn, request)
        upload, put = upload_open(
            actor=self.actor,
            speaker_id=given["speaker"],
            consent_id=given.get("consent"),
            size=given["size"],
            content_type=given["content_type"],
        )
        shape = {"id": upload.pk, "url": put.url, "headers": put.headers, "expires_at": upload.expires_at}
        limits = {
            "length_s": TAKE_LIMITS.length_s,
            "channels": TAKE_LIMITS.channels,
            "rate_hz": [TAKE_LIMITS.rate_min_hz, TAKE_LIMITS.rate_max_hz],
        }
        return _about(upload.speaker.key_handle, UploadOut({**shape, "limits": limits}).data, 201)


class RecordingsView(ScopedView, ShownList[Recording]):
    """The tenant's recordings, and the door for a new one."""

    scopes: ClassVar = {"GET": Scope.RECORDINGS_READ, "POST": Scope.RECORDINGS_WRITE}
    serializer_class = RecordingOut
    filterset_class = RecordingFilter

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Recording.objects.none()
        return recording_list(self.actor)

    @extend_schema(request=RecordingIn, responses={202: RecordingOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Hand in an upload that has arrived; it is judged by a worker."""
        given = _given(RecordingIn, request)
        reading = Reading(given["language"], given["prompt"], given["transcript"])
        recording = recording_create(actor=self.actor, upload_id=given["upload"], reading=reading)
        response = _about(recording.speaker.key_handle, RecordingOut(recording).data, 202)
        response["Location"] = f"/v1/recordings/{recording.pk}"
        response["Retry-After"] = "2"
        return response


class RecordingView(ScopedView):
    """One recording."""

    scopes: ClassVar = {"GET": Scope.RECORDINGS_READ, "DELETE": Scope.RECORDINGS_WRITE}

    @extend_schema(responses=RecordingDetail)
    def get(self, request: Request, recording_id: UUID) -> Response:
        """Where it stands, what was found in it, and its words."""
        return Response(RecordingDetail(recording_get(self.actor, recording_id)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, recording_id: UUID) -> Response:
        """Destroy its sound and its words; the address answers 410 from then on."""
        recording_delete(actor=self.actor, recording_id=recording_id)
        return Response(status=204)


class AnyAccept(BaseContentNegotiation):
    """For doors that answer with bytes of their own: what the client would take is not asked, problems are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first, whatever comes."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first, whatever is accepted."""
        return renderers[0], renderers[0].media_type


class RecordingAudioView(ScopedView):
    """The sound of one accepted recording; through the API, so that a withdrawal stops it."""

    content_negotiation_class = AnyAccept
    scopes: ClassVar = {"GET": Scope.RECORDINGS_READ}

    @extend_schema(responses={(200, "audio/flac"): OpenApiTypes.BINARY})
    def get(self, request: Request, recording_id: UUID) -> HttpResponse:
        """FLAC, mono, 24 kHz; the consent is asked again for every download."""
        sound = recording_listen(actor=self.actor, recording_id=recording_id)
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="{recording_id}.flac"',
        }
        return HttpResponse(sound, content_type="audio/flac", headers=headers)


class PromptsView(ScopedView):
    """Sentences to read aloud."""

    scopes: ClassVar = {"GET": Scope.RECORDINGS_READ}

    @extend_schema(parameters=[ScriptQuery], responses=ScriptOut)
    def get(self, request: Request) -> Response:
        """The script of a language in reading order, and where a speaker stands in it."""
        asked = ScriptQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        script = script_get(asked.validated_data["language"])
        speaker_id = asked.validated_data.get("speaker")
        read = prompts_read(self.actor, speaker_get(self.actor, speaker_id).pk) if speaker_id else set()
        prompts = [{"id": one.id, "text": one.text, "read": one.id in read} for one in script.prompts]
        left = [prompt["id"] for prompt in prompts if not prompt["read"]]
        shape = {
            "language": script.language,
            "usable_after": USABLE_AFTER,
            "read": len(prompts) - len(left),
            "next": left[0] if left else None,
            "prompts": prompts,
        }
        return Response(ScriptOut(shape).data)


class VoicesView(ScopedView, ShownList[Voice]):
    """The tenant's voices, and the door for a new one."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ, "POST": Scope.VOICES_WRITE}
    serializer_class = VoiceOut
    filterset_fields = ("state", "language")

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Voice.objects.none()
        return voice_list(self.actor)

    @extend_schema(request=VoiceIn, responses={201: VoiceOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make the profile of a speaker; a fine-tune gives it its first version."""
        given = _given(VoiceIn, request)
        voice = voice_create(
            actor=self.actor, speaker_id=given["speaker"], name=given["name"], language=given["language"]
        )
        return _about(voice.speaker.key_handle, VoiceOut(voice).data, 201)


class VoiceView(ScopedView):
    """One voice."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ}

    @extend_schema(responses=VoiceOut)
    def get(self, request: Request, voice_id: UUID) -> Response:
        """Read it."""
        return Response(shown(VoiceOut, voice_get(self.actor, voice_id)))


class VoiceRetireView(ScopedView):
    """The end of one voice's use."""

    scopes: ClassVar = {"POST": Scope.VOICES_WRITE}

    @extend_schema(request=None, responses=VoiceOut)
    def post(self, request: Request, voice_id: UUID) -> Response:
        """Take it out of use with all its versions."""
        return Response(VoiceOut(voice_retire(actor=self.actor, voice_id=voice_id)).data)


class VersionsView(ScopedView, ShownList[VoiceVersion]):
    """The versions of a voice."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ}
    serializer_class = VersionOut
    filterset_fields = ("state",)

    def get_queryset(self) -> Any:
        """The voice's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return VoiceVersion.objects.none()
        return version_list(voice_get(self.actor, self.kwargs["voice_id"]))


class VersionView(ScopedView):
    """One version of a voice."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ}

    @extend_schema(responses=VersionOut)
    def get(self, request: Request, voice_id: UUID, number: int) -> Response:
        """Read it."""
        return Response(VersionOut(version_numbered(voice_get(self.actor, voice_id), number)).data)


class VersionRetireView(ScopedView):
    """The end of one version's use."""

    scopes: ClassVar = {"POST": Scope.VOICES_WRITE}

    @extend_schema(request=None, responses=VersionOut)
    def post(self, request: Request, voice_id: UUID, number: int) -> Response:
        """Take it out of use; the others stay callable."""
        return Response(VersionOut(version_retire(actor=self.actor, voice_id=voice_id, number=number)).data)


class VersionAcceptView(ScopedView):
    """A named person's decision to use a draft."""

    scopes: ClassVar = {"POST": Scope.VOICES_ACCEPT}

    @extend_schema(request=None, responses=VersionOut)
    def post(self, request: Request, voice_id: UUID, number: int) -> Response:
        """Accept a version that its quality card kept back; not for service keys."""
        return Response(VersionOut(version_accept(actor=self.actor, voice_id=voice_id, number=number)).data)


class VersionPictureView(ScopedView):
    """The plots of a version's quality card."""

    content_negotiation_class = AnyAccept
    scopes: ClassVar = {"GET": Scope.VOICES_READ}

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, voice_id: UUID, number: int) -> HttpResponse:
        """Pitch and spectrum, the person beside the voice, as a PNG."""
        found = picture_open(version_numbered(voice_get(self.actor, voice_id), number))
        if found is None:
            raise PictureMissing()
        return HttpResponse(found, content_type="image/png", headers={"Cache-Control": "private, no-store"})


def _given(shape: Any, request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _about(handle: str, body: Any, status: int) -> Response:
    """An answer that speaks of a person: a stored copy of it is sealed under that person's key."""
    response = Response(body, status=status)
    response.subject_handle = handle  # type: ignore[attr-defined]  # read by api.idempotency
    return response
