"""The doors over HTTP, as the four people of every journey use them."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from api.shapes import shown
from audio.decode import decode
from consent.rules import Use
from consent.services import consent_require
from isolation.scope import database_now, tenant_scope
from speakers.serializers import SpeakerOut
from synthesis.jobs import synthesis_render
from synthesis.models import Synthesis
from synthesis.serializers import SynthesisOut
from tenants.actor import Role, Scope
from voices.models import Voice
from voices.serializers import VersionOut, VoiceOut
from watermark.findings import look
from watermark.ring import live_keys
from work.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(world) -> APIClient:
    return world.org.client()


def post(client: APIClient, world, **members):
    headers = {"Idempotency-Key": members.pop("key")} if "key" in members else {}
    return client.post("/v1/syntheses", world.body(**members), format="json", headers=headers)


def done(client: APIClient, world, **members) -> str:
    identity = post(client, world, **members).json()["id"]
    synthesis_render(tenant_id=world.org.id, job_id=identity)
    return f"/v1/syntheses/{identity}"


def count(world) -> int:
    with tenant_scope(world.org.id):
        return Synthesis.objects.count()


def test_text_in_marked_sound_out(client, world):
    answer = post(client, world, format="mp3")
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["state"], body["use"]["purpose"], body["problem"]) == ("queued", "customer_service", None)
    assert "text" not in body
    place = answer["Location"]
    synthesis_render(tenant_id=world.org.id, job_id=body["id"])
    after = client.get(place).json()
    assert (after["state"], after["progress"], after["quarantined"]) == ("done", 100, False)
    sound = client.get(f"{place}/audio")
    assert sound.status_code == 200
    assert sound["Content-Type"] == "audio/mpeg"
    assert sound["Content-Disposition"].endswith('.mp3"')
    assert len(sound.content) == after["media_bytes"]
    assert look(decode(sound.content), live_keys(), "quick").decides


@pytest.mark.parametrize("accept", ["audio/wav", "*/*", "audio/mpeg;q=0.5"])
def test_a_player_that_asks_for_audio_gets_it(client, world, accept):
    assert client.get(done(client, world) + "/audio", headers={"Accept": accept}).content[:4] == b"RIFF"


def test_who_has_the_sound_already_is_told_so_and_not_after_a_withdrawal(client, world):
    place = done(client, world) + "/audio"
    tag = client.get(place)["ETag"]
    again = client.get(place, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    world.withdraw()
    for headers in ({}, {"If-None-Match": tag}):
        refused = client.get(place, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "consent-withdrawn")


def test_the_state_has_a_tag_that_changes_with_it(client, world):
    place = post(client, world)["Location"]
    first = client.get(place)
    assert client.get(place, headers={"If-None-Match": first["ETag"]}).status_code == 304
    synthesis_render(tenant_id=world.org.id, job_id=first.json()["id"])
    assert client.get(place, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_one_key_one_synthesis_and_the_same_bytes_again(client, world):
    first, again = post(client, world, key="order-1"), post(client, world, key="order-1")
    assert first.content == again.content
    assert first["Location"] == again["Location"]
    assert count(world) == 1
    assert Outbox.objects.count() == 1
    other = post(client, world, key="order-1", text="Something else.")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")


def test_a_refused_order_can_be_sent_again_under_its_key(client, world):
    use = {**world.body()["use"], "channel": "broadcast"}
    refused = post(client, world, key="order-2", use=use)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (403, "consent-scope", "channel")
    assert count(world) == 0


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 5001}, "text"),
        ({"format": "aac"}, "format"),
        ({"rate": 9}, "rate"),
        ({"seed": -1}, "seed"),
        ({"voice_version": "nobody"}, "voice_version"),
        ({"use": {"purpose": "world_domination"}}, "use"),
    ],
)
def test_what_cannot_be_right_is_named(client, world, members, field):
    answer = post(client, world, **members)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


def test_progress_comes_as_events_until_the_end(client, world):
    place = done(client, world)
    stream = client.get(f"{place}/events", headers={"Accept": "text/event-stream"})
    assert stream["Content-Type"] == "text/event-stream"
    lines = b"".join(stream.streaming_content).decode().splitlines()
    assert lines[0] == "event: progress"
    assert json.loads(lines[1].removeprefix("data: "))["state"] == "done"


def test_progress_of_what_waits_ends_after_its_time(client, world, monkeypatch):
    from synthesis import views

    monkeypatch.setattr(views, "EVENTS_MOST_S", 0.4)
    place = post(client, world)["Location"]
    text = b"".join(client.get(f"{place}/events").streaming_content).decode()
    assert text.count("event: progress") == 1
    assert '"state": "queued"' in text


def test_cancelling_over_http(client, world):
    place = post(client, world)["Location"]
    assert client.post(f"{place}/cancel").json()["state"] == "cancelled"
    again = client.post(f"{place}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job-finished")
    early = client.get(f"{place}/audio")
    assert (early.status_code, early.json()["code"]) == (409, "synthesis-not-ready")


def test_lists_are_filtered(client, world):
    place = done(client, world)
    waiting = post(client, world)["Location"]
    told = {state: client.get(f"/v1/syntheses?state={state}").json()["results"] for state in ("done", "queued")}
    assert [row["id"] for row in told["done"]] == [place.rsplit("/", 1)[1]]
    assert [row["id"] for row in told["queued"]] == [waiting.rsplit("/", 1)[1]]
    everything = client.get(f"/v1/syntheses?voice_version={world.version.pk}&purpose=customer_service&limit=1").json()
    assert len(everything["results"]) == 1
    assert everything["next"]
    assert client.get("/v1/syntheses?state=nonsense").status_code == 422


def test_a_stranger_finds_nothing_behind_any_door(client, world, another_world):
    place = done(client, world)
    stranger = another_world.org.client()
    nowhere = stranger.get("/v1/syntheses/00000000-0000-4000-8000-000000000000").json()
    for path in (place, f"{place}/audio", f"{place}/events"):
        answer = stranger.get(path)
        assert answer.status_code == 404
        assert {**answer.json(), "request_id": 0} == {**nowhere, "request_id": 0}
    assert stranger.post(f"{place}/cancel").status_code == 404
    assert stranger.get("/v1/syntheses").json()["results"] == []
    body = another_world.body(voice_version=str(world.version.pk))
    assert stranger.post("/v1/syntheses", body, format="json").status_code == 404
    body = another_world.body(consent=str(world.consent.pk))
    assert stranger.post("/v1/syntheses", body, format="json").status_code == 404


def test_reading_does_not_allow_making(world):
    reader = world.org.client(Scope.SYNTHESES_READ)
    assert post(reader, world).status_code == 403
    assert reader.get("/v1/syntheses").status_code == 200
    auditor = world.org.member_client(Role.AUDITOR)
    assert auditor.get("/v1/syntheses").status_code == 200
    assert APIClient().get("/v1/syntheses").status_code == 401


def test_fine_tunes_over_http(client, world):
    order = {"voice": str(world.voice.pk)}
    refused = client.post("/v1/finetunes", order, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "recordings-needed")
    assert client.get("/v1/finetunes").json()["results"] == []
    assert client.get("/v1/finetunes/00000000-0000-4000-8000-000000000000").status_code == 404


def test_an_erased_speakers_sound_is_gone(client, world):
    from erasure.holdings import Subject
    from synthesis.holdings import SynthesisHolding
    from watermark.holdings import MarkHolding

    place, waiting = done(client, world), post(client, world)["Location"]
    subject = Subject(world.org.id, world.speaker.pk, world.speaker.key_handle)
    holdings = (SynthesisHolding(), MarkHolding())
    with tenant_scope(world.org.id):
        assert all(holding.left(subject) for holding in holdings)
        assert all(holding.destroy(subject) for holding in holdings)
        assert [holding.left(subject) for holding in holdings] == [[], []]
        assert [holding.destroy(subject) for holding in holdings] == [0, 0]
    for path in (place, f"{place}/audio", waiting):
        gone = client.get(path)
        assert (gone.status_code, gone.json()["code"]) == (410, "synthesis-erased")
    assert client.get("/v1/syntheses").json()["results"] == []
    assert not Outbox.objects.exists()


def test_another_persons_sounds_survive_an_erasure(world, another_world):
    from erasure.holdings import Subject
    from synthesis.holdings import SynthesisHolding

    kept = another_world.rendered()
    with tenant_scope(world.org.id):
        world.rendered()
        SynthesisHolding().destroy(Subject(world.org.id, world.speaker.pk, world.speaker.key_handle))
    assert another_world.org.client().get(f"/v1/syntheses/{kept.pk}/audio").status_code == 200


def test_what_is_shown_is_what_the_serializer_says(client, world):
    """`shown` takes a shorter way; it must lead to the same place for every row and every list."""
    done(client, world)
    post(client, world)
    with tenant_scope(world.org.id):
        rows = list(Synthesis.objects.all())
        assert {row.state for row in rows} == {"done", "queued"}
        for row in rows:
            assert shown(SynthesisOut, row) == SynthesisOut(row).data
            row.problem_code, row.problem_detail = "storage-away", "It does not answer"
            assert shown(SynthesisOut, row) == SynthesisOut(row).data
        voice = Voice.objects.select_related("speaker").get()
        assert shown(VoiceOut, voice) == VoiceOut(voice).data
        assert shown(VersionOut, voice.versions.get()) == VersionOut(voice.versions.get()).data
        assert shown(SpeakerOut, voice.speaker) == SpeakerOut(voice.speaker).data
    listed = client.get("/v1/syntheses").json()["results"]
    assert [one["id"] for one in listed] == [str(row.pk) for row in sorted(rows, key=lambda row: row.created_at)][::-1]
    assert client.get("/v1/syntheses?state=done").json()["results"] == [one for one in listed if one["state"] == "done"]
    assert client.get("/v1/syntheses?state=nonsense").status_code == 422


def test_a_consent_comes_with_its_speaker_and_the_databases_clock_in_one_question(world):
    with tenant_scope(world.org.id), CaptureQueriesContext(connection) as asked:
        found = consent_require(tenant_id=world.org.id, consent_id=world.consent.pk, use=Use(act="enrol"), lock=False)
        assert found.speaker == world.speaker
        assert found.read_at <= database_now()
    assert len([one for one in asked if "consent_consent" in one["sql"]]) == 1
