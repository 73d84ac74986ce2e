"""A stream from its request to its last window: what leaves, what never does, and how it ends."""

from __future__ import annotations

import hashlib
import json
import threading
import time

import numpy as np
import pytest
from django.db import IntegrityError, connection

from audio.decode import decode
from audio.encode import Encoded, Format, decode_raw
from audit.models import AuditEntry
from erasure.holdings import Subject
from isolation.scope import tenant_scope
from storage.errors import KeyShredded, SealBroken
from storage.keys import key_store
from storage.sealing import open_bytes
from synthesis import jobs as files
from synthesis.engine import BINS
from synthesis.enginehost import EngineHost
from synthesis.holdings import SynthesisHolding
from synthesis.humming import HummingEngine
from synthesis.models import WINDOW, Synthesis
from synthesis.services import synthesis_cancel
from synthesis.streams import jobs, listening, services
from synthesis.streams.pipe import AHEAD, _client, _keys, pipes_left
from synthesis.streams.windows import MOST_S, STREAMED
from tests.synthesis.streams.conftest import LONG, SHORT, events, last_row
from watermark.findings import look
from watermark.models import Mark
from watermark.ring import live_keys
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
RAW = {Format.PCM: (24_000, 2), Format.MULAW: (8_000, 1)}


def logged() -> list[str]:
    return [json.loads(bytes(entry.body))["event"] for entry in AuditEntry.objects.order_by("pk")]


def deaf_after(seconds: float) -> EngineHost:
    """An engine that forgets the mark after some seconds."""

    class Deaf(HummingEngine):
        def stream(self, utterances, voice, *, gain, **manner):
            def forgetful(first, frames):
                kept = (first + np.arange(frames))[:, None] * 256 / 24_000 < seconds
                return np.where(kept, gain(first, frames), np.ones((frames, BINS))).astype(np.float32)

            return super().stream(utterances, voice, gain=forgetful, **manner)

    return EngineHost(Deaf)


@pytest.mark.parametrize("to", STREAMED)
def test_text_in_marked_sound_out(world, ask, workers, to):
    answer = ask(LONG, format=to.value)
    assert answer.status_code == 200, answer.content
    parts = list(answer.streaming_content)
    data = b"".join(parts)
    workers.join()
    clip = decode_raw(Encoded(data, to, RAW[to][0], 1)) if to in RAW else decode(data)
    assert look(clip.mono(), live_keys(), "quick").decides
    row = last_row(world)
    assert answer["Location"] == f"/v1/syntheses/{row.pk}"
    assert (row.state, row.problem_code, row.object_key) == (JobState.DONE, "", "")
    assert row.media_sha256 == hashlib.sha256(data).hexdigest()
    assert row.media_type == answer["Content-Type"]
    assert abs(row.length_s - clip.length_s) < 0.01
    assert len(parts) >= clip.length_s / MOST_S
    rate_hz, width = RAW.get(to, (0, 0))
    if rate_hz:
        assert max(map(len, parts)) <= rate_hz * width
    with tenant_scope(world.org.id):
        mark = Mark.objects.get(synthesis_id=row.pk)
    assert mark.read_back_p <= 1e-6
    assert mark.markable_s > 5
    assert mark.sealed_fingerprint
    entries = logged()
    assert [entries.count(f"synthesis.{what}") for what in ("requested", "released", "streamed", "cut")] == [1, 1, 1, 0]
    assert not Outbox.objects.exists()


def test_the_same_as_events(world, ask):
    found = list(events(ask(accept="text/event-stream")))
    assert [event.name for event in found[:1] + found[-1:]] == ["start", "end"]
    assert {event.name for event in found[1:-1]} == {"audio"}
    row = last_row(world)
    assert found[0].data == {"synthesis": str(row.pk), "media_type": row.media_type, "rate_hz": 24_000}
    sound = b"".join(event.sound for event in found[1:-1])
    assert found[-1].data["sha256"] == row.media_sha256 == hashlib.sha256(sound).hexdigest()


