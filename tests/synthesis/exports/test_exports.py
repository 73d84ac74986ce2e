"""A voice that leaves: who may let it, what the file holds and says, and what stops it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import numpy as np
import onnxruntime
import pytest
import torch
from django.db import IntegrityError, connection

from audio.clip import Clip
from audio.g711 import mulaw_decode, mulaw_encode
from audio.resample import resample
from consent import receipts
from consent.errors import ConsentScope, ConsentWithdrawn
from consent.models import Receipt
from consent.rules import Use
from consent.selectors import receipt_key, receipt_public_key
from isolation.scope import tenant_scope
from storage.objects import object_store
from synthesis.engine import NotPortable, Portable
from synthesis.enginehost import EngineHost
from synthesis.errors import Quarantined
from synthesis.exports import jobs
from synthesis.exports.errors import ExportNotReady
from synthesis.exports.models import Export
from synthesis.exports.services import export_cancel, export_download, export_request
from synthesis.neural import NeuralEngine
from synthesis.selectors import record_behind, uses_of_speaker
from synthesis.tts import adapter, bank, symbols
from synthesis.tts.adapter import Adapter
from tenants.actor import Actor, ActorKind, Role, Scope
from tenants.errors import PersonNeeded
from tests.synthesis.conftest import make_world
from tests.synthesis.test_finetunes import events
from voices.services import version_add
from watermark.codec.keys import STRETCHES
from watermark.codec.portable import tables
from watermark.errors import MarkUnreadable
from watermark.findings import look
from watermark.leaving import search_keys
from watermark.models import MarkRecord
from watermark.ring import live_keys
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
USE = Use(purpose="customer_service", territory="GB", recipient="customers", act="export")
WEIGHTS = Path(bank.__file__).parents[1] / "weights"
SENTENCE = "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ ænd sˈɪts dˌaʊn ˌʌndɚ ɐ tɹˈiː."


@lru_cache(maxsize=1)
def engine() -> NeuralEngine:
    return NeuralEngine.load(WEIGHTS)


@lru_cache(maxsize=1)
def adapted() -> bytes:
    """A voice a little away from the base's own: quicker than training one."""
    base = engine().base
    tensors = adapter.blank(base.config.acoustic, torch.from_numpy(base.voices["kathleen"]), seed=1)
    return Adapter(base.sha256, {name: value.detach() for name, value in tensors.items()}).to_bytes()


class Quick(NeuralEngine):
    """The shipped voice without the seconds that drawing a graph takes: its sound is marked from the same tables."""

    def portable(self, voice, mark, *, language="en", precision="float") -> Portable:
        def speak(script: str) -> np.ndarray:
            gain = lambda first, frames: mark.gains(4321, first, frames)  # noqa: E731 - as short as it gets
            return self.render(self.prepare(script), voice, gain=gain)

        return Portable(b"model", b"{}", b"_ 0\n", speak)


@pytest.fixture(autouse=True)
def quick_host(monkeypatch) -> None:
    monkeypatch.setattr(jobs, "HOST", EngineHost(lambda: Quick(engine().base)))


@pytest.fixture
def real_host(monkeypatch) -> None:
    monkeypatch.setattr(jobs, "HOST", EngineHost(engine))


def portable_world(**terms):
    """A world whose newest version is a trained one of the shipped base, and whose consent has its receipt."""
    world = make_world(**{"may_export": True, **terms})
    with tenant_scope(world.org.id):
        world.version = version_add(
            tenant_id=world.org.id, voice_id=world.voice.pk, adapter=adapted(), base_sha256=engine().base_sha256,
            measures={"card": {"similarity": 0.9}}, picture=b"PNG", preview=False,
        )  # fmt: skip
        document = {"format": receipts.FORMAT, "event": "consent.approved", "terms": world.consent.terms}
        Receipt.objects.create(
            tenant_id=world.org.id, consent=world.consent, kind="given",
            document=json.dumps(document), signature=receipts.sign(document, receipt_key()),
        )  # fmt: skip
    return world


@pytest.fixture
def world():
    return portable_world()


def asked(world, **order) -> Export:
    with tenant_scope(world.org.id):
        return export_request(actor=world.org.actor(), version_id=world.version.pk, **{"use": USE, **order})


def made(world, **order) -> Export:
    row = asked(world, **order)
    jobs.export_make(tenant_id=world.org.id, job_id=row.pk)
    return reread(world, row)


def reread(world, row: Export) -> Export:
    with tenant_scope(world.org.id):
        return Export.objects.select_related("consent").get(pk=row.pk)


