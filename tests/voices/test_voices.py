"""Voices and versions: named, numbered, pinned for good, taken out of use, erased."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from erasure.holdings import Subject
from isolation.scope import tenant_scope
from problems.errors import NotFound
from storage.keys import key_store
from storage.objects import intake_store, object_store
from tests.factories import make_organisation
from tests.voices.conftest import Studio, make_studio, take
from voices.errors import VoiceErased, VoiceRetired
from voices.holdings import VoiceHolding
from voices.models import VoiceVersion
from voices.selectors import adapter_open, recordings_of, recordings_usable, version_get, voice_get
from voices.services import version_add

pytestmark = pytest.mark.django_db
ADAPTER = b"the numbers that make a base voice this voice" * 100


def make_voice(studio: Studio, **members: str) -> dict:
    body = {"speaker": str(studio.speaker.pk), "name": "Canary, warm", "language": "en", **members}
    answer = studio.client.post("/v1/voices", body, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def add_version(studio: Studio, voice_id: str, *, preview: bool = False, adapter: bytes = ADAPTER) -> VoiceVersion:
    with tenant_scope(studio.organisation.id):
        return version_add(
            tenant_id=studio.organisation.id, voice_id=voice_id, adapter=adapter, base_sha256="b" * 64,
            measures={"likeness": 0.8}, preview=preview,
        )  # fmt: skip


def subject_of(studio: Studio) -> Subject:
    return Subject(studio.organisation.id, studio.speaker.pk, studio.speaker.key_handle)


def test_a_voice_has_a_name_that_only_its_persons_key_opens(studio: Studio) -> None:
    made = make_voice(studio)
    assert (made["name"], made["state"], made["newest"]) == ("Canary, warm", "active", None)
    with tenant_scope(studio.organisation.id), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM voices_voice t")
        row = cursor.fetchone()[0]
    assert made["id"] in row
    assert b"Canary".hex() not in row
    assert "Canary" not in row
    assert studio.client.get(f"/v1/voices/{made['id']}").json() == made
    assert studio.client.get("/v1/voices?language=de").json()["results"] == []


def test_a_voice_needs_a_consent(studio: Studio) -> None:
    studio.withdraw()
    body = {"speaker": str(studio.speaker.pk), "name": "x", "language": "en"}
    refused = studio.client.post("/v1/voices", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "consent-withdrawn")


def test_versions_count_up_and_the_newest_ready_one_is_told(studio: Studio) -> None:
    voice = make_voice(studio)["id"]
    numbers = [add_version(studio, voice, preview=preview).number for preview in (False, False, True)]
    assert numbers == [1, 2, 3]
    told = studio.client.get(f"/v1/voices/{voice}").json()["newest"]
    assert (told["number"], told["state"]) == (2, "ready")
    listed = studio.client.get(f"/v1/voices/{voice}/versions").json()["results"]
    assert {row["number"]: row["state"] for row in listed} == {1: "ready", 2: "ready", 3: "draft"}
    assert studio.client.get(f"/v1/voices/{voice}/versions/9").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_fine_tunes_that_end_at_once_get_numbers_of_their_own(transactional_db: None) -> None:
    """The guard is the lock on the voice's row; without it two read the same newest number and one fails."""
    studio = make_studio()
    voice = make_voice(studio)["id"]

    def added(_: int) -> int:
        try:
            return add_version(studio, voice).number
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(added, range(12))) == list(range(1, 13))


def test_an_adapter_is_sealed_and_opens_as_it_was(studio: Studio) -> None:
    version = add_version(studio, make_voice(studio)["id"])
    assert version.adapter_sha256 == hashlib.sha256(ADAPTER).hexdigest()
    assert ADAPTER[:20] not in object_store().get(version.adapter_object)
    with tenant_scope(studio.organisation.id):
        assert adapter_open(version_get(studio.organisation.id, version.pk)) == ADAPTER
        assert version_get(studio.organisation.actor(), version.pk).voice.speaker == studio.speaker


def test_an_adapter_opens_only_as_the_version_it_was_sealed_for(studio: Studio) -> None:
    from storage.errors import SealBroken

    voice = make_voice(studio)["id"]
    one, two = add_version(studio, voice), add_version(studio, voice, adapter=b"other")
    object_store().put(two.adapter_object, object_store().get(one.adapter_object))
    with tenant_scope(studio.organisation.id), pytest.raises(SealBroken):
        adapter_open(version_get(studio.organisation.id, two.pk))


@pytest.mark.parametrize(
    "change",
    ["adapter_sha256 = repeat('c', 64)", "base_sha256 = repeat('c', 64)", "number = 9", "adapter_object = 'x'",
     "measures = '{}'", "preview = true"],
)  # fmt: skip
def test_what_was_pinned_does_not_change_by_raw_sql_either(studio: Studio, change: str) -> None:
    version = add_version(studio, make_voice(studio)["id"])
    with tenant_scope(studio.organisation.id), connection.cursor() as cursor:
        for statement in (
            f"UPDATE voices_voiceversion SET {change} WHERE id = %s",
            "DELETE FROM voices_voiceversion WHERE id = %s",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement, [version.pk])


