"""Terms and uses in plain words, for the person they are about. Pure; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "personal_aac": "to speak for yourself",
    "outbound_calls": "calls to people",
    "customer_service": "customer service",
    "public_address": "loudspeakers in public places",
    "device": "on a device",
    "phone": "on the telephone",
    "app": "in apps",
    "web": "on websites",
    "social": "on social media",
    "broadcast": "on radio and television",
    "organisation": "the organisation itself",
    "customers": "its customers",
    "partners": "its partners",
    "public": "anybody",
    "speaker": "yourself",
}
_CONTENT = {
    "scripted": "only texts that you have seen",
    "service": "facts about a service",
    "general": "anything that fits the purpose",
    "unrestricted": "any words",
}


_MADE = {"synthesis": "something was said", "finetune": "the voice was trained", "export": "the voice was copied out"}
_STATES = {"done": "released", "quarantined": "put away", "queued": "waiting", "running": "being made"}


def in_words(terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of a question and its answer, in the order in which people ask."""
    return [
        ("What for", _list(terms["purposes"])),
        ("Where it is heard", _list(terms["channels"])),
        ("Who hears it", _list(terms["recipients"])),
        ("What may be said", _CONTENT[terms["content_class"]]),
        ("Languages", _list(terms["languages"], every="every language")),
        ("Countries", _list(terms["territories"], every="everywhere")),
        ("May the voice be trained further", "yes" if terms["may_finetune"] else "no"),
        ("May the voice leave the platform", "yes" if terms["may_export"] else "no"),
        ("From", _day(terms["valid_from"])),
        ("Until", _day(terms["valid_until"]) if terms["valid_until"] else "you withdraw"),
    ]


def use_in_words(use: Mapping[str, Any]) -> dict[str, str]:
    """One use of a voice as it stands on the page: when, what, state, purpose, channel, length."""
    what, length_s = str(use["what"]), use.get("length_s")
    return {
        "when": _day(str(use["requested_at"])),
        "what": _MADE.get(what, what),
        "state": _STATES.get(str(use["state"]), str(use["state"])),
        "purpose": _list([use["use"].get("purpose", "")]),
        "channel": _list([use["use"].get("channel", "")]),
        "length": f"{length_s:.1f} s" if length_s else "",
    }


def _list(words: list[str], every: str = "") -> str:
    if words == ["*"]:
        return every
    return ", ".join(_NAMES.get(word, word.replace("_", " ")) for word in words)


def _day(moment: str) -> str:
    return f"{moment[:10]}, {moment[11:16]} UTC"
