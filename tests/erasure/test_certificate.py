"""The certificate and its checker, in a bare interpreter's terms: what holds, and every forgery."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import entries, merkle
from audit.bundles import Bundle
from audit.checkpoints import Checkpoint, Signer
from erasure.certificate import Certificate, CertificateRefused, digest, document, issue, verify_document

PLATFORM = Signer("testserver/certificate", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
LOG = Signer("testserver/log", Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
CERTIFICATE = Certificate(
    id="00000000-0000-4000-8000-000000000001",
    tenant="00000000-0000-4000-8000-000000000002",
    speaker="00000000-0000-4000-8000-000000000003",
    keys="speaker-0003",
    requested_at="2026-11-21T02:31:05+00:00",
    certified_at="2026-11-21T02:31:07+00:00",
    destroyed={"voices": 1, "recordings": 12, "keys": 1},
    key_backup_days=0,
)


def bundle(note: str, event: str = "erasure.certified") -> Bundle:
    public = {"certificate": digest(note)} if event == "erasure.certified" else {}
    entry = entries.Entry("1" * 32, event, "2026-11-21T02Z", "2" * 32, "3" * 64, public).encode()
    head = LOG.sign(Checkpoint(LOG.name, 1, merkle.leaf_hash(entry)).text())
    return Bundle(entry, 0, [], head)


def made(certificate: Certificate = CERTIFICATE, signer: Signer = PLATFORM) -> dict[str, Any]:
    note = issue(certificate, signer)
    return document(note, bundle(note).to_json())


def step_of(fields: object) -> int:
    with pytest.raises(CertificateRefused) as caught:
        verify_document(json.dumps(fields), PLATFORM.verifier, LOG.verifier)
    return caught.value.step


def test_a_true_certificate_holds() -> None:
    certificate, verified = verify_document(json.dumps(made()), PLATFORM.verifier, LOG.verifier)
    assert certificate == CERTIFICATE
    assert verified.entry.event == "erasure.certified"


def test_version_one_is_written_as_it_always_was() -> None:
    """A certificate outlives the code: this text may never change."""
    assert CERTIFICATE.text() == (
        "consonant erasure certificate v1\n"
        '{"certified_at":"2026-11-21T02:31:07+00:00","destroyed":{"keys":1,"recordings":12,"voices":1},'
        '"id":"00000000-0000-4000-8000-000000000001","key_backup_days":0,"keys":"speaker-0003",'
        '"requested_at":"2026-11-21T02:31:05+00:00","speaker":"00000000-0000-4000-8000-000000000003",'
        '"tenant":"00000000-0000-4000-8000-000000000002"}\n'
    )


def test_each_condition_is_named_when_it_fails() -> None:
    good = made()
    for wrong in ([], 7, {}, good | {"version": 2}, good | {"more": 1}, good | {"certificate": 5}):
        assert step_of(wrong) == 1
    assert step_of(made(signer=Signer(PLATFORM.name, Ed25519PrivateKey.generate()))) == 2
    assert step_of(good | {"certificate": good["certificate"].replace('"voices":1', '"voices":9')}) == 2
    for text in ("consonant erasure certificate v2\n{}\n", CERTIFICATE.text().replace('"keys":1,', ""), "x\n"):
        spaced = PLATFORM.sign(text.replace(":", ": ", 1))
        assert step_of(document(spaced, bundle(spaced).to_json())) == 3
    note = good["certificate"]
    assert step_of(document(note, bundle(note, event="consent.approved").to_json())) == 4
    assert step_of(document(note, replace(bundle(note), index=1).to_json())) == 4
    other = issue(replace(CERTIFICATE, destroyed={}), PLATFORM)
    assert step_of(document(note, bundle(other).to_json())) == 5
