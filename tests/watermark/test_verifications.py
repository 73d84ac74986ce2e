"""Clips come in, verdicts go out: over HTTP, on the real database, with the real codec and decoder."""

from __future__ import annotations

import json
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from rest_framework.test import APIClient

from audio.clip import Clip
from isolation.scope import tenant_scope
from storage.objects import object_store
from tenants.actor import Role, Scope
from tests.factories import Organisation, make_organisation
from watermark import findings
from watermark.codec.embed import embed
from watermark.codec.keys import KEY_FILE_VERSION
from watermark.findings import Confirmation
from watermark.jobs import sweep_pending, verification_search
from watermark.models import Mark, MarkPlace, MarkRecord, Verification
from watermark.ring import live_keys
from watermark.services import Issue, mark_confirm, mark_issue
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = (5, 77)
HISS = 0.056


@pytest.fixture
def org() -> Organisation:
    return make_organisation()


@pytest.fixture
def swift(monkeypatch):
    """The full search, as short as the quick one: what it finds is the codec's matter, tested there."""
    monkeypatch.setitem(findings._SEARCH, "full", "none")


def given_out(org: Organisation, speak, text=None):
    """A sound with a mark that the platform knows: what a release leaves behind, without the synthesis."""
    from storage.keys import key_store

    handle, synthesis_id = f"spk-{uuid4().hex}", uuid4()
    key_store().create(handle)
    issue = mark_issue(tenant_id=org.id, synthesis_id=synthesis_id)
    clip = speak(*([text] if text else []), key=issue.key, record=issue.record)
    seen = findings.read_back(clip, issue.key, issue.record, PLACE)
    with tenant_scope(org.id):
        mark_confirm(
            tenant_id=org.id, synthesis_id=synthesis_id, subject_handle=handle, issue=issue, place=PLACE, seen=seen
        )
    return issue, clip, handle


def ask(client: APIClient, data: bytes, **headers):
    upload = SimpleUploadedFile("clip.wav", data, content_type="audio/wav")
    return client.post("/v1/verifications", {"clip": upload}, format="multipart", headers=headers)


def test_a_marked_clip_is_answered_at_once_with_what_stands_behind_it(org, speak, as_wav, monkeypatch):
    issue, clip, _ = given_out(org, speak)
    answer = ask(org.client(), as_wav(clip))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["verdict"] == "ours"
    assert body["p_value"] < 1e-6
    assert body["layers"] == {"examined": ["watermark"], "fired": ["watermark"]}
    [mark] = body["marks"]
    assert mark["record"] == f"{issue.record:012x}"
    assert mark["content"] == "matches"
    assert mark["spans"][0]["end_s"] > 2
    # The synthesis itself does not exist here: that reads as erased, and the sound stays ours.
    assert body["attribution"] == [{"record": f"{issue.record:012x}", "standing": "erased"}]


def test_a_mark_copied_onto_other_speech_is_told(org, speak, as_wav):
    issue, _, _ = given_out(org, speak)
    other = speak("Nobody had expected that.", seed=4).samples[::-1]
    forged = Clip(embed(np.tile(other, 3), 24_000, issue.key, issue.record).samples, 24_000)
    [mark] = ask(org.client(), as_wav(forged)).json()["marks"]
    assert mark["content"] == "differs"


def test_after_the_fingerprint_is_gone_the_sound_is_still_ours(org, speak, as_wav):
    _, clip, handle = given_out(org, speak)
    with tenant_scope(org.id):
        Mark.objects.filter(subject_handle=handle).delete()
    body = ask(org.client(), as_wav(clip)).json()
    assert body["verdict"] == "ours"
    assert body["marks"][0]["content"] == "unknown"
    assert body["attribution"][0]["standing"] == "erased"


def test_after_the_key_is_shredded_the_content_is_unknown(org, speak, as_wav):
    from storage.keys import key_store

    _, clip, handle = given_out(org, speak)
    key_store().shred(handle)
    assert ask(org.client(), as_wav(clip)).json()["marks"][0]["content"] == "unknown"


