"""A take from the announcement of its upload to the sealed sound, and every way it can be refused."""

from __future__ import annotations

import io
import time
from uuid import UUID, uuid4

import numpy as np
import pytest
import soundfile
from django.db import connection

from audio.headers import Limits
from consent.models import Evidence
from consent.selectors import EVIDENCE_PURPOSE
from isolation.scope import tenant_scope
from storage.objects import intake_store, object_store
from storage.sealing import seal_bytes
from tests.factories import Organisation, make_organisation
from tests.hostile import file_of, voice_like
from tests.voices.conftest import CHECKS, Studio, approved_consent, enrolled, make_studio, take
from voices.jobs import recording_ingest, sweep_orphans
from voices.models import Recording, Upload
from work.leases import claim
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db


def events(organisation: Organisation) -> list[str]:
    from audit.models import AuditDetail

    with tenant_scope(organisation.id):
        return list(AuditDetail.objects.order_by("at").values_list("event", flat=True))


def test_a_take_becomes_a_sealed_recording_and_leaves_the_intake(studio: Studio) -> None:
    told = studio.ingested(take())
    assert (told["state"], told["problem"], told["weight"]) == ("accepted", None, 1.0)
    assert told["transcript"] == "The canary sings in the morning."
    assert told["measures"]["snr_db"] > 20
    row = studio.row(told["id"])
    sealed = object_store().get(row.object_key)
    assert b"fLaC" not in sealed
    assert list(intake_store().find(f"{studio.organisation.id}/")) == []
    assert row.upload.emptied_at is not None
    assert events(studio.organisation)[-2:] == ["recording.received", "recording.accepted"]
    assert not Outbox.objects.filter(object_id=row.pk).exists()


def test_its_sound_comes_through_the_api_alone(studio: Studio) -> None:
    told = studio.ingested(take(3.0, rate_hz=16_000, container="OGG", subtype="OPUS"))
    answer = studio.client.get(f"/v1/recordings/{told['id']}/audio")
    assert (answer.status_code, answer["Content-Type"]) == (200, "audio/flac")
    assert answer["Cache-Control"] == "private, no-store"
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content))
    assert (rate_hz, samples.ndim) == (24_000, 1)
    assert len(samples) / rate_hz == pytest.approx(told["length_s"], abs=1e-3)
    assert events(studio.organisation)[-1] == "recording.heard"


def test_nothing_of_the_person_lies_in_the_rows(studio: Studio) -> None:
    told = studio.ingested(take())
    row = studio.row(told["id"])
    assert row.sealed_hash is not None
    with tenant_scope(studio.organisation.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND has_table_privilege(oid, 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            text = cursor.fetchone()[0]
            assert "canary" not in text.lower(), table
            assert b"canary".hex() not in text, table
            assert table != "voices_recording" or str(row.pk) in text


def test_a_prompt_is_its_words(studio: Studio) -> None:
    told = studio.ingested(take(), prompt="en-001", transcript="")
    script = studio.client.get(f"/v1/prompts?language=en-GB&speaker={studio.speaker.pk}").json()
    assert told["transcript"] == script["prompts"][0]["text"]
    assert (script["read"], script["next"], script["usable_after"]) == (1, "en-002", [10, 30, 60])
    assert [prompt["read"] for prompt in script["prompts"][:2]] == [True, False]
    assert studio.client.get("/v1/prompts").json()["read"] == 0
    missing = studio.client.get("/v1/prompts?language=xx")
    assert (missing.status_code, missing.json()["code"]) == (404, "prompt-script-missing")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"prompt": "en-999"}, "prompt-unknown"),
        ({"prompt": "en-001", "language": "de"}, "prompt-unknown"),
        ({"transcript": "  "}, "recording-transcript-missing"),
        ({"language": "not a tag"}, "invalid"),
    ],
)
def test_what_was_read_has_to_be_known(studio: Studio, members: dict[str, str], code: str) -> None:
    answer = studio.record(take(0.5), **members)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