def test_a_retired_version_or_voice_is_not_called_and_stays_readable(studio: Studio) -> None:
    voice = make_voice(studio)["id"]
    one, two = add_version(studio, voice), add_version(studio, voice)
    assert studio.client.post(f"/v1/voices/{voice}/versions/1/retire").json()["state"] == "retired"
    with tenant_scope(studio.organisation.id):
        with pytest.raises(VoiceRetired):
            version_get(studio.organisation.id, one.pk)
        version_get(studio.organisation.id, two.pk)
    assert studio.client.post(f"/v1/voices/{voice}/retire").json()["state"] == "retired"
    with tenant_scope(studio.organisation.id), pytest.raises(VoiceRetired):
        version_get(studio.organisation.id, two.pk)
    assert studio.client.get(f"/v1/voices/{voice}/versions/1").status_code == 200


def test_recordings_feed_a_fine_tune_in_their_order(studio: Studio) -> None:
    first, second = studio.ingested(take())["id"], studio.ingested(take(2.0), transcript="Second.")["id"]
    studio.ingested(take(2.0), language="de", transcript="Drittens.")
    studio.ingested(b"no sound")
    voice_id = make_voice(studio)["id"]
    with tenant_scope(studio.organisation.id):
        voice = voice_get(studio.organisation.actor(), voice_id)
        assert [str(one) for one in recordings_usable(voice)] == [first, second]
        assert [str(one) for one in recordings_usable(voice, [second, uuid4()])] == [second]
        takes = list(recordings_of(voice))
    assert [words for _, words in takes] == ["The canary sings in the morning.", "Second."]
    assert takes[0][0].rate_hz == 24_000


# --- Erasure ----------------------------------------------------------------------------------------------


def test_erasure_leaves_nothing_and_every_address_answers_410(studio: Studio) -> None:
    recording = studio.ingested(take())["id"]
    waiting, loose = studio.record(take()).json()["id"], studio.upload(take())
    voice = make_voice(studio)["id"]
    version = add_version(studio, voice)
    object_store().put(f"{studio.organisation.id}/recordings/{studio.speaker.pk}/orphan", b"unnamed")
    holding, subject = VoiceHolding(), subject_of(studio)
    with tenant_scope(studio.organisation.id):
        assert len(holding.left(subject)) >= 6
        assert holding.destroy(subject) >= 5
        assert holding.left(subject) == []
        assert holding.destroy(subject) == 0
        with pytest.raises(VoiceErased):
            version_get(studio.organisation.id, version.pk)
    assert list(object_store().residue(f"{studio.organisation.id}/recordings/")) == []
    assert list(object_store().residue(f"{studio.organisation.id}/adapters/")) == []
    assert list(intake_store().residue(f"{studio.organisation.id}/")) == []
    key_store().shred(studio.speaker.key_handle)
    for path in (f"recordings/{recording}", f"recordings/{waiting}", f"voices/{voice}", f"voices/{voice}/versions"):
        assert studio.client.get(f"/v1/{path}").status_code == 410
    assert studio.client.get("/v1/voices").json()["results"] == []
    assert studio.judge(waiting)["code"] == "recording-erased"
    assert loose


def test_an_erased_version_does_not_come_back(studio: Studio) -> None:
    version = add_version(studio, make_voice(studio)["id"])
    with tenant_scope(studio.organisation.id), connection.cursor() as cursor:
        VoiceHolding().destroy(subject_of(studio))
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("UPDATE voices_voiceversion SET state = 'ready' WHERE id = %s", [version.pk])


def test_erasing_one_speaker_leaves_the_other_whole(studio: Studio) -> None:
    other = make_studio()
    kept = other.ingested(take())["id"]
    kept_version = add_version(other, make_voice(other)["id"])
    studio.ingested(take())
    with tenant_scope(studio.organisation.id):
        VoiceHolding().destroy(subject_of(studio))
    assert other.client.get(f"/v1/recordings/{kept}/audio").status_code == 200
    with tenant_scope(other.organisation.id):
        assert adapter_open(version_get(other.organisation.id, kept_version.pk)) == ADAPTER


def test_another_tenant_finds_nothing(studio: Studio) -> None:
    voice = make_voice(studio)["id"]
    version = add_version(studio, voice)
    stranger = make_organisation()
    for path in (f"voices/{voice}", f"voices/{voice}/versions", f"voices/{voice}/versions/1"):
        answer = stranger.client().get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert stranger.client().post(f"/v1/voices/{voice}/retire").status_code == 404
    with tenant_scope(stranger.id):
        with pytest.raises(NotFound):
            version_get(stranger.id, version.pk)
        with pytest.raises(NotFound):
            version_add(tenant_id=stranger.id, voice_id=voice, adapter=b"x", base_sha256="b" * 64, measures={})