def test_another_tenant_hears_that_it_is_ours_and_not_whose(org, speak, as_wav):
    _, clip, _ = given_out(org, speak)
    stranger = make_organisation().client(Scope.VERIFICATIONS_READ, Scope.VERIFICATIONS_WRITE)
    body = ask(stranger, as_wav(clip)).json()
    assert body["verdict"] == "ours"
    assert body["attribution"] == []
    assert str(org.id) not in str(body)


def test_where_the_operator_grants_it_compliance_hears_what_stands_behind_it_and_the_owner_is_told(org, speak, as_wav):
    issue, clip, _ = given_out(org, speak)
    stranger = make_organisation()
    call_command("attribution", stranger.tenant.slug, grant="the regulator")
    body = ask(stranger.member_client(Role.COMPLIANCE), as_wav(clip)).json()
    assert body["attribution"][0]["record"] == f"{issue.record:012x}"
    assert {"attribution.granted", "mark.attributed"} <= _events()
    call_command("attribution", stranger.tenant.slug, revoke=True)
    again = stranger.member_client(Role.COMPLIANCE).get(f"/v1/verifications/{body['id']}").json()
    assert again["attribution"] == []
    assert "attribution.revoked" in _events()


def test_no_role_and_no_scope_opens_the_books_of_other_tenants(org, speak, as_wav):
    """Whoever enrols an organisation can make compliance members and keys; that must not be enough."""
    _, clip, _ = given_out(org, speak)
    stranger, data = make_organisation(), as_wav(clip)
    for client in (stranger.member_client(Role.COMPLIANCE), stranger.client(*Scope)):
        assert ask(client, data).json()["attribution"] == []
    assert "mark.attributed" not in _events()


def _events() -> set[str]:
    from audit.models import AuditEntry

    return {json.loads(bytes(entry.body))["event"] for entry in AuditEntry.objects.all()}


def test_a_clip_that_the_quick_look_cannot_decide_waits_sealed_and_is_answered_by_the_job(org, speak, as_wav, swift):
    data = as_wav(speak())
    answer = ask(org.client(), data)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert answer["Location"] == f"/v1/verifications/{body['id']}"
    assert body["verdict"] is None
    with tenant_scope(org.id):
        row = Verification.objects.get(pk=body["id"])
    assert data[44:2000] not in object_store().get(row.pending_key)
    verification_search(tenant_id=org.id, job_id=row.pk)
    done = org.client().get(answer["Location"]).json()
    assert done["state"] == "done"
    assert done["verdict"] == "not_found"
    assert done["layers"]["fired"] == []
    assert "says nothing about whether a clip is real" in done["false_alarms"]["statement"]
    assert list(object_store().find(f"{org.id}/pending-clips/")) == []
    assert not Outbox.objects.exists()


@pytest.fixture
def drawn(settings, monkeypatch, tmp_path) -> None:
    """Key and record as they were drawn once, where a test stands near what can just be heard."""
    settings.DATA_DIR = tmp_path
    (settings.DATA_DIR / "mark-key").write_text(f"{KEY_FILE_VERSION} {'07' * 32} 1\n")
    monkeypatch.setattr("watermark.services.randbits", lambda bits: 0x0ddba11c0de5)


@pytest.mark.usefixtures("drawn", "swift")
def test_what_the_pilots_alone_cannot_show_is_found_by_the_log_of_what_was_made(org, speak, as_wav):
    """Even after the person is erased: their sounds stay ours, and where they lie says nothing of them."""
    _, clip, handle = given_out(org, speak)
    with tenant_scope(org.id):
        Mark.objects.filter(subject_handle=handle).delete()
    noise = np.random.default_rng(5).standard_normal(int(1.6 * clip.rate_hz)).astype(np.float32)
    heard = Clip(clip.cut(0.3, 1.9).samples + HISS * noise, clip.rate_hz)
    assert findings.look(heard, live_keys(), "full").verdict != "ours"
    body = ask(org.client(), as_wav(heard)).json()
    verification_search(tenant_id=org.id, job_id=body["id"])
    done = org.client().get(f"/v1/verifications/{body['id']}").json()
    assert done["verdict"] == "ours"
    assert "outputs" not in done["searched"]  # how much others have made is not told


