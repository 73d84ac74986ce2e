"""The stand-alone verifier: what holds, and every way in which a bundle may be forged."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import audit
from audit import entries, merkle
from audit.bundles import Bundle, Consistency, Disclosure, parse
from audit.checkpoints import Checkpoint, Signer
from audit.verify import BundleFails, main, verify_bundle

SIGNER = Signer("log.example/consonant", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
KEY = SIGNER.verifier
FACTS = {"actor": "member:1", "detail": {"purpose": "ivr"}}
OPENING = b"\x09" * 32
SIZE = 300


@cache
def entry(number: int) -> bytes:
    commitment = entries.commit(OPENING, FACTS)
    return entries.Entry(f"{number:032x}", "consent.approved", "2026-11-21T02Z", "a" * 32, commitment).encode()


@cache
def node(level: int, index: int) -> bytes:
    if level == 0:
        return merkle.leaf_hash(entry(index))
    return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


def head(size: int = SIZE, signer: Signer = SIGNER) -> str:
    return signer.sign(Checkpoint(SIGNER.name, size, merkle.root_hash(size, node)).text())


def bundle(index: int = 200, size: int = SIZE) -> Bundle:
    return Bundle(entry(index), index, merkle.inclusion_proof(index, size, node), head(size))


def text(one: Bundle) -> str:
    return json.dumps(one.to_json())


def step_of(one: Bundle | str, **expected: str) -> int:
    with pytest.raises(BundleFails) as caught:
        verify_bundle(one if isinstance(one, str) else text(one), KEY, **expected)
    return caught.value.step


@pytest.mark.parametrize("index", [0, 1, 127, 128, 255, 256, 298, 299])
def test_a_true_bundle_holds(index: int) -> None:
    verified = verify_bundle(text(bundle(index)), KEY, event="consent.approved")
    assert (verified.index, verified.checkpoint.size) == (index, SIZE)
    assert verified.entry == entries.parse(entry(index))


def test_each_condition_is_named_when_it_fails() -> None:
    good = bundle()
    assert step_of("{}") == 1
    assert step_of(text(good).replace('"version": 1', '"version": 2')) == 1
    assert step_of(text(good).replace('"version"', '"witness": "unchecked", "version"')) == 1
    assert step_of(text(good).replace('"index": 200', '"index": 7, "index": 200')) == 1
    assert step_of(replace(good, checkpoint=head(signer=replace(SIGNER, name="log.example/fork")))) == 2
    assert step_of(replace(good, index=201)) == 3
    assert step_of(replace(good, entry=entry(201))) == 3
    junk = replace(good, entry=b"not an entry", index=0, proof=[])
    junk_root = merkle.leaf_hash(junk.entry)
    junk = replace(junk, checkpoint=SIGNER.sign(Checkpoint(SIGNER.name, 1, junk_root).text()))
    assert step_of(junk) == 4
    assert step_of(good, event="consent.withdrawn") == 5
    assert step_of(replace(good, disclosure=Disclosure(OPENING, FACTS | {"actor": "member:2"}))) == 6
    assert step_of(replace(good, disclosure=Disclosure(b"\x00" * 32, FACTS))) == 6


def test_disclosed_facts_are_checked_against_the_commitment() -> None:
    opened = replace(bundle(), disclosure=Disclosure(OPENING, FACTS))
    assert verify_bundle(text(opened), KEY).bundle.disclosure == opened.disclosure


def test_the_size_is_bound_by_the_checkpoint_even_where_the_proof_does_not_bind_it() -> None:
    """Finding: an inclusion proof for size N is often accepted for N - 1 with the same root."""
    one = bundle(index=2, size=13)
    lie = Checkpoint(SIGNER.name, 12, merkle.root_hash(13, node)).text()
    merkle.verify_inclusion(node(0, 2), 2, 12, one.proof, merkle.root_hash(13, node))
    signature = one.checkpoint.split("\n\n")[1]
    assert step_of(replace(one, checkpoint=lie + "\n" + signature)) == 2


def test_a_log_that_grew_is_accepted_with_its_consistency_proof_alone() -> None:
    grown = replace(bundle(), consistency=Consistency(123, merkle.consistency_proof(123, SIZE, node)))
    verify_bundle(text(grown), KEY, head=head(123))
    verify_bundle(text(bundle()), KEY, head=head(SIZE))
    verify_bundle(text(bundle()), KEY, head=SIGNER.sign(Checkpoint(SIGNER.name, 0, merkle.EMPTY_ROOT).text()))
    assert step_of(bundle(), head=head(123)) == 7
    assert step_of(grown, head=head(122)) == 7
    assert step_of(replace(grown, consistency=Consistency(123, [])), head=head(123)) == 7


def test_a_forked_shrunk_or_strange_head_is_refused() -> None:
    other = SIGNER.sign(Checkpoint(SIGNER.name, SIZE, b"\x01" * 32).text())
    assert step_of(bundle(), head=other) == 7
    assert step_of(bundle(index=3, size=299), head=head(SIZE)) == 7
    stranger = Signer(SIGNER.name, Ed25519PrivateKey.generate())
    assert step_of(bundle(), head=head(signer=stranger)) == 7
    assert step_of(bundle(), head=SIGNER.sign(Checkpoint(SIGNER.name, 0, b"\x01" * 32).text())) == 7


def test_every_single_bit_of_a_bundle_matters() -> None:
    """Exhaustive: each bit of the JSON file turned once, disclosure and consistency included."""
    whole = replace(
        bundle(),
        disclosure=Disclosure(OPENING, FACTS),
        consistency=Consistency(299, merkle.consistency_proof(299, SIZE, node)),
    )
    data, known = text(whole).encode(), head(299)
    unseen = []
    for position in range(len(data) * 8):
        spoiled = bytearray(data)
        spoiled[position // 8] ^= 1 << position % 8
        try:
            verified = verify_bundle(bytes(spoiled), KEY, head=known)
        except BundleFails:
            continue
        if verified.bundle != whole:  # white space between JSON tokens may differ and says nothing
            unseen.append(position)
    assert unseen == []


@pytest.mark.soak
def test_random_forgeries_of_the_decoded_bundle_are_refused(scale: Callable[[int], int]) -> None:
    chance, trials = random.Random(20261121), scale(2_000)  # 0 of N accepted bounds the rate at 3/N
    for _ in range(trials):
        good = bundle(chance.randrange(SIZE))
        kind = chance.choice(["entry", "index", "proof", "drop", "swap", "other"])
        proof = list(good.proof)
        at = chance.randrange(len(proof))
        if kind == "entry":
            bad = replace(good, entry=good.entry + b" ")
        elif kind == "index":
            bad = replace(good, index=(good.index + chance.randrange(1, SIZE)) % SIZE)
        elif kind == "proof":
            proof[at] = chance.randbytes(32)
            bad = replace(good, proof=proof)
        elif kind == "drop":
            bad = replace(good, proof=proof[:at] + proof[at + 1 :])
        elif kind == "swap":
            bad = replace(good, proof=proof[::-1]) if proof != proof[::-1] else replace(good, proof=[])
        else:
            bad = replace(good, checkpoint=head(good.index))
        assert step_of(bad) in (2, 3)


def test_bundles_come_back_and_malformed_ones_are_refused() -> None:
    assert parse(text(bundle())) == bundle()
    fields = bundle().to_json()
    wrong: list[object] = [
        [], 7, None, fields | {"index": -1}, fields | {"index": True}, fields | {"index": "1"},
        fields | {"proof": "x"}, fields | {"proof": [1]}, fields | {"proof": fields["proof"] * 20},
        fields | {"entry": 1}, fields | {"checkpoint": None}, fields | {"consistency": {"size": 1}},
        fields | {"consistency": []}, fields | {"disclosure": {"opening": "", "facts": []}},
        fields | {"disclosure": {"opening": "!", "facts": {}}}, {k: v for k, v in fields.items() if k != "entry"},
    ]  # fmt: skip
    for one in wrong:
        assert step_of(json.dumps(one)) == 1
    assert step_of("[" * 100_000) == 1


def test_the_tlog_proof_file_is_the_specified_text() -> None:
    one = replace(bundle(index=1, size=2), proof=[b"\x00" * 32])
    lines = one.to_tlog_proof().split("\n")
    assert lines[:4] == ["c2sp.org/tlog-proof@v1", "index 1", "A" * 43 + "=", ""]
    assert "\n".join(lines[4:]) == one.checkpoint


def test_the_command_keeps_the_head_and_refuses_a_fork(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, kept = tmp_path / "bundle.json", tmp_path / "head"
    command = [str(file), "--key", str(KEY), "--head", str(kept)]
    file.write_text(text(bundle(index=3, size=299)))
    assert main(command) == 0
    assert kept.read_text() == head(299)
    file.write_text(text(bundle()))
    assert main(command) == 1
    assert "REFUSED (7)" in capsys.readouterr().out
    assert kept.read_text() == head(299)
    grown = replace(bundle(), consistency=Consistency(299, merkle.consistency_proof(299, SIZE, node)))
    file.write_text(text(grown))
    assert main(command) == 0
    assert kept.read_text() == head(SIZE)
    assert main([str(tmp_path / "nothing.json"), "--key", str(KEY)]) == 1
    assert main([str(file), "--key", "a+b"]) == 1


def test_it_runs_from_a_handful_of_files_without_django(tmp_path: Path) -> None:
    """What an outsider is given: six files and a pip-installed `cryptography`."""
    package = tmp_path / "audit"
    package.mkdir()
    source = Path(audit.__file__).parent
    for name in ("__init__", "merkle", "entries", "checkpoints", "bundles", "verify"):
        shutil.copy(source / f"{name}.py", package)
    (tmp_path / "bundle.json").write_text(text(bundle()))
    (tmp_path / "key").write_text(f"{KEY}\n")
    program = (
        "import sys, runpy\n"
        "for name in ('django', 'rest_framework', 'storage', 'problems', 'boto3'): sys.modules[name] = None\n"
        "sys.argv = ['verify', 'bundle.json', '--key', 'key']\n"
        "runpy.run_module('audit.verify', run_name='__main__')"
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("HOLDS consent.approved")
