"""The sequencer: every entry once, in an order that stays, and never two heads that disagree."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from audit import jobs, merkle, selectors, tiles
from audit.checkpoints import Checkpoint
from audit.errors import EntryPending, LogBroken, LogKeyMissing, LogSizeUnknown, SequencerBusy
from audit.models import AuditEntry, AuditHead
from audit.published import CHECKPOINT, Published
from audit.services import record
from audit.signing import LOG, signer_load
from audit.verify import verify_bundle
from audit.whole import log_check
from config.embedded import Servers
from isolation.scope import tenant_scope
from storage.directory import DirectoryStore
from storage.errors import StoreUnavailable
from storage.objects import ObjectStore, object_store
from storage.uploads import UploadSigner

pytestmark = pytest.mark.django_db(transaction=True)
TENANT = uuid4()


@pytest.fixture(autouse=True)
def _own_log(stores: Path) -> None:
    """Every test here starts with an empty log and empty stores."""


def act(count: int = 1, tenant_id: UUID = TENANT) -> list[int]:
    """Record so many acts, each in a transaction of its own."""
    numbers = []
    for _ in range(count):
        with tenant_scope(tenant_id):
            numbers.append(record(event="consent.approved", tenant_id=tenant_id, actor="member:1"))
    return numbers


def fill(count: int) -> None:
    """So many acts at once, for tests of size."""
    with tenant_scope(TENANT):
        body = bytes(AuditEntry.objects.get(pk=record(event="key.issued", tenant_id=TENANT, actor="system")).body)
    AuditEntry.objects.bulk_create([AuditEntry(body=body) for _ in range(count - 1)])


def holds(number: int, **asked: Any) -> bool:
    """Whether the stand-alone verifier accepts the proof of an entry."""
    bundle = selectors.bundle_of(number, **asked)
    key = selectors.verifier_now()
    assert key is not None
    return verify_bundle(json.dumps(bundle.to_json()), key).entry.event == "consent.approved"


def test_the_first_run_makes_the_key_and_signs_the_empty_log() -> None:
    head = jobs.log_integrate()
    assert (head.size, head.root) == (0, merkle.EMPTY_ROOT)
    assert selectors.verifier_now() == signer_load(LOG).verifier
    assert log_check().size == 0


def test_recorded_acts_get_their_place_and_their_proof() -> None:
    numbers = act(3)
    with pytest.raises(EntryPending):
        selectors.bundle_of(numbers[0])
    assert jobs.log_integrate().size == 3
    assert [AuditEntry.objects.get(pk=number).index for number in numbers] == [0, 1, 2]
    assert all(holds(number) for number in numbers)
    assert jobs.log_integrate().size == 3
    assert log_check().size == 3


def test_what_does_not_fit_into_one_run_waits_for_the_next() -> None:
    act(5)
    assert jobs.log_integrate(limit=2).size == 2
    assert log_check().waiting == 3
    assert [jobs.log_integrate(limit=2).size for _ in range(3)] == [4, 5, 5]


def test_an_old_head_is_led_to_the_new_one() -> None:
    numbers = act(3)
    jobs.log_integrate()
    head = selectors.head_now()
    assert head is not None
    numbers += act(4)
    jobs.log_integrate()
    key = selectors.verifier_now()
    assert key is not None
    bundle = selectors.bundle_of(numbers[-1], since=3)
    verify_bundle(json.dumps(bundle.to_json()), key, head=head.checkpoint)
    with pytest.raises(LogSizeUnknown):
        selectors.bundle_of(numbers[0], since=8)


def test_past_a_full_tile_partial_ones_go_and_are_cut_from_the_full_one() -> None:
    fill(200)
    jobs.log_integrate()
    partial = tiles.Tile(0, 0, 200)
    seen = Published().read(partial)
    numbers = act(70)
    jobs.log_integrate()
    names = {one.key for one in object_store().find("log/")}
    assert {"log/tile/0/000", "log/tile/entries/000", "log/tile/0/001.p/14", "log/tile/1/000.p/1"} <= names
    assert not {one for one in names if "000.p/200" in one}
    assert Published().read(partial) == seen
    assert len(tiles.decode_bundle(Published().read(tiles.Tile(None, 0, 200)), 200)) == 200
    assert all(holds(number) for number in numbers)
    assert log_check().size == 270


class Failing(Published):
    """Raises at the n-th write, before it is stored or after."""

    def __init__(self, at: int, *, stored: bool) -> None:
        super().__init__()
        self._left, self._stored = at, stored
        self.heads: list[str] = []

    def write(self, tile: tiles.Tile, data: bytes) -> None:
        self._once(lambda: super(Failing, self).write(tile, data))

    def publish(self, note: str) -> None:
        self.heads.append(note)
        self._once(lambda: super(Failing, self).publish(note))

    def _once(self, act: Callable[[], None]) -> None:
        self._left -= 1
        if self._left != 0:
            act()
            return
        if self._stored:
            act()
        raise StoreUnavailable


def consistent(heads: list[str]) -> None:
    """Every head that was ever signed is one the present log grew from."""
    key, head = selectors.verifier_now(), selectors.checkpoint_now()
    assert key is not None
    assert head is not None
    read = tiles.node_reader(head.size, Published().read)
    for note in heads:
        old = Checkpoint.open(note, key)
        proof = merkle.consistency_proof(old.size, head.size, read)
        merkle.verify_consistency(old.size, head.size, proof, old.root, head.root)


@pytest.mark.parametrize("stored", [False, True], ids=["not stored", "but stored"])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_store_that_fails_at_any_write_leaves_a_log_that_goes_on(at: int, stored: bool) -> None:
    """Growth over a tile's edge: two bundles, three tiles, the checkpoint; each fails in both ways."""
    fill(254)
    jobs.log_integrate()
    act(4)
    place = Failing(at, stored=stored)
    with pytest.raises(StoreUnavailable):
        jobs.log_integrate(published=place)
    act(1)  # the world does not stand still meanwhile
    assert jobs.log_integrate().size == 259
    assert log_check().waiting == 0
    consistent(place.heads)


