"""From recordings to a version of a voice that speaks."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from uuid import UUID, uuid4

import numpy as np
import pytest

from audio.clip import Clip
from audio.encode import Format, encode
from audit.models import AuditEntry
from consent.errors import ConsentScope
from erasure.holdings import Subject
from isolation.scope import tenant_scope
from storage.objects import object_store
from storage.sealing import seal_bytes, seal_text
from synthesis import jobs
from synthesis.card import bars
from synthesis.engine import BINS, Interim
from synthesis.enginehost import EngineHost
from synthesis.errors import NoRecordings
from synthesis.halfway import sweep_halfway
from synthesis.holdings import SynthesisHolding
from synthesis.humming import HummingEngine
from synthesis.jobs import finetune_train, synthesis_render
from synthesis.models import FINETUNE_TASK, HALFWAY_KIND, FineTune
from synthesis.services import finetune_cancel, finetune_request
from tenants.actor import Role
from voices.errors import VoiceDraft
from voices.models import SOUND, TRANSCRIPT, Recording, Upload, VoiceVersion
from work import leases, pulse
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
READ = ("The quick brown fox jumps over the lazy dog.", "Please hold the line, somebody will be with you soon.")
HALF = b"what a training goes on from"


@lru_cache(maxsize=4)
def flac(text: str, pitch: float) -> bytes:
    engine = HummingEngine()
    samples = engine.render(
        engine.prepare(text),
        engine.base_voice(),
        gain=lambda first, frames: np.ones((frames, BINS), np.float32),
        pitch=pitch,
    )
    return encode(Clip(samples, engine.rate_hz), Format.FLAC).data


def recorded(world, text: str, pitch: float = 1.3) -> UUID:
    """An accepted recording, as ingest leaves it."""
    identity, speaker = uuid4(), world.speaker
    key = f"{world.org.id}/recordings/{speaker.pk}/{identity}"
    owner = {"tenant_id": world.org.id, "handle": speaker.key_handle, "object_id": identity}
    object_store().put(key, seal_bytes(**owner, purpose=SOUND, data=flac(text, pitch)))
    with tenant_scope(world.org.id):
        upload = Upload.objects.create(
            tenant_id=world.org.id, speaker=speaker, consent=world.consent, object_key=f"{key}-upload", size=1,
            content_type="audio/flac", expires_at=world.consent.valid_until,
        )  # fmt: skip
        Recording.objects.create(
            id=identity, tenant_id=world.org.id, speaker=speaker, consent=world.consent, upload=upload, language="en",
            object_key=key, sealed_transcript=seal_text(**owner, purpose=TRANSCRIPT, text=text),
            state=JobState.DONE, length_s=3.0, weight=1.0,
        )  # fmt: skip
    return identity


@pytest.fixture
def takes(world) -> list[UUID]:
    return [recorded(world, text) for text in READ]


def asked(world, **order) -> FineTune:
    with tenant_scope(world.org.id):
        return finetune_request(actor=world.org.actor(), voice_id=world.voice.pk, **order)


def trained(world, **order) -> FineTune:
    tune = asked(world, **order)
    finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    return reread(world, tune)


def reread(world, tune: FineTune) -> FineTune:
    with tenant_scope(world.org.id):
        return FineTune.objects.select_related("version").get(pk=tune.pk)


def events() -> list[str]:
    return [json.loads(bytes(entry.body))["event"] for entry in AuditEntry.objects.order_by("pk")]


@pytest.mark.parametrize("kind", ["adapted", "preview"])
def test_recordings_become_a_version_that_speaks_with_its_pitch(world, takes, kind):
    tune = trained(world, kind=kind)
    assert (tune.state, tune.problem_code) == (JobState.DONE, "")
    assert tune.version.preview is (kind == "preview")
    assert events().count("finetune.done") == 1
    world.version = tune.version
    row = world.rendered()
    assert row.state == JobState.DONE, row.problem_code


def test_what_a_preview_listens_to_is_short_and_sealed(world, takes):
    version = trained(world, kind="preview").version
    sealed = object_store().get(version.adapter_object)
    assert b"RIFF" not in sealed
    assert len(sealed) < 1_000_000


def test_only_the_recordings_that_were_named_are_used(world, takes):
    assert trained(world, recordings=takes[:1]).recordings == takes[:1]


def test_a_voice_without_recordings_is_told_so(world):
    with pytest.raises(NoRecordings):
        asked(world)


def test_recordings_of_another_tenant_are_not_there(world, another_world):
    theirs = recorded(another_world, READ[0])
    with pytest.raises(NoRecordings):
        asked(world, recordings=[theirs])


def test_terms_without_fine_tuning_allow_a_preview_only(no_finetune_world):
    world = no_finetune_world
    recorded(world, READ[0])
    with pytest.raises(ConsentScope):
        asked(world)
    assert trained(world, kind="preview").state == JobState.DONE


def test_a_withdrawal_before_the_end_leaves_no_version(world, takes, settings, monkeypatch):
    settings.CONSENT_REACTIONS = []
    tune = asked(world)
    preview = jobs._takes

    def withdrawn_meanwhile(*arguments):
        found = preview(*arguments)
        world.withdraw()
        return found

    monkeypatch.setattr(jobs, "_takes", withdrawn_meanwhile)
    finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    tune = reread(world, tune)
    assert (tune.state, tune.problem_code) == (JobState.FAILED, "consent-withdrawn")
    with tenant_scope(world.org.id):
        assert VoiceVersion.objects.count() == 1


def test_a_late_trainer_adds_no_version(world, takes):
    tune = asked(world)
    late = leases.claim(FineTune, tenant_id=world.org.id, job_id=tune.pk, task=FINETUNE_TASK)
    with tenant_scope(world.org.id):
        FineTune.objects.filter(pk=tune.pk).update(lease_until=tune.created_at)
    finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    with pytest.raises(leases.LeaseLost):
        jobs._train(late)
    with tenant_scope(world.org.id):
        assert VoiceVersion.objects.filter(voice=world.voice).count() == 2


class Dying(HummingEngine):
    """Hums, and dies in the middle of every training that goes on from nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[bytes | None] = []

    def adapt(self, takes, *, begun=None, interim=None, **how):
        self.begun.append(begun)
        if begun is None:
            interim(Interim(0.5, HALF, b""))
            raise ConnectionResetError("killed")
        return super().adapt(takes, **how)


