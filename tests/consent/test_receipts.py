"""Receipts: verified offline, and not by anything that differs in a byte."""

import base64
import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.receipts import FORMAT, ReceiptRefused, bundle, main, read_key, sign, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
DOCUMENT = {
    "format": FORMAT,
    "event": "consent.approved",
    "at": "2026-11-21T00:00:00Z",
    "version": 1,
    "terms": {"purposes": ["news"], "may_export": False},
    "text": {"locale": "zh"},
    "organisation": "käse-gmbh",
}
RECEIPT = bundle(DOCUMENT, sign(DOCUMENT, KEY), PUBLIC)
PLATFORM = Path(__file__).resolve().parents[2] / "platform"


def test_the_signature_is_the_same_for_ever():
    # Ed25519 is deterministic: another value here is another format, and old receipts would no longer verify.
    assert base64.b64decode(RECEIPT["signature"])[:8].hex() == VECTOR
    assert verify(RECEIPT, PUBLIC) == DOCUMENT
    assert verify(json.loads(json.dumps(RECEIPT, indent=3)), PUBLIC) == DOCUMENT


def test_no_changed_member_passes():
    for member in DOCUMENT:
        changed = copy.deepcopy(RECEIPT)
        changed["document"][member] = "other"
        with pytest.raises(ReceiptRefused):
            verify(changed, PUBLIC)
        del changed["document"][member]
        with pytest.raises(ReceiptRefused):
            verify(changed, PUBLIC)


def test_no_flipped_bit_of_the_signature_passes():
    signature = bytearray(base64.b64decode(RECEIPT["signature"]))
    for bit in range(len(signature) * 8):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ReceiptRefused):
            verify(RECEIPT | {"signature": base64.b64encode(flipped).decode()}, PUBLIC)


def test_another_key_is_not_believed_even_if_the_receipt_brings_it_along():
    other = Ed25519PrivateKey.generate()
    forged = bundle(DOCUMENT, sign(DOCUMENT, other), other.public_key().public_bytes_raw())
    with pytest.raises(ReceiptRefused, match="another key"):
        verify(forged, PUBLIC)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"document": [], "key": "", "signature": ""},
        RECEIPT | {"more": 1},
        RECEIPT | {"signature": "%"},
        RECEIPT | {"key": "x"},
    ],
)
def test_what_is_no_receipt_is_refused(wrong):
    with pytest.raises(ReceiptRefused):
        verify(wrong, PUBLIC)


def test_only_receipts_are_signed_with_the_receipt_key():
    with pytest.raises(ReceiptRefused):
        sign(DOCUMENT | {"format": "anything"}, KEY)
    with pytest.raises(ReceiptRefused):
        read_key("AAAA")


def test_the_command_checks_a_file_without_network_or_django(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(RECEIPT), encoding="utf-8")
    bad.write_text(json.dumps(RECEIPT | {"document": DOCUMENT | {"version": 2}}), encoding="utf-8")
    key = base64.b64encode(PUBLIC).decode()
    assert main(["verify", str(good), "--key", key]) == 0
    assert main(["verify", str(bad), "--key", key]) == 1
    assert main(["verify", str(tmp_path / "none.json"), "--key", key]) == 1
    run = subprocess.run(
        [sys.executable, "-c", CHECK, str(good), key], cwd=PLATFORM, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("good: consent.approved")


CHECK = """
import sys
from consent.receipts import main
code = main(["verify", sys.argv[1], "--key", sys.argv[2]])
assert not any(name.split(".")[0] == "django" for name in sys.modules)
sys.exit(code)
"""
VECTOR = "e345ea7dbd46baeb"