# --- Rejected -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"this is not a sound at all", "audio-format-unsupported"),
        (b"\0\0\0\x20ftypM4A " + bytes(400), "audio-format-unsupported"),
        (take(2.0)[:30], "audio-unreadable"),
        (file_of(np.zeros((48_000, 1), np.float32), 24_000), "recording-unusable"),
        (file_of(voice_like(0.05, 24_000), 24_000), "recording-unusable"),
        (file_of(np.zeros((8000 * 601, 1), np.float32), 8000, "FLAC"), "audio-too-long"),
    ],
)
def test_a_bad_file_is_rejected_with_its_code_and_destroyed(studio: Studio, data: bytes, code: str) -> None:
    told = studio.ingested(data)
    assert (told["state"], told["problem"]["code"]) == ("rejected", code)
    assert list(intake_store().find(f"{studio.organisation.id}/")) == []
    assert studio.row(told["id"]).object_key == ""
    assert events(studio.organisation)[-1] == "recording.rejected"
    sound = studio.client.get(f"/v1/recordings/{told['id']}/audio")
    assert (sound.status_code, sound.json()["code"]) == (409, "recording-not-ready")


def test_a_rejection_keeps_what_was_measured_and_says_what_to_do(studio: Studio) -> None:
    told = studio.ingested(file_of(np.zeros((72_000, 1), np.float32), 24_000))
    assert told["measures"]["speech_s"] == 0
    assert told["findings"][0]["code"] == "no-speech"
    assert "microphone" in told["problem"]["detail"]


def test_our_own_output_is_refused(studio: Studio, settings) -> None:
    settings.CONSENT_MARK_CHECK = CHECKS + "marked"
    assert studio.ingested(take())["problem"]["code"] == "recording-synthetic"


def test_another_voice_is_refused_once_the_speakers_is_known(studio: Studio, settings) -> None:
    assert studio.ingested(take())["state"] == "accepted"
    settings.SPEAKER_CHECK = CHECKS + "other_person"
    assert studio.ingested(take())["problem"]["code"] == "recording-of-another"
    settings.SPEAKER_CHECK = CHECKS + "cannot_tell"
    assert studio.ingested(take())["state"] == "accepted"


def test_the_reference_is_what_was_spoken_at_the_consent(studio: Studio, settings) -> None:
    """The first take is compared too: a consent clip of one person opens no door to another's recordings."""
    with tenant_scope(studio.organisation.id):
        evidence = Evidence.objects.get(consent=studio.consent)
        key = f"{studio.organisation.id}/evidence/{evidence.pk}"
        sealed = seal_bytes(
            tenant_id=studio.organisation.id, handle=studio.speaker.key_handle, purpose=EVIDENCE_PURPOSE,
            object_id=evidence.pk, data=take(2.0, rate_hz=16_000),
        )  # fmt: skip
        object_store().put(key, sealed)
        Evidence.objects.filter(pk=evidence.pk).update(object_key=key)
    settings.SPEAKER_CHECK = CHECKS + "other_person"
    assert studio.ingested(take())["problem"]["code"] == "recording-of-another"


# --- Consent ------------------------------------------------------------------------------------------