def test_the_matrix_above_covers_every_write() -> None:
    fill(254)
    jobs.log_integrate()
    act(4)
    place = Failing(7, stored=False)
    assert jobs.log_integrate(published=place).size == 258
    assert len(place.heads) == 1


@pytest.mark.parametrize("step", ["_stage", "_publish", "_check_growth", "_swap"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_run_that_dies_at_any_step_is_taken_up_by_the_next(
    monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    act(3)
    jobs.log_integrate()
    act(3)
    real: Callable[..., Any] = getattr(jobs, step)

    def dies(*args: Any, **kwargs: Any) -> None:
        if done:
            real(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, step, dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.log_integrate()
    act(2)
    assert jobs.log_integrate().size == 8
    assert log_check().size == 8


def test_a_second_sequencer_is_turned_away(servers: Servers) -> None:
    act(1)
    with servers.superuser() as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [jobs.LOCK])
        with pytest.raises(SequencerBusy):
            jobs.log_integrate()
        other.execute("ROLLBACK")
    assert jobs.log_integrate().size == 1


def test_without_the_lock_two_sequencers_still_do_not_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is lost with its connection; the unique index and the swap are what holds then."""
    monkeypatch.setattr(jobs, "_lock", lambda: None)
    jobs.log_integrate()
    refused: list[Exception] = []

    def sequencer() -> None:
        try:
            for _ in range(6):
                try:
                    jobs.log_integrate(limit=2)
                except (SequencerBusy, LogBroken) as error:
                    refused.append(error)
        finally:
            connection.close()

    act(12)
    threads = [threading.Thread(target=sequencer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.log_integrate()
    assert log_check().size == 12


def test_only_who_starts_from_the_present_head_moves_it() -> None:
    jobs.log_integrate()
    stale = AuditHead.objects.get()
    act(2)
    jobs.log_integrate()
    with pytest.raises(SequencerBusy), transaction.atomic():
        jobs._swap(stale, jobs.Head(1, b"r" * 32, "another checkpoint"))
    assert AuditHead.objects.get().size == 2


@pytest.fixture
def older_database(servers: Servers) -> Iterator[Callable[[int], None]]:
    """Puts the database back to when the log had so many entries; the published log stays as it is."""
    with ExitStack() as stack:
        superuser = stack.enter_context(servers.superuser())

        def go_back(size: int) -> None:
            head = Checkpoint.open(heads[size], signer_load(LOG).verifier)
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("DELETE FROM audit_entry WHERE index >= %s", [size])
            superuser.execute(
                "UPDATE audit_head SET size = %s, root = %s, checkpoint = %s", [size, head.root, heads[size]]
            )
            superuser.execute("SET session_replication_role = origin")

        heads: dict[int, str] = {}
        for _ in range(2):
            act(3)
            jobs.log_integrate()
            found = selectors.head_now()
            assert found is not None
            heads[found.size] = found.checkpoint
        yield go_back


def test_a_database_older_than_the_published_log_signs_nothing(older_database: Callable[[int], None]) -> None:
    older_database(3)
    act(5)
    with pytest.raises(LogBroken, match="older than the published log"):
        jobs.log_integrate()
    assert AuditHead.objects.get().size == 3
    assert AuditEntry.objects.filter(index__isnull=True).count() == 5  # nor is an index given out twice


def test_without_asking_the_published_log_it_would_have_forked(
    older_database: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken out, the test above has power: a second tile of the same name is where it shows."""
    older_database(3)
    act(5)
    monkeypatch.setattr(jobs, "_agree", lambda row, place, key: jobs.Head(row.size, bytes(row.root), row.checkpoint))
    monkeypatch.setattr(Published, "write", lambda self, tile, data: self._store.put("log/" + tile.path, data))
    assert jobs.log_integrate().size == 8


def test_even_then_no_published_tile_is_overwritten(
    older_database: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    older_database(3)
    act(3)
    monkeypatch.setattr(jobs, "_agree", lambda row, place, key: jobs.Head(row.size, bytes(row.root), row.checkpoint))
    with pytest.raises(LogBroken, match="differs"):
        jobs.log_integrate()


def spoil(store: ObjectStore, name: str) -> None:
    data = bytearray(store.get(name))
    data[len(data) // 2] ^= 1
    store.put(name, bytes(data))


@pytest.mark.parametrize("name", ["log/tile/entries/000.p/4", "log/tile/0/000.p/4", CHECKPOINT])
def test_a_changed_bit_in_a_published_file_is_seen(name: str) -> None:
    act(4)
    jobs.log_integrate()
    spoil(object_store(), name)
    act(1)
    if name == CHECKPOINT:
        with pytest.raises(LogBroken):
            jobs.log_integrate()
        return
    with pytest.raises(LogBroken):
        log_check()


def test_a_growth_that_does_not_follow_from_the_old_root_is_not_signed(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with the owner's rights changes a signed entry in the database: the next run refuses."""
    act(4)
    jobs.log_integrate()
    with servers.superuser() as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "UPDATE audit_entry SET body = (SELECT body FROM audit_entry WHERE index = 1) WHERE index = 2"
        )
    act(1)
    with pytest.raises(LogBroken):
        jobs.log_integrate()
    with pytest.raises(LogBroken, match="not the served one"):
        log_check()


def test_a_lost_key_stops_signing_and_another_key_is_refused(stores: Path) -> None:
    act(1)
    jobs.log_integrate()
    kept = (stores / LOG).read_text()
    (stores / LOG).unlink()
    act(1)
    with pytest.raises(LogKeyMissing):
        jobs.log_integrate()
    (stores / LOG).write_text(kept.replace("PRIVATE", "PUBLIC"))
    with pytest.raises(LogKeyMissing):
        jobs.log_integrate()
    other = jobs.Signer("testserver/log", jobs.signer_load.__globals__["Ed25519PrivateKey"].generate())
    (stores / LOG).write_text(other.encode())
    with pytest.raises(LogBroken, match="not the key of this log"):
        jobs.log_integrate()
    (stores / LOG).write_text(kept)
    assert jobs.log_integrate().size == 2


def test_a_published_log_that_has_vanished_is_not_begun_anew(stores: Path) -> None:
    act(2)
    jobs.log_integrate()
    store = object_store()
    for one in list(store.find("log/")):
        store.delete(one.key)
    act(1)
    with pytest.raises(LogBroken, match="not there"):
        jobs.log_integrate()


def test_an_entry_of_a_transaction_that_commits_late_comes_late(servers: Servers) -> None:
    """Numbers are given at insertion, places at integration: a gap of uncommitted entries is no gap."""
    started, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic(), tenant_scope(TENANT):
                record(event="consent.approved", tenant_id=TENANT, actor="member:1")
                started.set()
                go_on.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert started.wait(10)
    act(1)
    assert jobs.log_integrate().size == 1
    go_on.set()
    thread.join()
    assert jobs.log_integrate().size == 2
    assert list(AuditEntry.objects.order_by("id").values_list("index", flat=True)) == [1, 0]
    assert log_check().size == 2


def test_the_log_can_lie_in_any_store(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "elsewhere", UploadSigner("s" * 50, "http://testserver/"))
    place = Published(store)
    numbers = act(2)
    jobs.log_integrate(published=place)
    assert log_check(place).size == 2
    assert selectors.bundle_of(numbers[1], published=place).index == 1
