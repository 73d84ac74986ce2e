"""Check a proof bundle offline: `python -m audit.verify BUNDLE.json --key VKEY`.

Stands alone: it needs Python, `cryptography` and the pure modules beside it, and nothing that
the log's owner runs. A bundle holds when all of this is true:

 1. It is a bundle of a version we know, with no field that we would leave unchecked.
 2. Its checkpoint is signed by the given key and is a checkpoint of that key's log.
 3. The entry's bytes, hashed as a leaf, lead by the proof from the stated index to the
    checkpoint's root in a tree of the checkpoint's size. (The size is only bound by 2.)
 4. The entry is an entry of a version we know, in its one spelling.
 5. If an event is expected, the entry is of that event.
 6. If facts are disclosed, they are the facts that the entry commits to.
 7. If an older checkpoint of the log is known, it is signed by the same key, and the log did
    not shrink, fork or rewrite: same size, same root; larger, a consistency proof leads from
    the old root to the new one. A bundle from an older head than the known one is refused.

What it cannot show: that everybody is given the same log. Keep the last head (`--head FILE`) and
compare it with others'.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from audit import bundles, entries, merkle
from audit.checkpoints import Checkpoint, NoteRefused, VerifierKey


class BundleFails(ValueError):
    """A bundle that must not be believed; `step` is the number in the list above."""

    def __init__(self, step: int, reason: str) -> None:
        self.step = step
        super().__init__(f"({step}) {reason}")


@dataclass(frozen=True)
class Verified:
    """What a bundle that holds has shown."""

    entry: entries.Entry
    index: int
    checkpoint: Checkpoint
    bundle: bundles.Bundle


def verify_bundle(
    text: str | bytes, key: VerifierKey, *, head: str | None = None, event: str | None = None
) -> Verified:
    """Check a bundle against the log's key.

    Args:
        text: the bundle's JSON.
        key: whose log it has to be.
        head: a checkpoint of the same log that the caller has accepted before.
        event: the event that the entry has to be, when the caller cares.

    Raises:
        BundleFails: with the number of the first condition that is not met.
    """
    try:
        bundle = bundles.parse(text)
    except bundles.BundleRefused as error:
        raise BundleFails(1, str(error)) from error
    checkpoint = _open_checkpoint(bundle.checkpoint, key, step=2)
    _check_inclusion(bundle, checkpoint)
    entry = _check_entry(bundle, event)
    if head is not None:
        _check_head(bundle, checkpoint, _open_checkpoint(head, key, step=7))
    return Verified(entry, bundle.index, checkpoint, bundle)


def _open_checkpoint(note: str, key: VerifierKey, *, step: int) -> Checkpoint:
    try:
        return Checkpoint.open(note, key)
    except NoteRefused as error:
        raise BundleFails(step, f"checkpoint: {error}") from error


def _check_inclusion(bundle: bundles.Bundle, checkpoint: Checkpoint) -> None:
    leaf = merkle.leaf_hash(bundle.entry)
    try:
        merkle.verify_inclusion(leaf, bundle.index, checkpoint.size, bundle.proof, checkpoint.root)
    except merkle.ProofRefused as error:
        raise BundleFails(3, str(error)) from error


def _check_entry(bundle: bundles.Bundle, event: str | None) -> entries.Entry:
    try:
        entry = entries.parse(bundle.entry)
    except entries.EntryRefused as error:
        raise BundleFails(4, str(error)) from error
    if event is not None and entry.event != event:
        raise BundleFails(5, f"the entry is of {entry.event}, not {event}")
    if bundle.disclosure and not _opens(entry, bundle.disclosure):
        raise BundleFails(6, "the disclosed facts are not the logged ones")
    return entry


def _opens(entry: entries.Entry, disclosure: bundles.Disclosure) -> bool:
    try:
        return entries.opens(entry, disclosure.opening, disclosure.facts)
    except entries.EntryRefused:
        return False


def _check_head(bundle: bundles.Bundle, now: Checkpoint, before: Checkpoint) -> None:
    if now.size < before.size:
        raise BundleFails(7, f"the known head has {before.size} entries, the bundle's only {now.size}")
    proof: list[bytes] = []
    if 0 < before.size < now.size:
        if bundle.consistency is None or bundle.consistency.size != before.size:
            raise BundleFails(7, f"no consistency proof from the known head of {before.size} entries")
        proof = bundle.consistency.proof
    if before.size == 0 and before.root != merkle.EMPTY_ROOT:
        raise BundleFails(7, "the known head is not that of an empty log")
    try:
        merkle.verify_consistency(before.size, now.size, proof, before.root, now.root)
    except merkle.ProofRefused as error:
        raise BundleFails(7, str(error)) from error


def main(arguments: list[str] | None = None) -> int:
    """Verify the bundle named on the command line; 0 when it holds, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m audit.verify", description="Check a proof bundle offline.")
    parser.add_argument("bundle", type=Path, help="the bundle, JSON")
    parser.add_argument("--key", required=True, help="the log's verifier key (name+hash+key), or a file that holds it")
    parser.add_argument("--head", type=Path, help="last checkpoint seen: compared with, then replaced by the new one")
    parser.add_argument("--event", help="the event that the entry has to be")
    given = parser.parse_args(arguments)
    try:
        verified = _verify_files(given)
    except (BundleFails, NoteRefused, OSError, UnicodeDecodeError) as error:
        sys.stdout.write(f"REFUSED {error}\n")
        return 1
    entry, checkpoint = verified.entry, verified.checkpoint
    sys.stdout.write(
        f"HOLDS {entry.event} in the hour {entry.hour}\n"
        f"entry {entry.id}, number {verified.index} of {checkpoint.size} in {checkpoint.origin}\n"
    )
    if verified.bundle.disclosure:
        sys.stdout.write("the disclosed facts are the logged ones\n")
    return 0


def _verify_files(given: argparse.Namespace) -> Verified:
    key_file = Path(given.key)
    key = VerifierKey.parse(key_file.read_text() if "+" not in given.key else given.key)
    head = given.head.read_text() if given.head and given.head.exists() else None
    verified = verify_bundle(given.bundle.read_bytes(), key, head=head, event=given.event)
    if given.head:
        # A crash here leaves the old head or the new one, never half of one.
        fresh = given.head.with_name(given.head.name + ".new")
        fresh.write_text(verified.bundle.checkpoint)
        fresh.replace(given.head)
    return verified


if __name__ == "__main__":
    sys.exit(main())
