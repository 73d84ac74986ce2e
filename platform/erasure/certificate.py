"""The certificate of an erasure, and how anybody checks it: `python -m erasure.certificate DOCUMENT.json`.

A certificate says what was destroyed for one person, by random ids and counts alone. It is a C2SP
signed note; its SHA-256 stands in the log entry `erasure.certified`. Pure, and needs no network.
The document that is handed out holds the note and the log's proof bundle. It holds when:

 1. It is a document of a version we know, with no further fields.
 2. The certificate is signed by the platform's certificate key.
 3. The certificate is one of a version we know, with exactly its fields.
 4. The proof bundle holds under the log's key, for an entry `erasure.certified`.
 5. That entry carries the SHA-256 of this very certificate.

Rule of evolution: as for log entries - another field is another version.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.checkpoints import NoteRefused, Signer, VerifierKey, open_note
from audit.entries import canonical
from audit.verify import BundleFails, Verified, verify_bundle

TITLE = "consonant erasure certificate v1"
EVENT = "erasure.certified"


class CertificateRefused(ValueError):
    """A document that must not be believed; `step` is the number in the list above."""

    def __init__(self, step: int, reason: str) -> None:
        self.step = step
        super().__init__(f"({step}) {reason}")


@dataclass(frozen=True)
class Certificate:
    """What was destroyed for one person.

    Attributes:
        id, tenant, speaker, keys: random ids; `keys` is the handle of the destroyed keys.
        requested_at, certified_at: ISO 8601, UTC, by the database's clock.
        destroyed: how many things of each holding, in the order of destruction.
        key_backup_days: how long copies of the key store are kept, 0 when there are none; until then
            whoever holds such a copy and the root key could still open old ciphertext.
    """

    id: str
    tenant: str
    speaker: str
    keys: str
    requested_at: str
    certified_at: str
    destroyed: dict[str, int]
    key_backup_days: int

    def text(self) -> str:
        """What is signed: a title line and one line of canonical JSON."""
        return f"{TITLE}\n{canonical(asdict(self)).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Certificate:
        """Read a signed text.

        Raises:
            ValueError: another title, other fields, or not the one spelling.
        """
        title, body = text.split("\n", 1)
        try:
            certificate = cls(**json.loads(body))
        except TypeError as error:
            raise ValueError("not the fields of a certificate") from error
        if title != TITLE or certificate.text() != text:
            raise ValueError("not a certificate in its one spelling")
        return certificate


def digest(note: str) -> str:
    """The SHA-256 (hex) by which the log names a certificate."""
    return sha256(note.encode()).hexdigest()


def issue(certificate: Certificate, signer: Signer) -> str:
    """The signed note."""
    return signer.sign(certificate.text())


def document(note: str, bundle: dict[str, Any]) -> dict[str, Any]:
    """What is handed out: the note and the log's proof of it."""
    return {"version": 1, "certificate": note, "proof": bundle}


def verify_document(text: str | bytes, key: VerifierKey, log_key: VerifierKey) -> tuple[Certificate, Verified]:
    """Check a document against the certificate key and the log's key.

    Raises:
        CertificateRefused: with the number of the first condition that is not met.
    """
    note, proof = _read(text)
    try:
        signed = open_note(note, key)
    except NoteRefused as error:
        raise CertificateRefused(2, str(error)) from error
    try:
        certificate = Certificate.parse(signed)
    except ValueError as error:
        raise CertificateRefused(3, str(error)) from error
    try:
        verified = verify_bundle(json.dumps(proof), log_key, event=EVENT)
    except BundleFails as error:
        raise CertificateRefused(4, str(error)) from error
    if verified.entry.public.get("certificate") != digest(note):
        raise CertificateRefused(5, "the log entry is of another certificate")
    return certificate, verified


def _read(text: str | bytes) -> tuple[str, Any]:
    try:
        fields = json.loads(text)
        if set(fields) != {"version", "certificate", "proof"} or fields["version"] != 1:
            raise CertificateRefused(1, "not a certificate document")
        note, proof = fields["certificate"], fields["proof"]
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, CertificateRefused):
            raise
        raise CertificateRefused(1, "not a certificate document") from error
    if not isinstance(note, str):
        raise CertificateRefused(1, "not a certificate document")
    return note, proof


def main(arguments: list[str] | None = None) -> int:
    """Check the document named on the command line; 0 when it holds, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="python -m erasure.certificate", description=__doc__.splitlines()[0])
    parser.add_argument("document", type=Path)
    parser.add_argument("--key", required=True, help="the platform's certificate key, or a file that holds it")
    parser.add_argument("--log-key", required=True, help="the log's key, or a file that holds it")
    given = parser.parse_args(arguments)
    try:
        keys = [VerifierKey.parse(one if "+" in one else Path(one).read_text()) for one in (given.key, given.log_key)]
        certificate, verified = verify_document(given.document.read_bytes(), *keys)
    except (CertificateRefused, NoteRefused, OSError) as error:
        sys.stdout.write(f"REFUSED {error}\n")
        return 1
    counts = ", ".join(f"{name}: {count}" for name, count in certificate.destroyed.items())
    sys.stdout.write(
        f"HOLDS speaker {certificate.speaker} erased, certified {certificate.certified_at}\n"
        f"destroyed {counts}; keys {certificate.keys}\n"
        f"log entry {verified.index} of {verified.checkpoint.size} in {verified.checkpoint.origin}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
