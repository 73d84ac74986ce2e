"""Keys of what leaves with its mark inside, and the keys that a search has to try.

An exported voice marks by itself, so it gets a record and a key of its own (`MarkKey.leaving`): whoever takes the
file apart can write that one mark and no other. A search tries the platform's own keys and every key that has left;
each of those has one short stretch of pattern, a hundred and twenty-eighth of the work and of the price of our own.
"""

from __future__ import annotations

from watermark.codec.keys import MarkKey
from watermark.errors import MarkKeyMissing
from watermark.models import MarkRecord
from watermark.ring import key_of, live_keys


def leaving_key(record: int, epoch: int) -> MarkKey:
    """The key of one thing that leaves; named by its record, so two attempts of one job never share a key.

    Raises:
        MarkKeyMissing: the ring does not reach that epoch.
    """
    return _leaving(key_of(epoch), record)


def search_keys() -> list[MarkKey]:
    """Every key that something of ours may be marked with, the platform's newest first.

    Raises:
        MarkKeyMissing: there is no key, the file is damaged, or it does not reach a record's epoch.
    """
    own = live_keys()
    ring = {key.epoch: key for key in own}
    left = MarkRecord.objects.exclude(leaving_epoch=None).order_by("record")
    pairs = [(number, epoch or 0) for number, epoch in left.values_list("record", "leaving_epoch")]
    try:
        return [*own, *(_leaving(ring[epoch], number) for number, epoch in pairs)]
    except KeyError as fault:
        raise MarkKeyMissing() from fault


def _leaving(key: MarkKey, record: int) -> MarkKey:
    return key.leaving(f"record/{record:012x}", record)