@pytest.fixture
def dying(monkeypatch) -> Dying:
    engine = Dying()
    monkeypatch.setattr(jobs, "HOST", EngineHost(lambda: engine))
    return engine


def half_done(world) -> list[str]:
    return [info.key for info in object_store().find(f"{world.org.id}/{HALFWAY_KIND}/")]


def killed(world) -> FineTune:
    """A fine-tune whose first worker died half-way, and which another may take up at once."""
    tune = asked(world)
    with pytest.raises(ConnectionResetError):
        finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    return tune


def test_the_next_worker_goes_on_where_one_has_died_and_nothing_of_it_stays(world, takes, dying):
    tune = killed(world)
    assert half_done(world) == [f"{world.org.id}/{HALFWAY_KIND}/{world.speaker.pk}/{tune.pk}"]
    assert HALF not in object_store().get(half_done(world)[0])
    finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    assert reread(world, tune).state == JobState.DONE
    assert dying.begun == [None, HALF]
    assert not half_done(world)


def test_a_training_half_done_goes_on_in_its_own_job_alone(world, takes, dying):
    killed(world)
    killed(world)
    assert dying.begun == [None, None]


def test_what_a_withdrawal_stopped_half_way_is_swept_and_what_waits_is_not(world, takes, dying):
    killed(world)
    with tenant_scope(world.org.id):
        assert sweep_halfway(tenant_id=world.org.id) == 0
    world.withdraw()
    with tenant_scope(world.org.id):
        assert sweep_halfway(tenant_id=world.org.id) == 1
    assert not half_done(world)


def test_an_erasure_takes_a_training_half_done_too(world, takes, dying):
    killed(world)
    with tenant_scope(world.org.id):
        subject = Subject(world.org.id, world.speaker.pk, world.speaker.key_handle)
        assert any(HALFWAY_KIND in one for one in SynthesisHolding().left(subject))
        SynthesisHolding().destroy(subject)
        assert not SynthesisHolding().left(subject)
    assert not half_done(world)