def download(world, row: Export) -> dict[str, bytes]:
    with tenant_scope(world.org.id):
        data = export_download(actor=world.org.actor(), export_id=row.pk).data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def telephone(samples: np.ndarray) -> Clip:
    """Through G.711."""
    narrow = resample(Clip(samples, 24_000), 8_000).samples
    heard = mulaw_decode(mulaw_encode((narrow.clip(-1, 1) * 32767).astype(np.int16)))
    return Clip(heard.astype(np.float32) / 32768, 8_000)


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_the_file_speaks_and_its_mark_leads_back_to_the_export(world, real_host, precision):
    row = made(world, precision=precision)
    assert (row.state, row.problem_code) == (JobState.DONE, "")
    files = download(world, row)
    assert set(files) >= {"voice.onnx", "voice.onnx.json", "tokens.txt", "receipt.json", "LICENCE.txt", "README.txt"}
    assert files["voice-card.png"] == b"PNG"
    assert json.loads(files["voice-card.json"])["measures"] == {"card": {"similarity": 0.9}}
    receipts.verify(json.loads(files["receipt.json"]), receipt_public_key())
    said = bank.speak(files["voice.onnx"], [symbols.ids(SENTENCE)])
    for clip in (Clip(said, 24_000), telephone(said)):
        finding = look(clip, search_keys(), "quick")
        assert finding.verdict == "ours"
        assert [mark.record for mark in finding.marks] == [row.record]
    facts = record_behind(world.org.id, MarkRecord.objects.get(pk=row.record).synthesis_id)
    assert facts["export"] == str(row.pk)
    assert facts["consent_now"] == "active"


def test_the_file_holds_nothing_of_the_platforms_own_pattern(world, real_host):
    row = made(world)
    keys, files = search_keys(), download(world, row)
    model = files["voice.onnx"]
    assert [key.record for key in keys if key.stretches < STRETCHES] == [row.record]
    said = bank.speak(model, [symbols.ids(SENTENCE)])
    assert look(Clip(said, 24_000), live_keys(), "quick").verdict != "ours"
    assert not any(key.master in model or key.purpose("pattern") in model for key in keys)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == bank.metadata("en")
    assert [one.name for one in session.get_inputs()] == ["input", "input_lengths", "scales"]
    assert all(len(line.rsplit(" ", 1)[0]) == 1 for line in files["tokens.txt"].decode().splitlines())


def test_terms_without_export_let_nothing_out():
    with pytest.raises(ConsentScope):
        asked(portable_world(may_export=False))


@pytest.mark.parametrize("changed", [{"territory": "US"}, {"recipient": "public"}, {"purpose": "advertising"}])
def test_a_use_outside_the_terms_is_refused(world, changed):
    with pytest.raises(ConsentScope):
        asked(world, use=Use(**{**vars(USE), **changed}))


def test_a_service_key_gets_no_voice(world):
    client = world.org.client()
    body = {"voice_version": str(world.version.pk), "use": {name: getattr(USE, name) for name in
            ("purpose", "territory", "recipient")}}  # fmt: skip
    assert client.post("/v1/exports", body, format="json").json()["code"] == "person-needed"
    person = world.org.member_client(Role.OWNER).post("/v1/exports", body, format="json")
    assert person.status_code == 202
    path = f"/v1/exports/{person.json()['id']}"
    assert client.get(f"{path}/file").status_code == 403
    assert client.get(path).status_code == 200
    robot = Actor(world.org.id, ActorKind.KEY, uuid4(), frozenset(Scope))
    with tenant_scope(world.org.id), pytest.raises(PersonNeeded):
        export_request(actor=robot, version_id=world.version.pk, use=USE)
    with tenant_scope(world.org.id), pytest.raises(PersonNeeded):
        export_download(actor=robot, export_id=person.json()["id"])


def test_over_http_from_request_to_file(world):
    member = world.org.member_client(Role.OWNER)
    body = {"voice_version": str(world.version.pk), "use": {"purpose": "customer_service", "territory": "GB",
            "recipient": "customers"}}  # fmt: skip
    row = member.post("/v1/exports", body, format="json").json()
    early = member.get(f"/v1/exports/{row['id']}/file")
    assert early.json()["code"] == ExportNotReady.code
    jobs.export_make(tenant_id=world.org.id, job_id=row["id"])
    answer = member.get(f"/v1/exports/{row['id']}/file")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "private, no-store"


