"""A scene's answers are counted in the groups that it asks for; no platform is started."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from config.local import LocalPlatform
from tests.load import scenes
from tests.load.openloop import Stream, Summary
from tests.load.stage import Stage, Tenant


@dataclass
class Told:
    """Stands in for the meter: every stream is asked once, and answered at once."""

    groups: list[dict[str, int]] = field(default_factory=list)

    def measure(
        self, title: str, streams: list[Stream], told: Callable[[str], str] = lambda who: "all"
    ) -> dict[str, Summary]:
        found: dict[str, int] = {}
        for stream in streams:
            group = told(stream.make(random.Random(0), 0).who)
            found[group] = found.get(group, 0) + 1
        self.groups.append(found)
        return {name: Summary(1, 1, 1.0, 1.0, 1.0, 0.0, {200: 1}, 0) for name in found}


def test_the_noisy_neighbour_is_told_from_the_quiet_ones():
    tenants = tuple(Tenant(f"t{n}", "key", "voice", "version", "speaker", ("synthesis",), {}) for n in range(4))
    meter = Told()
    scenes.neighbour(Stage(cast(LocalPlatform, None), tenants, b""), meter)
    assert meter.groups == [{"quiet": 3}, {"quiet": 3, "noisy": 1}]
