"""A backup from before the erasure is put back: database, key store and objects. Nobody comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from audit import selectors
from audit.adopt import log_adopt
from audit.checkpoints import Signer
from audit.errors import LogBroken
from audit.jobs import log_integrate
from audit.models import AuditEntry, AuditHead
from audit.signing import CERTIFICATE
from audit.verify import verify_bundle
from audit.whole import log_check
from erasure.ledger import ledger_note
from erasure.models import Erasure
from erasure.replay import ledger_replay
from isolation.scope import tenant_scope
from storage.errors import KeyShredded
from storage.keys import key_store
from storage.objects import ledger_store
from tests.erasure.conftest import RECORDINGS, People, enrol
from tests.erasure.test_run import assert_forgotten

HANDED_ON: list[object] = []


@contextmanager
def backup(stores: Path) -> Iterator[None]:
    """What happens inside is undone at the end, as by a restore: the rows, the keys and the objects.

    The log's public files, the signing keys and the ledger are no part of backups and stay.
    """
    copy = stores.with_name("backup")
    shutil.copytree(stores, copy)
    savepoint = transaction.savepoint()
    yield
    transaction.savepoint_rollback(savepoint)
    log, kept = stores / "objects" / "log", stores.with_name("log")
    if log.exists():
        shutil.copytree(log, kept)
    for part in ("objects", "keys"):
        shutil.rmtree(stores / part)
        shutil.copytree(copy / part, stores / part)
    shutil.rmtree(log, ignore_errors=True)
    if kept.exists():
        shutil.copytree(kept, log)


def test_without_the_replay_the_person_would_be_back(people: People, stores: Path) -> None:
    """The power of what follows."""
    log_integrate()
    with backup(stores):
        people.run(people.request())
        log_integrate()
    assert people.name_of(people.ada) == "Ada"
    assert people.state_of(people.ada) == "active"


def test_a_restored_backup_does_not_bring_the_person_back(people: People, stores: Path) -> None:
    log_integrate()
    with backup(stores):
        erasure = people.run(people.request())
        log_integrate()
        document = selectors.bundle_of(erasure.entry or 0).to_json()
        head = selectors.head_now()
        assert head is not None
        before = head.checkpoint
    call_command("restore")
    assert_forgotten(people)
    with tenant_scope(people.organisation.id):
        assert Erasure.objects.get().requested_by == "restore"
    # The proof from before the restore still holds, and the log has grown from the head it was made under.
    key, now = selectors.verifier_now(), selectors.head_now()
    assert key is not None
    assert now is not None
    verify_bundle(json.dumps(document), key, event="erasure.certified")
    size = int(before.split("\n")[1])
    last = AuditEntry.objects.get(index=now.size - 1)
    verify_bundle(json.dumps(selectors.bundle_of(last.pk, since=size).to_json()), key, head=before)


def test_restoring_twice_is_restoring_once(people: People, stores: Path) -> None:
    log_integrate()
    with backup(stores):
        people.run(people.request())
        log_integrate()
    call_command("restore")
    head = AuditHead.objects.get().checkpoint
    call_command("restore")
    assert AuditHead.objects.get().checkpoint == head
    assert_forgotten(people)


def test_an_erasure_that_was_only_begun_is_finished(people: People, stores: Path) -> None:
    log_integrate()
    with backup(stores):
        people.request()
        ada = people.subject(people.ada)
        ledger_note(kind="erasure", tenant_id=ada.tenant_id, object_id=ada.speaker_id, handle=ada.handle)
    call_command("restore")
    assert_forgotten(people)


def test_somebody_enrolled_and_erased_after_the_backup_leaves_no_key(people: People, stores: Path) -> None:
    log_integrate()
    with backup(stores):
        carol = enrol(people.organisation, "Carol")
        RECORDINGS.keep(people.subject(carol), 1)
        people.run(people.request(carol))
        log_integrate()
    call_command("restore")
    with pytest.raises(KeyShredded):
        key_store().current(carol.key_handle)
    assert people.name_of(people.ada) == "Ada"
    assert log_check().waiting == 0


def test_entries_that_were_waiting_at_the_backup_are_matched_with_what_was_published(
    people: People, stores: Path
) -> None:
    with backup(stores):
        size = log_integrate().size
        enrol(people.organisation, "Dora")
        size = log_integrate().size
    with pytest.raises(LogBroken):
        log_integrate()  # it would fork what was published
    waiting = AuditEntry.objects.filter(index__isnull=True).count()
    assert log_adopt() == size
    assert AuditEntry.objects.count() == size
    assert waiting < size
    assert log_check().size == size


def test_a_published_log_that_does_not_add_up_is_not_adopted(people: People, stores: Path) -> None:
    with backup(stores):
        size = log_integrate().size
    bundle = stores / "objects" / "log" / "tile" / "entries" / f"000.p/{size}"
    bundle.write_bytes(bundle.read_bytes().replace(b"speaker.", b"spoaker.", 1))
    with pytest.raises(CommandError, match="stay closed"):
        call_command("restore")
    assert AuditHead.objects.first() is None or AuditHead.objects.get().size == 0


def test_a_missing_note_keeps_the_platform_closed(people: People, stores: Path) -> None:
    log_integrate()
    with backup(stores):
        people.run(people.request())
        log_integrate()
    note = next(iter(ledger_store().find("ledger/")))
    ledger_store().delete(note.key)
    with pytest.raises(CommandError, match="notes are missing"):
        call_command("restore")


@pytest.mark.parametrize("change", ["handle", "stranger", "renamed", "junk"])
def test_a_note_that_is_not_ours_keeps_the_platform_closed(people: People, stores: Path, change: str) -> None:
    people.run(people.request())
    store = ledger_store()
    name = next(iter(store.find("ledger/"))).key
    note = store.get(name).decode()
    if change == "handle":
        store.put(name, note.replace(people.ada.key_handle, people.bob.key_handle).encode())
    elif change == "stranger":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        signer = Signer.parse((stores / CERTIFICATE).read_text())
        text = note.split("\n\n")[0].replace(people.ada.key_handle, people.bob.key_handle) + "\n"
        store.put(name, Signer(signer.name, Ed25519PrivateKey.generate()).sign(text).encode())
    elif change == "renamed":
        store.put("ledger/erasure/another", note.encode())
    else:
        store.put(name, b"\xff junk")
    with pytest.raises(CommandError, match="stay closed"):
        call_command("restore")
    assert people.name_of(people.bob) == "Bob"


def remember(**what: object) -> None:
    HANDED_ON.append(what)


def test_notes_of_other_kinds_go_to_whoever_answers_for_them(
    people: People, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger_note(kind="withdrawal", tenant_id=people.organisation.id, object_id=people.ada.pk)
    settings.LEDGER_REPLAYS = {}
    with pytest.raises(CommandError, match="nobody answers"):
        call_command("restore")
    HANDED_ON.clear()
    settings.LEDGER_REPLAYS = {"withdrawal": "anything"}
    monkeypatch.setattr("erasure.replay.import_string", lambda name: remember)
    assert ledger_replay().others == 1
    handed_on = [{"tenant_id": people.organisation.id, "object_id": people.ada.pk}]
    assert handed_on == HANDED_ON
