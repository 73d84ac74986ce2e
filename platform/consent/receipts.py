"""Receipts: what the speaker holds, signed, and can check without us.

A receipt is a JSON document in its one spelling (``terms.canonical_json``) and an Ed25519 signature
over it. It holds ids, codes, times and digests, no name and no sound: whoever finds it learns what
was agreed, not with whom. Its shape follows ISO/IEC TS 27560 (consent record and receipt) in content;
the JSON-LD profile of it has an issue of its own.

    python -m consent.receipts verify FILE --key PUBLIC_KEY

Format, version 1: ``{"document": {...}, "key": base64, "signature": base64}`` where ``document.format`` is
FORMAT. Rule of evolution: as for terms. Pure, but for the command that reads one file.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consent.terms import canonical_json

FORMAT = "consonant.consent-receipt/1"
_CONTEXT = b"consonant consent receipt v1\n"  # so that no other signature of the key can pose as one


class ReceiptRefused(ValueError):
    """Not a receipt, or not one that the given key has signed."""


def sign(document: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """The signature over `document`, base64.

    Raises:
        ReceiptRefused: the document does not say that it is a receipt of this format.
    """
    if document.get("format") != FORMAT:
        raise ReceiptRefused("not a receipt of this format")
    return base64.b64encode(key.sign(_CONTEXT + canonical_json(document))).decode()


def read(text: str) -> dict[str, Any]:
    """A stored document, as it was signed."""
    document: dict[str, Any] = json.loads(text)
    return document


def bundle(document: Mapping[str, Any], signature: str, public: bytes) -> dict[str, Any]:
    """What is handed to the speaker. The key in it is a hint: trust the one that is published."""
    return {"document": dict(document), "key": base64.b64encode(public).decode(), "signature": signature}


def verify(receipt: Mapping[str, Any], public: bytes) -> dict[str, Any]:
    """The document of a receipt that `public` (32 bytes) has signed.

    What has to hold, in this order:

    1. the receipt has a document, a key and a signature and nothing else,
    2. its key is `public`,
    3. the document says that it is of this format,
    4. the signature is that key's over the document's one spelling.

    Raises:
        ReceiptRefused: one of these does not hold.
    """
    if set(receipt) != {"document", "key", "signature"} or not isinstance(receipt["document"], dict):
        raise ReceiptRefused("not a receipt")  # 1
    if _bytes(receipt["key"]) != public:
        raise ReceiptRefused("signed by another key than the given one")  # 2
    document: dict[str, Any] = receipt["document"]
    if document.get("format") != FORMAT:
        raise ReceiptRefused("a receipt of another format")  # 3
    try:
        message = _CONTEXT + canonical_json(document)
        Ed25519PublicKey.from_public_bytes(public).verify(_bytes(receipt["signature"]), message)  # 4
    except (InvalidSignature, ValueError) as error:
        raise ReceiptRefused("the signature does not fit the document") from error
    return document


def read_key(text: str) -> bytes:
    """A public key as it is published: 32 bytes in base64.

    Raises:
        ReceiptRefused: it is none.
    """
    key = _bytes(text.strip())
    if len(key) != 32:
        raise ReceiptRefused("a public key is 32 bytes in base64")
    return key


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ReceiptRefused("not base64") from error


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 when the receipt is good, 1 when it is not."""
    parser = argparse.ArgumentParser(prog="python -m consent.receipts", description="Check a consent receipt.")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("verify", help="check a receipt against the published key; needs no network")
    checking.add_argument("file", type=Path, help="the receipt, JSON")
    checking.add_argument("--key", required=True, help="the platform's public key, base64")
    given = parser.parse_args(arguments)
    try:
        document = verify(json.loads(given.file.read_text(encoding="utf-8")), read_key(given.key))
    except (OSError, ValueError) as error:
        print(f"REFUSED: {error}", file=sys.stderr)  # noqa: T201 - the command's answer
        return 1
    print(f"good: {document.get('event')} at {document.get('at')}")  # noqa: T201 - the command's answer
    print(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))  # noqa: T201 - the command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
