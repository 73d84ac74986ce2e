"""Speech in, the same words in a consented voice out: the gates of a synthesis, and what becomes of the recording."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Format, encode
from erasure.holdings import Subject
from isolation.scope import tenant_scope
from storage.objects import object_store
from synthesis.conversions.jobs import conversion_render, sweep_sources
from synthesis.holdings import SynthesisHolding
from synthesis.humming import HummingEngine
from synthesis.models import SOURCE_KIND, Synthesis
from tests.populate import takes
from tests.synthesis.conftest import USE
from watermark.codec.embed import new_place
from watermark.codec.field import gain_field
from watermark.findings import look
from watermark.ring import live_keys

pytestmark = pytest.mark.django_db(transaction=True)
TAKE = takes("kathleen", 3)


def asked(client, world, recording: bytes = TAKE[0].data, **fields):
    form = {
        "clip": SimpleUploadedFile("in.opus", recording), "transcript": TAKE[0].text,
        "voice_version": str(world.version.pk), "use": json.dumps(USE),
    } | fields  # fmt: skip
    return client.post("/v1/conversions", form, format="multipart")


def converted(client, world, **fields) -> dict:
    answer = asked(client, world, **fields)
    assert answer.status_code == 202, answer.content
    conversion_render(tenant_id=world.org.id, job_id=answer.json()["id"])
    return client.get(answer["Location"]).json()


def sources(world) -> list[str]:
    return [info.key for info in object_store().find(f"{world.org.id}/{SOURCE_KIND}/")]


def test_a_recording_comes_back_marked_and_is_destroyed(world):
    client = world.org.client()
    answer = asked(client, world)
    assert (answer.status_code, answer.json()["converted"]) == (202, True), answer.content
    (key,) = sources(world)
    assert TAKE[0].data not in object_store().get(key)  # sealed
    conversion_render(tenant_id=world.org.id, job_id=answer.json()["id"])
    after = client.get(answer["Location"]).json()
    assert after["state"] == "done", after
    sound = decode(client.get(answer["Location"] + "/audio").content)
    assert look(sound, live_keys(), "quick").decides
    assert abs(sound.length_s - decode(TAKE[0].data).length_s) < 1.0
    assert not sources(world)


def test_what_carries_our_own_mark_is_refused_and_destroyed(world):
    engine, key = HummingEngine(), live_keys()[0]
    gain = gain_field(key, 0x123456789ABC, *new_place(), rate_hz=engine.rate_hz)
    marked = engine.render(engine.prepare(TAKE[0].text * 3), engine.base_voice(), gain=gain)
    found = converted(world.org.client(), world, recording=encode(Clip(marked, engine.rate_hz), Format.FLAC).data)
    assert (found["state"], found["problem"]["code"]) == ("failed", "conversion-source-marked")
    assert not sources(world)


def test_other_words_than_the_recordings_are_refused(world):
    found = converted(world.org.client(), world, transcript=TAKE[2].text)
    assert (found["state"], found["problem"]["code"]) == ("failed", "conversion-transcript-differs")


@pytest.mark.parametrize("recording", [b"no sound at all", TAKE[0].data[:40]])
def test_what_is_no_sound_fails_and_is_destroyed(world, recording):
    found = converted(world.org.client(), world, recording=recording)
    assert found["state"] == "failed"
    assert found["problem"]["code"].startswith("audio-")
    assert not sources(world)


def test_silence_is_refused_with_what_was_measured(world):
    quiet = encode(Clip(np.zeros(48_000, np.float32), 24_000), Format.WAV).data
    found = converted(world.org.client(), world, recording=quiet)
    assert (found["state"], found["problem"]["code"]) == ("failed", "conversion-source-unusable")


def test_the_use_has_to_lie_inside_the_terms(world):
    answer = asked(world.org.client(), world, use=json.dumps(USE | {"purpose": "advertising"}))
    assert answer.status_code == 403, answer.content
    assert not sources(world)
    with tenant_scope(world.org.id):
        assert not Synthesis.objects.exists()


def test_a_withdrawal_while_it_waits_wins_and_the_sweep_takes_the_recording(world):
    client = world.org.client()
    place = asked(client, world)["Location"]
    world.withdraw()
    conversion_render(tenant_id=world.org.id, job_id=place.rsplit("/", 1)[1])
    assert client.get(place).json()["problem"]["code"] == "consent-withdrawn"
    with tenant_scope(world.org.id):
        assert sweep_sources(tenant_id=world.org.id) == 1
    assert not sources(world)


def test_an_erasure_takes_the_recording_too(world):
    asked(world.org.client(), world)
    assert sources(world)
    with tenant_scope(world.org.id):
        subject = Subject(world.org.id, world.speaker.pk, world.speaker.key_handle)
        assert any("sound" in one for one in SynthesisHolding().left(subject))
        SynthesisHolding().destroy(subject)
        assert not SynthesisHolding().left(subject)
    assert not sources(world)


@pytest.mark.parametrize("use", ["", "[]", "{", "null", '{"purpose": 1}'])
def test_a_use_that_is_no_object_is_refused(world, use):
    assert asked(world.org.client(), world, use=use).status_code == 422