def test_one_word_is_streamed_too(ask):
    assert len(b"".join(ask("Yes.").streaming_content)) > 5000


def test_a_stream_is_heard_once(world, client, ask):
    list(ask().streaming_content)
    row = last_row(world)
    gone = client.get(f"/v1/syntheses/{row.pk}/audio")
    assert (gone.status_code, gone.json()["code"]) == (410, "sound-not-kept")
    assert client.get(f"/v1/syntheses/{row.pk}").json()["streamed"] is True


# --- The consent ------------------------------------------------------------------------------------------


def after_withdrawal(world, ask, settings) -> tuple[int, list]:
    """Withdraw after two windows; how many windows came afterwards, and what else."""
    settings.CONSENT_REACTIONS = []  # they would stop the worker; each window's own question is judged here
    coming = events(ask(LONG, accept="text/event-stream"))
    heard = [next(coming) for _ in range(3)]
    assert [event.name for event in heard] == ["start", "audio", "audio"]
    world.withdraw()
    rest = list(coming)
    return sum(event.name == "audio" for event in rest), rest


def test_after_a_withdrawal_nothing_leaves_beyond_the_window_under_way(world, ask, workers, settings):
    count, rest = after_withdrawal(world, ask, settings)
    assert count <= 1
    assert rest[-1].name == "problem"
    assert (rest[-1].data["code"], rest[-1].data["status"]) == ("consent-withdrawn", 403)
    workers.join()
    row = last_row(world)
    assert (row.state, row.problem_code) == (JobState.CANCELLED, "consent-withdrawn")
    assert logged()[-1] == "synthesis.cut"
    assert pipes_left([row.pk]) == []


def test_without_the_question_for_each_window_the_rest_would_leave(world, ask, settings, monkeypatch):
    """The test above has power: with the guard taken out, the voice goes on."""
    monkeypatch.setattr(services, "consent_asked", lambda **_: None)
    count, rest = after_withdrawal(world, ask, settings)
    assert count > 5
    assert rest[-1].name == "end"


def test_the_withdrawals_own_reaction_stops_the_worker_too(world, ask, workers):
    coming = events(ask(LONG, accept="text/event-stream"))
    for _ in range(3):
        next(coming)
    world.withdraw()
    rest = list(coming)
    assert [event.name for event in rest] == ["problem"]
    assert rest[0].data["code"] == "consent-withdrawn"
    workers.join()


def test_a_raw_stream_breaks_off_and_its_reason_stands_on_the_row(world, client, ask):
    answer = ask(LONG)
    parts = answer.streaming_content
    next(parts)
    world.withdraw()
    with pytest.raises(listening.StreamCut):
        list(parts)
    told = client.get(answer["Location"]).json()
    assert (told["state"], told["problem"]["code"]) == ("cancelled", "consent-withdrawn")


def test_a_withdrawal_before_the_first_window_is_an_answer_like_any_other(world, ask, settings, monkeypatch):
    settings.CONSENT_REACTIONS = []
    issue = jobs.mark_issue
    monkeypatch.setattr(jobs, "mark_issue", lambda **names: (world.withdraw(), issue(**names))[1])
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (403, "consent-withdrawn")
    assert "synthesis.released" not in logged()


def test_a_use_outside_the_terms_is_refused_at_the_door(world, client, workers):
    body = world.body(use=world.body()["use"] | {"channel": "advertising"})
    refused = client.post("/v1/streams", body, format="json")
    assert refused.status_code in {403, 422}
    assert workers.going == []


# --- The mark ---------------------------------------------------------------------------------------------


def test_an_engine_that_ignores_the_mark_is_not_heard(world, ask, monkeypatch):
    monkeypatch.setattr(files, "HOST", deaf_after(0.0))
    answer = ask(LONG)
    assert (answer.status_code, answer.json()["code"]) == (409, "mark-unreadable")
    with tenant_scope(world.org.id):
        assert not Mark.objects.exists()