def test_a_preview_does_not_leave(world):
    with tenant_scope(world.org.id):
        world.version = version_add(
            tenant_id=world.org.id, voice_id=world.voice.pk, adapter=b"RIFF", base_sha256="0" * 64, measures={},
            preview=True,
        )  # fmt: skip
    with pytest.raises(NotPortable):
        asked(world)


def test_a_withdrawal_before_the_release_wins(world, settings, monkeypatch):
    settings.CONSENT_REACTIONS = []
    plain = jobs.heard

    def withdrawn_meanwhile(*arguments):
        world.withdraw()
        return plain(*arguments)

    monkeypatch.setattr(jobs, "heard", withdrawn_meanwhile)
    row = made(world)
    assert (row.state, row.problem_code, row.object_key) == (JobState.FAILED, "consent-withdrawn", "")
    assert not list(object_store().find(f"{world.org.id}/exports/"))


def test_a_withdrawal_puts_the_file_away_and_stops_what_waits(world):
    done, waiting = made(world), asked(world)
    world.withdraw()
    assert reread(world, waiting).state == JobState.CANCELLED
    assert not Outbox.objects.filter(object_id=waiting.pk).exists()
    with pytest.raises(ConsentWithdrawn):
        download(world, done)
    assert reread(world, done).quarantine_reason == "consent-withdrawn"


def test_without_the_reaction_the_download_is_refused_all_the_same(world, settings):
    settings.CONSENT_REACTIONS = []
    done = made(world)
    world.withdraw()
    with pytest.raises(ConsentWithdrawn):
        download(world, done)


def test_what_is_quarantined_is_not_handed_out(world):
    done = made(world)
    with tenant_scope(world.org.id):
        Export.objects.filter(pk=done.pk).update(quarantined_at=done.created_at, quarantine_reason="consent-expired")
    with pytest.raises(Quarantined):
        download(world, done)


def test_a_file_that_says_nothing_marked_does_not_leave(world, monkeypatch):
    monkeypatch.setattr(jobs, "tables", lambda key: replace(tables(key), limit_db=0.0))
    row = made(world)
    assert (row.state, row.problem_code) == (JobState.FAILED, MarkUnreadable.code)


def test_one_that_waits_is_cancelled_at_once(world):
    row = asked(world)
    with tenant_scope(world.org.id):
        export_cancel(actor=world.org.actor(), export_id=row.pk)
    assert reread(world, row).state == JobState.CANCELLED


def test_the_speaker_sees_it(world):
    row = asked(world)
    assert {"export": str(row.pk)} in [
        {use["what"]: use["id"]} for use in uses_of_speaker(world.org.id, world.speaker.pk)
    ]


def test_every_step_is_on_the_log(world):
    done = made(world)
    download(world, done)
    assert [event for event in events() if event.startswith("export.")] == [
        "export.requested", "export.released", "export.downloaded",
    ]  # fmt: skip


RELEASE = (
    "UPDATE exports_export SET state = 'done', object_key = 'x/y', released_at = clock_timestamp(), record = %s, "
    "read_back_p = %s WHERE id = %s"
)


def released_by_sql(world, row: Export, p_value: float = 1e-9, record: int | None = None) -> None:
    with tenant_scope(world.org.id), connection.cursor() as cursor:
        if record is None:
            record = uuid4().int % 2**48
            MarkRecord.objects.create(record=record, tenant_id=world.org.id, synthesis_id=row.pk, leaving_epoch=0)
        cursor.execute(RELEASE, [record, p_value, row.pk])


def test_with_everything_in_order_even_raw_sql_releases(world):
    released_by_sql(world, asked(world))


def test_raw_sql_lets_nothing_out_without_a_live_consent(world, settings):
    settings.CONSENT_REACTIONS = []
    row = asked(world)
    world.withdraw()
    with pytest.raises(IntegrityError, match="no voice leaves without a live consent"):
        released_by_sql(world, row)


def test_raw_sql_lets_nothing_out_that_the_terms_keep(monkeypatch):
    monkeypatch.setattr("synthesis.exports.services.consent_asked", lambda **given: None)
    row_world = portable_world(may_export=False)
    row = asked(row_world)
    with pytest.raises(IntegrityError, match="does not allow an export"):
        released_by_sql(row_world, row)


@pytest.mark.parametrize("wrong", [{"p_value": 1e-3}, {"record": 5}])
def test_raw_sql_lets_nothing_out_unheard(world, wrong):
    row = asked(world)
    with pytest.raises(IntegrityError, match="its own mark"):
        released_by_sql(world, row, **wrong)