def test_without_a_consent_there_is_no_address_and_no_recording(studio: Studio) -> None:
    upload = studio.upload(take())
    studio.withdraw()
    refused = studio.announce(1000)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent-withdrawn")
    named = studio.announce(1000, consent=str(studio.consent.pk))
    assert (named.status_code, named.json()["code"]) == (403, "consent-withdrawn")
    answer = studio.client.post(
        "/v1/recordings", {"upload": upload, "language": "en", "transcript": "words"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "consent-withdrawn")


def test_a_withdrawal_while_it_waits_ends_it_and_empties_the_intake(studio: Studio) -> None:
    waiting, loose = studio.record(take()).json()["id"], studio.upload(take())
    studio.withdraw()
    assert studio.judge(waiting)["state"] == "cancelled"
    assert list(intake_store().find(f"{studio.organisation.id}/")) == []
    with tenant_scope(studio.organisation.id):
        assert Upload.objects.get(pk=loose).emptied_at is not None


def test_a_withdrawal_while_it_is_judged_wins(studio: Studio, monkeypatch) -> None:
    from voices import jobs

    judged = jobs._judged

    def withdrawn_meanwhile(recording: Recording):
        result = judged(recording)
        studio.withdraw()
        return result

    monkeypatch.setattr(jobs, "_judged", withdrawn_meanwhile)
    told = studio.ingested(take())
    assert told["state"] == "cancelled"
    assert list(object_store().find(f"{studio.organisation.id}/recordings/")) == []


def test_a_withdrawal_stops_the_next_listener(studio: Studio) -> None:
    told = studio.ingested(take())
    studio.withdraw()
    answer = studio.client.get(f"/v1/recordings/{told['id']}/audio")
    assert (answer.status_code, answer.json()["code"]) == (403, "consent-withdrawn")


def test_another_speakers_consent_is_no_consent(studio: Studio) -> None:
    theirs = approved_consent(studio.organisation, enrolled(studio.organisation, "Bob"))
    answer = studio.announce(1000, consent=str(theirs.pk))
    assert (answer.status_code, answer.json()["code"]) == (403, "recording-consent-of-another")


# --- Uploads ------------------------------------------------------------------------------------------


def test_an_upload_that_never_came_is_no_recording(studio: Studio) -> None:
    announced = studio.announce(1000).json()
    assert announced["limits"]["length_s"] == Limits().length_s
    answer = studio.client.post(
        "/v1/recordings", {"upload": announced["id"], "language": "en", "transcript": "words"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "recording-upload-missing")


def test_an_upload_is_one_recording(studio: Studio) -> None:
    upload = studio.upload(take())
    body = {"upload": upload, "language": "en", "transcript": "words"}
    assert studio.client.post("/v1/recordings", body, format="json").status_code == 202
    again = studio.client.post("/v1/recordings", body, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "recording-upload-used")


def test_the_same_request_twice_is_one_recording_with_the_same_answer(studio: Studio) -> None:
    upload = studio.upload(take())
    body = {"upload": upload, "language": "en", "transcript": "words"}
    answers = [
        studio.client.post("/v1/recordings", body, format="json", headers={"Idempotency-Key": "take-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


def test_more_than_a_recording_may_hold_gets_no_address(studio: Studio) -> None:
    answer = studio.announce(Limits().file_bytes + 1)
    assert answer.status_code == 422
    assert studio.announce(1000, "audio/mp4").status_code == 422


# --- Deleting, and workers that die ---------------------------------------------------------------------


def test_a_deleted_recording_is_gone_and_says_so(studio: Studio) -> None:
    told = studio.ingested(take())
    key = studio.row(told["id"]).object_key
    assert studio.client.delete(f"/v1/recordings/{told['id']}").status_code == 204
    assert list(object_store().residue(key)) == []
    for path in ("", "/audio"):
        answer = studio.client.get(f"/v1/recordings/{told['id']}{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "recording-erased")
    assert studio.client.delete(f"/v1/recordings/{told['id']}").status_code == 410
    assert studio.client.get("/v1/recordings").json()["results"] == []


def test_a_recording_deleted_while_it_is_judged_stays_deleted(studio: Studio, monkeypatch) -> None:
    from voices import jobs

    judged = jobs._judged

    def deleted_meanwhile(recording: Recording):
        result = judged(recording)
        assert studio.client.delete(f"/v1/recordings/{recording.pk}").status_code == 204
        return result

    monkeypatch.setattr(jobs, "_judged", deleted_meanwhile)
    recording_id = studio.record(take()).json()["id"]
    recording_ingest(tenant_id=studio.organisation.id, job_id=UUID(recording_id))
    row = studio.row(recording_id)
    assert (row.state, row.object_key) == (JobState.CANCELLED, "")
    assert list(object_store().find(f"{studio.organisation.id}/recordings/")) == []


@pytest.mark.django_db(transaction=True)
def test_a_long_judgement_keeps_its_lease_and_hears_of_its_end(transactional_db: None, monkeypatch) -> None:
    from voices import jobs
    from work.leases import cancel

    studio = make_studio()
    monkeypatch.setattr("work.pulse.SILENT_S", 0.05)
    judged, seen = jobs._judged, []

    def slow(recording: Recording):
        until, first = time.monotonic() + 20, studio.row(str(recording.pk)).lease_until
        while not seen and time.monotonic() < until:
            time.sleep(0.05)
            row = studio.row(str(recording.pk))
            seen.extend([row.lease_until] if row.lease_until != first else [])
        with tenant_scope(studio.organisation.id):
            cancel(Recording, job_id=recording.pk, task="voices.ingest")
        time.sleep(0.5)
        return judged(recording)

    monkeypatch.setattr(jobs, "_judged", slow)
    assert studio.ingested(take(1.0))["state"] == "cancelled"
    assert len(seen) == 1


def test_two_workers_make_one_recording(studio: Studio) -> None:
    recording_id = UUID(studio.record(take()).json()["id"])
    slow = claim(Recording, tenant_id=studio.organisation.id, job_id=recording_id, task="voices.ingest")
    assert slow is not None
    with tenant_scope(studio.organisation.id):
        Recording.objects.filter(pk=recording_id).update(lease_until="2020-01-01T00:00:00Z")
    assert studio.judge(str(recording_id))["state"] == "accepted"
    from voices.jobs import _ingest
    from work.leases import run

    run(slow, _ingest)
    assert len(list(object_store().find(f"{studio.organisation.id}/recordings/"))) == 1
    assert events(studio.organisation).count("recording.accepted") == 1


def test_a_store_that_is_away_makes_it_wait_and_not_fail(studio: Studio, monkeypatch) -> None:
    from storage.errors import StoreUnavailable
    from voices import jobs

    recording_id = studio.record(take()).json()["id"]

    def away(recording: Recording):
        raise StoreUnavailable()

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "_upload_bytes", away)
        assert studio.judge(recording_id)["state"] == "ingesting"
    assert Outbox.objects.filter(object_id=recording_id).exists()
    assert studio.judge(recording_id)["state"] == "accepted"


def test_the_sweep_removes_old_orphans_and_nothing_else(studio: Studio, monkeypatch) -> None:
    from voices import jobs

    told = studio.ingested(take())
    orphan = f"{studio.organisation.id}/recordings/{studio.speaker.pk}/{uuid4()}"
    object_store().put(orphan, b"left by a worker that died")
    with tenant_scope(studio.organisation.id):
        assert sweep_orphans(tenant_id=studio.organisation.id) == 0
        monkeypatch.setattr(jobs, "ORPHAN_AFTER", -jobs.ORPHAN_AFTER)
        assert sweep_orphans(tenant_id=studio.organisation.id) == 1
    assert [info.key for info in object_store().find(f"{studio.organisation.id}/recordings/")] == [
        studio.row(told["id"]).object_key
    ]


# --- Strangers ------------------------------------------------------------------------------------------


def test_another_tenant_finds_nothing(studio: Studio) -> None:
    told = studio.ingested(take())
    stranger = make_organisation().client()
    for method, path in [
        ("get", f"/v1/recordings/{told['id']}"),
        ("get", f"/v1/recordings/{told['id']}/audio"),
        ("delete", f"/v1/recordings/{told['id']}"),
        ("get", f"/v1/prompts?speaker={studio.speaker.pk}"),
    ]:
        answer = getattr(stranger, method)(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert stranger.get("/v1/recordings").json()["results"] == []
    body = {"upload": told["upload"], "language": "en", "transcript": "words"}
    assert stranger.post("/v1/recordings", body, format="json").status_code == 404


def test_the_list_can_be_narrowed(studio: Studio) -> None:
    accepted = studio.ingested(take())["id"]
    rejected = studio.ingested(b"no sound")["id"]
    for query, ids in [
        ("state=accepted", [accepted]),
        ("state=rejected", [rejected]),
        (f"speaker={studio.speaker.pk}", [rejected, accepted]),
        (f"speaker={uuid4()}", []),
    ]:
        results = studio.client.get(f"/v1/recordings?{query}").json()["results"]
        assert [row["id"] for row in results] == ids