def test_a_mark_that_stops_stops_the_stream(world, ask, monkeypatch):
    monkeypatch.setattr(files, "HOST", deaf_after(4.0))
    found = list(events(ask(LONG, accept="text/event-stream")))
    assert found[-1].data["code"] == "mark-unreadable"
    heard_s = sum(len(event.sound) for event in found[1:-1]) / 48_000
    assert 2.5 < heard_s < 4.0 + MOST_S


def test_without_the_read_back_unmarked_sound_would_be_heard(world, ask, monkeypatch):
    """The two tests above have power: with the guard taken out, the deaf engine speaks to the end."""

    class Trusting:
        worst_p, markable_s = 1e-9, 3.0
        hear = staticmethod(lambda window: True)
        finish = staticmethod(lambda: None)

    monkeypatch.setattr(files, "HOST", deaf_after(0.0))
    monkeypatch.setattr(jobs, "RollingReadBack", lambda *_: Trusting())
    data = b"".join(ask(SHORT).streaming_content)
    assert look(decode_raw(Encoded(data, Format.PCM, 24_000, 1)), live_keys(), "quick").verdict != "ours"


def test_the_database_too_wants_a_mark_and_a_consent_before_a_stream_opens(world, settings):
    row = world.queued()
    with tenant_scope(world.org.id):
        row = Synthesis.objects.create(
            **{
                name: getattr(row, name)
                for name in ("tenant_id", "version_id", "consent_id", "subject_handle", "requested_by", "purpose",
                             "channel", "language", "territory", "content_class", "recipient", "characters")
            },
            streamed=True,
        )  # fmt: skip

    def opened() -> None:
        with tenant_scope(world.org.id):
            Synthesis.objects.filter(pk=row.pk).update(released_at=row.created_at)

    with pytest.raises(IntegrityError, match="before its mark was read back"):
        opened()
    settings.CONSENT_REACTIONS = []
    world.withdraw()
    with pytest.raises(IntegrityError, match="without a live consent"):
        opened()


# --- The listener and the worker ----------------------------------------------------------------------------


def test_who_hangs_up_stops_the_worker(world, ask, workers):
    answer = ask(LONG)
    next(answer.streaming_content)
    answer.close()
    workers.join(within_s=5)
    row = last_row(world)
    assert (row.state, row.problem_code) == (JobState.CANCELLED, "listener-gone")
    assert pipes_left([row.pk]) == []
    assert Outbox.objects.count() == 0


def test_the_worker_goes_no_further_ahead_than_it_may(world, ask, workers):
    answer = ask(LONG)
    parts = answer.streaming_content
    next(parts)
    time.sleep(1.0)
    key, _ = _keys(last_row(world).pk)
    assert _client().xlen(key) <= 1 + AHEAD
    assert workers.going[0].is_alive()
    answer.close()


def test_a_listener_that_takes_nothing_is_given_up(world, ask, workers, monkeypatch):
    monkeypatch.setattr(jobs, "GONE_S", 0.3)
    monkeypatch.setattr(jobs, "KEEP_LEASE_S", 0.1)
    answer = ask(LONG)
    next(answer.streaming_content)
    workers.join(within_s=8)
    assert last_row(world).problem_code == "listener-gone"
    answer.close()


def test_a_cancelled_stream_ends_with_its_code(world, ask):
    coming = events(ask(LONG, accept="text/event-stream"))
    for _ in range(3):
        next(coming)
    with tenant_scope(world.org.id):
        synthesis_cancel(actor=world.org.actor(), synthesis_id=last_row(world).pk)
    rest = list(coming)
    assert rest[-1].data["code"] == "job-cancelled"


