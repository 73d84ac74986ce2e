"""Who allows it: a signed consent receipt, or a stated research reason. There is no third way.

A receipt is checked as anyone can check it (`consent.receipts`, the platform's published key), then its
terms are asked with the same rule as on the server (`consent.rules`). Whether a consent was withdrawn
since, only the platform knows; a receipt says what was agreed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from consent import receipts, rules, terms
from problems.errors import Refused

GIVEN = "consent.approved"  # the one event that opens something; every other receipt tells of an end


class NotPermitted(Refused):
    """No receipt that fits, and no research reason."""

    code = "desk-not-permitted"
    title = "There is no permission for this voice"
    meaning = "At the desk a clone needs a signed consent receipt whose terms cover the use, or a research reason."


@dataclass(frozen=True)
class Permission:
    """What a voice stands on.

    Args:
        stamps: what is written into a voice file made under it.
        research: the reason, when there is no receipt.
    """

    stamps: Mapping[str, str]
    research: str = ""


def for_research(reason: str) -> Permission:
    """Permission by a stated reason.

    Raises:
        NotPermitted: no reason is stated.
    """
    if len(reason.split()) < 2:
        raise NotPermitted("state the research in a few words, such as --research \"error rates on held-out speakers\"")
    return Permission({"research": reason}, reason)


def by_receipt(file: Path, public_key: str, use: rules.Use, now: datetime) -> Permission:
    """Permission by a receipt, when all of this holds.

    1. the platform's key has signed the receipt;
    2. the receipt says that a consent was given, not that one ended;
    3. its terms allow `use` at `now`.

    Raises:
        NotPermitted: one of these does not hold; the message says which.
    """
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        document = receipts.verify(given, receipts.read_key(public_key))  # 1
        agreed = terms.parse(document["terms"])
    except (OSError, KeyError, TypeError, ValueError) as fault:
        raise NotPermitted(f"the receipt is not valid: {fault}") from fault
    if document.get("event") != GIVEN:
        raise NotPermitted("the receipt does not say that a consent was given, so it may have ended")  # 2
    decision = rules.decide(agreed, use, now)
    if not decision.allowed:
        raise NotPermitted(_reason(decision.reason, use), reason=decision.reason)  # 3
    return Permission(
        {
            "speaker": str(document.get("speaker", "")),
            "consent": str(document.get("consent", "")),
            "terms_sha256": agreed.sha256(),
            "valid_until": terms.moment_text(agreed.valid_until) if agreed.valid_until else "",
        }
    )


def fits(permission: Permission, stamps: Mapping[str, str]) -> None:
    """Refuse a voice file that belongs to another person than the receipt, or to research alone.

    Raises:
        NotPermitted: they do not fit.
    """
    if "research" in stamps and not permission.research:
        raise NotPermitted(f"the voice was made for research ({stamps['research']}): it needs --research too")
    if not permission.research and stamps.get("speaker") != permission.stamps["speaker"]:
        raise NotPermitted("the receipt is another person's than the voice")


def _reason(reason: str, use: rules.Use) -> str:
    if reason == "undeclared":
        missing = [part for part in rules.DECLARED[use.act] if not getattr(use, part)]
        return f"say what it is for: {', '.join('--' + part.replace('_', '-') for part in missing)}"
    texts = {"not_yet_valid": "the consent is not valid yet", "expired": "the consent has expired",
             "act": f"the consent does not allow to {use.act} this voice"}  # fmt: skip
    return texts.get(reason, f"the consent does not cover this {reason.replace('_', ' ')}")
