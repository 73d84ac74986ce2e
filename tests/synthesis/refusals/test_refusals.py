"""The do-not-clone list: who keeps it, whom it binds, and that it is asked before anything is learned."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError

from audio.clip import Clip
from isolation.scope import tenant_scope
from synthesis import judging
from synthesis.engine import BINS
from synthesis.humming import HummingEngine
from synthesis.models import FineTune
from synthesis.refusals.models import DoNotClone
from synthesis.refusals.services import operator_add, reference_read
from tenants.actor import Role
from tests.synthesis.test_finetunes import READ, recorded, trained
from voices.models import VoiceVersion
from work.models import JobState

pytestmark = pytest.mark.django_db(transaction=True)


def hummed(pitch: float) -> Clip:
    engine = HummingEngine()
    samples = engine.render(
        engine.prepare(" ".join(READ)), engine.base_voice(), pitch=pitch,
        gain=lambda first, frames: np.ones((frames, BINS), np.float32),
    )  # fmt: skip
    return Clip(samples, engine.rate_hz)


def as_wav(clip: Clip) -> bytes:
    stored = io.BytesIO()
    soundfile.write(stored, clip.samples, clip.rate_hz, format="WAV", subtype="PCM_16")
    return stored.getvalue()


@pytest.fixture
def takes(world):
    return [recorded(world, text) for text in READ]


@pytest.mark.parametrize("kind", ["adapted", "preview"])
def test_who_is_on_the_list_is_not_cloned(world, takes, kind):
    operator_add(hummed(1.3))
    tune = trained(world, kind=kind)
    assert (tune.state, tune.problem_code) == (JobState.FAILED, "do-not-clone")
    with tenant_scope(world.org.id):
        assert VoiceVersion.objects.filter(voice=world.voice).count() == 1


def test_the_list_is_asked_and_nothing_else_keeps_the_person_out(world, takes, monkeypatch):
    """The guard taken away: the same recordings become a voice."""
    operator_add(hummed(1.3))
    monkeypatch.setattr(judging, "require_not_listed", lambda *given: None)
    assert trained(world).state == JobState.DONE


def test_another_person_on_the_list_is_no_hindrance(world, takes):
    operator_add(hummed(0.6))
    assert trained(world).state == JobState.DONE


def client_of(world):
    return world.org.member_client(Role.COMPLIANCE)


def listed(world, clip: Clip):
    return client_of(world).post("/v1/do-not-clone", {"clip": SimpleUploadedFile("a.wav", as_wav(clip))})


def test_a_tenants_entry_binds_the_tenant_and_the_others_once_it_is_confirmed(world, another_world, takes):
    theirs = [recorded(another_world, text) for text in READ]
    made = listed(world, hummed(1.3))
    assert (made.status_code, made.json()["confirmed"]) == (201, False)
    assert trained(world).problem_code == "do-not-clone"
    assert trained(another_world, recordings=theirs).state == JobState.DONE
    call_command("do_not_clone", "confirm", made.json()["id"])
    assert trained(another_world, recordings=theirs).problem_code == "do-not-clone"


def test_taken_off_again(world, takes):
    made = listed(world, hummed(1.3)).json()
    assert client_of(world).delete(f"/v1/do-not-clone/{made['id']}").status_code == 204
    assert not DoNotClone.objects.exists()
    assert trained(world).state == JobState.DONE


def test_nobody_elses_entry_can_be_seen_or_removed(world, another_world):
    made = listed(world, hummed(1.3)).json()
    stranger = client_of(another_world)
    assert stranger.get("/v1/do-not-clone").json()["results"] == []
    assert stranger.delete(f"/v1/do-not-clone/{made['id']}").status_code == 404
    assert [one["id"] for one in client_of(world).get("/v1/do-not-clone").json()["results"]] == [made["id"]]


def test_the_list_is_kept_by_people(world):
    clip = SimpleUploadedFile("a.wav", as_wav(hummed(1.3)))
    assert world.org.client().post("/v1/do-not-clone", {"clip": clip}).json()["code"] == "person-needed"
    producer = world.org.member_client(Role.PRODUCER)
    assert producer.post("/v1/do-not-clone", {"clip": clip}).status_code == 403


def test_a_reference_of_nothing_is_refused(world):
    assert listed(world, Clip(np.zeros(240_000, np.float32), 24_000)).json()["code"] == "reference-too-short"
    assert listed(world, hummed(1.3).cut(0.0, 2.0)).json()["code"] == "reference-too-short"


def test_the_reference_lies_sealed(world):
    entry = operator_add(reference_read(as_wav(hummed(1.3))))
    assert b"fLaC" not in bytes(entry.sealed_reference)


def test_the_operators_command(world, tmp_path, capsys):
    file = tmp_path / "person.wav"
    file.write_bytes(as_wav(hummed(1.3)))
    call_command("do_not_clone", "add", str(file))
    identity = DoNotClone.objects.get().pk
    call_command("do_not_clone", "list")
    assert f"{identity}" in capsys.readouterr().out
    call_command("do_not_clone", "remove", str(identity))
    assert not DoNotClone.objects.exists()
    with pytest.raises(CommandError):
        call_command("do_not_clone", "remove", str(identity))


def test_rows_of_jobs_keep_the_code_alone(world, takes):
    operator_add(hummed(1.3))
    tune = trained(world)
    with tenant_scope(world.org.id):
        assert FineTune.objects.get(pk=tune.pk).version_id is None