def test_a_place_cannot_be_changed_or_taken_away(org, speak):
    from django.db import ProgrammingError, transaction

    issue, clip, _ = given_out(org, speak)
    entry = MarkPlace.objects.get(pk=issue.record)
    assert (entry.place, entry.tens_of_s) == (5 * 8192 + 77, -(-clip.length_s // 10))
    for change in (MarkPlace.objects.all().delete, lambda: MarkPlace.objects.update(place=1)):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_a_late_searcher_writes_nothing(org, speak, as_wav, swift, monkeypatch):
    """The fence: a worker that was thought dead comes back after another has answered."""
    from work import leases

    body = ask(org.client(), as_wav(speak())).json()
    late = leases.claim(Verification, tenant_id=org.id, job_id=body["id"], task="watermark.search")
    leases.give_back(late)
    verification_search(tenant_id=org.id, job_id=body["id"])
    with tenant_scope(org.id), pytest.raises(leases.LeaseLost):
        late.end(JobState.DONE, verdict="ours", p_value=1e-9, pending_key="")
    assert org.client().get(f"/v1/verifications/{body['id']}").json()["verdict"] == "not_found"


def test_the_same_key_and_body_make_one_verification(org, speak, as_wav):
    client, data = org.client(), as_wav(given_out(org, speak)[1])
    first = ask(client, data, **{"Idempotency-Key": "k-1"})
    again = ask(client, data, **{"Idempotency-Key": "k-1"})
    assert (first.status_code, again.content) == (200, first.content)
    with tenant_scope(org.id):
        assert Verification.objects.count() == 1


def test_what_is_no_clip_is_refused_and_nothing_is_kept(org):
    assert ask(org.client(), b"certainly no sound").json()["code"] == "audio-format-unsupported"
    assert org.client().post("/v1/verifications", {}, format="multipart").json()["code"] == "clip-missing"
    with tenant_scope(org.id):
        assert not Verification.objects.exists()


def test_verifications_are_the_tenants_own(org, speak, as_wav):
    body = ask(org.client(), as_wav(given_out(org, speak)[1])).json()
    stranger = make_organisation().client()
    assert stranger.get(f"/v1/verifications/{body['id']}").status_code == 404
    assert stranger.get("/v1/verifications").json()["results"] == []
    assert [row["id"] for row in org.client().get("/v1/verifications").json()["results"]] == [body["id"]]


def test_the_right_to_ask_is_needed(org, speak, as_wav):
    assert ask(org.client(Scope.VERIFICATIONS_READ), as_wav(speak())).status_code == 403


def test_a_stranger_hears_a_verdict_and_the_layers_and_never_a_score(org, speak, as_wav):
    _, clip, _ = given_out(org, speak)
    body = _detect(as_wav(clip)).json()
    assert body["verdict"] == "ours"
    assert body["layers"]["fired"] == ["watermark"]
    assert set(body) == {"verdict", "layers", "statement"}
    assert _detect(as_wav(speak())).json()["verdict"] == "not_found"


def test_the_free_door_is_limited_per_address(speak, as_wav):
    data = as_wav(speak().cut(0, 1.2))
    answers = [_detect(data).status_code for _ in range(60)]  # many, because the allowance comes back while we ask
    assert answers[:20] == [200] * 20
    assert 429 in answers


def _detect(data: bytes):
    upload = SimpleUploadedFile("clip.wav", data, content_type="audio/wav")
    return APIClient().post("/v1/detect", {"clip": upload}, format="multipart")


def test_the_sweep_removes_clips_that_wait_for_nothing(org, speak, as_wav, monkeypatch):
    from datetime import timedelta

    from watermark import jobs

    body = ask(org.client(), as_wav(speak())).json()
    object_store().put(f"{org.id}/pending-clips/{uuid4()}", b"an orphan")
    with tenant_scope(org.id):
        assert sweep_pending(tenant_id=org.id) == 0  # too young
        monkeypatch.setattr(jobs, "ORPHAN_AFTER", timedelta(0))
        assert sweep_pending(tenant_id=org.id) == 1
        row = Verification.objects.get(pk=body["id"])
    assert object_store().get(row.pending_key)


def test_a_record_outlives_its_rows_and_cannot_be_changed(org, speak):
    from django.db import ProgrammingError, transaction

    issue, _, _ = given_out(org, speak)
    entry = MarkRecord.objects.get(pk=issue.record)
    assert entry.tenant_id == org.id
    with pytest.raises(ProgrammingError), transaction.atomic():
        MarkRecord.objects.filter(pk=issue.record).delete()
    with pytest.raises(ProgrammingError), transaction.atomic():
        MarkRecord.objects.filter(pk=issue.record).update(tenant_id=uuid4())


def test_a_synthesis_has_one_mark(org):
    from django.db import IntegrityError

    seen = Confirmation(1e-9, 3.0, True, b"fingerprint", 4.0)
    from storage.keys import key_store

    handle, synthesis_id = f"spk-{uuid4().hex}", uuid4()
    key_store().create(handle)
    issues = [Issue(n, live_keys()[0]) for n in (1, 2)]
    place = {"tenant_id": org.id, "synthesis_id": synthesis_id, "subject_handle": handle, "place": PLACE, "seen": seen}
    with tenant_scope(org.id):
        mark_confirm(issue=issues[0], **place)
    with pytest.raises(IntegrityError), tenant_scope(org.id):
        mark_confirm(issue=issues[1], **place)


def test_no_transaction_is_open_while_a_clip_is_decoded_and_searched(org, speak, as_wav, monkeypatch):
    from django.db import connection

    from watermark import services

    open_then: list[bool] = []

    def watched(step):
        def look(*arguments):
            open_then.append(connection.in_atomic_block)
            return step(*arguments)

        return look

    monkeypatch.setattr(services, "decode", watched(services.decode))
    monkeypatch.setattr(services, "look", watched(services.look))
    assert ask(org.client(), as_wav(speak())).status_code == 202
    assert open_then == [False, False]


def test_a_long_clip_is_not_searched_while_somebody_waits(org, speak, as_wav, monkeypatch):
    from watermark import services

    monkeypatch.setattr(services, "QUICK_S", 2.0)
    answer = ask(org.client(), as_wav(given_out(org, speak)[1]))
    assert (answer.status_code, answer.json()["verdict"]) == (202, None)
    verification_search(tenant_id=org.id, job_id=answer.json()["id"])
    assert org.client().get(answer["Location"]).json()["verdict"] == "ours"


def test_waiting_for_the_answer_as_long_as_is_preferred(org, speak, as_wav, swift, monkeypatch):
    from watermark import views

    def answered_meanwhile(seconds: float) -> None:
        with tenant_scope(org.id):
            row = Verification.objects.get()
        verification_search(tenant_id=org.id, job_id=row.pk)

    monkeypatch.setattr(views.time, "sleep", answered_meanwhile)
    answer = ask(org.client(), as_wav(speak()), Prefer="respond-async, wait=5")
    assert (answer.status_code, answer.json()["verdict"]) == (200, "not_found")


@pytest.mark.parametrize(("path", "limit"), [("/v1/verifications", 64), ("/v1/detect", 8)])
def test_a_body_over_the_limit_is_not_even_parsed(org, path, limit):
    body = b"x" * (limit * 1024 * 1024 + 70_000)
    answer = org.client().post(path, body, content_type="multipart/form-data; boundary=b")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_member_verifies_from_the_browser(org, speak, as_wav):
    client = org.member_client(Role.PRODUCER)
    assert ask(client, as_wav(given_out(org, speak)[1])).json()["verdict"] == "ours"