def test_while_it_trains_it_tells_when_it_expects_to_be_done(world, takes, monkeypatch):
    told = []

    class Slow(HummingEngine):
        def adapt(self, takes, *, progress, **how):
            for done in (0.1, 0.5):
                progress(done)
                told.append(client.get(f"/v1/finetunes/{tune.pk}").json()["expected_at"])
            return super().adapt(takes)

    client, tune = world.org.client(), asked(world)
    monkeypatch.setattr(jobs, "HOST", EngineHost(Slow))
    monkeypatch.setattr(pulse, "TOLD_S", 0.0)
    finetune_train(tenant_id=world.org.id, job_id=tune.pk)
    assert told[0] is None
    assert datetime.fromisoformat(told[1]) >= tune.created_at
    assert client.get(f"/v1/finetunes/{tune.pk}").json()["expected_at"] is None


def test_a_waiting_fine_tune_is_cancelled_at_once(world, takes):
    tune = asked(world)
    with tenant_scope(world.org.id):
        finetune_cancel(actor=world.org.actor(), finetune_id=tune.pk)
    assert reread(world, tune).state == JobState.CANCELLED
    assert not Outbox.objects.filter(object_id=tune.pk).exists()


def test_the_engine_that_hears_no_voice_says_so(world, monkeypatch):
    silence = encode(Clip(np.zeros(24_000, np.float32), 24_000), Format.FLAC).data
    monkeypatch.setitem(globals(), "flac", lambda text, pitch: silence)
    recorded(world, READ[0])
    assert trained(world).problem_code == "too-little-speech"


def test_an_opened_voice_is_used_by_its_own_version_only(world, takes):
    """Two versions of one voice, called in turn: the cache never answers with the other's adapter."""
    other = trained(world).version
    rows = [world.queued(seed=1)]
    world.version = other
    rows.append(world.queued(seed=1))
    for row in rows:
        synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    lengths = {world.row(row.pk).media_sha256 for row in rows}
    assert len(lengths) == 2


def test_a_version_comes_with_its_card_and_its_picture(world, takes):
    version = trained(world).version
    assert version.measures["card"]["verdict"] == "ready"
    client = world.org.client()
    picture = client.get(f"/v1/voices/{world.voice.pk}/versions/{version.number}/picture")
    assert picture.content.startswith(b"\x89PNG")
    first = client.get(f"/v1/voices/{world.voice.pk}/versions/1/picture")
    assert first.json()["code"] == "voice-picture-missing"


@pytest.fixture
def strict(monkeypatch) -> None:
    monkeypatch.setattr(bars, "SIMILARITY_SLACK", -5.0)


def test_below_the_bar_it_is_a_draft_that_nobody_can_use_until_a_person_accepts_it(world, takes, strict):
    version = trained(world).version
    assert (version.state, version.measures["card"]["verdict"]) == ("draft", "draft")
    world.version = version
    with pytest.raises(VoiceDraft):
        world.queued()
    path = f"/v1/voices/{world.voice.pk}/versions/{version.number}/accept"
    assert world.org.client().post(path).json()["code"] == "person-needed"
    accepted = world.org.member_client(Role.OWNER).post(path)
    assert accepted.json()["state"] == "ready"
    assert "voice.version_accepted" in events()
    assert world.rendered().state == JobState.DONE
    assert world.org.member_client(Role.OWNER).post(path).json()["code"] == "voice-not-a-draft"


def test_a_draft_that_waits_in_the_queue_is_not_spoken(world, takes, strict):
    """Also the worker asks: a row that slipped past the admission comes to nothing."""
    row = world.queued()
    version = trained(world).version
    with tenant_scope(world.org.id):
        VoiceVersion.objects.filter(pk=world.version.pk).update(state="draft")
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    assert world.row(row.pk).problem_code == "voice-draft"
    assert version.state == "draft"


def test_a_preview_is_a_draft_that_may_be_heard(world, takes, strict):
    world.version = trained(world, kind="preview").version
    assert world.version.state == "draft"
    assert world.rendered().state == JobState.DONE
    path = f"/v1/voices/{world.voice.pk}/versions/{world.version.number}/accept"
    assert world.org.member_client(Role.OWNER).post(path).json()["code"] == "voice-not-a-draft"