def test_a_worker_that_died_is_not_taken_up_in_the_middle(world, client, monkeypatch):
    monkeypatch.setattr(services, "_wake", lambda *_: None)
    monkeypatch.setattr(listening, "FIRST_WITHIN_S", 0.0)
    monkeypatch.setattr("synthesis.streams.pipe.WAIT_S", 0.05)
    late = client.post("/v1/streams", world.body(), format="json")
    assert (late.status_code, late.json()["code"]) == (503, "stream-late")
    assert last_row(world).state == JobState.CANCELLED
    row = world.queued()
    with tenant_scope(world.org.id):
        Synthesis.objects.filter(pk=row.pk).delete()
        row.pk, row.streamed, row.fence, row.state, row.lease_until = None, True, 1, "running", row.created_at
        row.id = last_row(world).pk.__class__(int=7)
        row.save(force_insert=True)
    jobs.stream_render(tenant_id=world.org.id, job_id=row.pk)
    assert (world.row(row.pk).state, world.row(row.pk).problem_code) == (JobState.FAILED, "stream-broken")


def test_a_text_with_nothing_to_say_is_an_answer_like_any_other(ask):
    answer = ask("...")
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing-to-say")


def test_an_unexpected_error_breaks_the_stream_and_is_not_swallowed(ask, workers, monkeypatch):
    def fails(*_):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(jobs, "mark_issue", lambda **_: fails())
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (409, "stream-broken")
    workers.join()
    assert [type(error) for error in workers.failed] == [RuntimeError]


def test_a_tenant_listens_to_so_many_at_once(ask, settings):
    settings.STREAMS_AT_ONCE = 1
    first = ask(LONG)
    refused = ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "streams-busy")
    first.close()


# --- What Redis holds ---------------------------------------------------------------------------------------


def test_redis_holds_no_sound_that_anybody_could_hear(world, ask, workers):
    answer = ask(LONG)
    first = next(answer.streaming_content)
    row = last_row(world)
    key, _ = _keys(row.pk)
    entries = _client().xrange(key)
    assert 0 < _client().ttl(key) <= 90
    sealed = entries[0][1][b"w"]
    assert first[:64] not in sealed

    def opened(number: int) -> bytes:
        return open_bytes(
            tenant_id=world.org.id,
            handle=world.speaker.key_handle,
            purpose=WINDOW,
            object_id=f"{row.pk}/{number}",
            data=sealed,
        )

    assert opened(1) == first
    with pytest.raises(SealBroken):
        opened(2)
    answer.close()
    workers.join()
    key_store().shred(world.speaker.key_handle)
    with pytest.raises(KeyShredded):
        opened(1)


def test_an_erasure_stops_the_stream_and_clears_its_pipe(world, ask, workers):
    coming = events(ask(LONG, accept="text/event-stream"))
    for _ in range(3):
        next(coming)
    subject = Subject(world.org.id, world.speaker.pk, world.speaker.key_handle)
    with tenant_scope(world.org.id):
        SynthesisHolding().destroy(subject)
    rest = list(coming)
    assert [event.name for event in rest] == ["problem"]
    assert rest[0].data["status"] == 410
    workers.join()
    with tenant_scope(world.org.id):
        SynthesisHolding().destroy(subject)
        assert SynthesisHolding().left(subject) == []


def test_a_stranger_cannot_listen(world, ask):
    from tests.factories import make_organisation

    stranger = make_organisation().client()
    answer = stranger.post("/v1/streams", world.body(), format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_twin_of_the_hint_does_nothing(world, ask, workers):
    answer = ask(LONG)
    next(answer.streaming_content)
    row = last_row(world)
    twin = threading.Thread(
        target=lambda: (jobs.stream_render(tenant_id=world.org.id, job_id=row.pk), connection.close())
    )
    twin.start()
    twin.join(5)
    assert len(list(answer.streaming_content)) > 3
    workers.join()
    assert last_row(world).fence == 1
