"""The platform as processes, with organisations, voices and a history in it, ready to be loaded."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from config.demo.client import Client
from config.embedded import Profile, free_port
from config.local import ROOT, LocalPlatform
from tests.journeys.staging import tell

ORGANISATIONS = 4
HISTORY = 5_000  # syntheses of each organisation that are there before anything is measured
TEN_SECONDS = (
    "Thank you for calling us today. Your parcel has left our house this morning and will be with you on "
    "Friday between nine and twelve. If nobody is at home, the driver leaves it with a neighbour."
)
# Copies of one synthesis, cancelled, a second apart; the copy is an ordinary row for every list and filter.
_COPIES = """
INSERT INTO synthesis_synthesis ({columns})
SELECT {values} FROM synthesis_synthesis, generate_series(1, %s) AS number
WHERE tenant_id = %s AND state = 'queued'
"""


@dataclass(frozen=True)
class Tenant:
    """One organisation: its key and what its callers name in their requests."""

    id: str
    key: str
    voice: str
    version: str
    speaker: str
    syntheses: tuple[str, ...]
    order: dict[str, Any]  # the body of a synthesis request

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True)
class Stage:
    """What the scenes play on."""

    platform: LocalPlatform
    tenants: tuple[Tenant, ...]
    clip: bytes  # ten seconds with our mark

    def ready(self) -> None:
        """Start what a scene has stopped."""
        for child in self.platform.children.values():
            if not child.running:
                child.start()


@contextmanager
def stage(**settings: str) -> Iterator[Stage]:
    """Start everything in a profile of its own and take all of it away at the end.

    Args:
        settings: further CONSONANT_ names and their values.
    """
    profile = Profile(ROOT / "var" / "bench" / f"load-{os.getpid()}")
    with profile.held():
        platform = LocalPlatform(profile, port=free_port(), settings={"CONSONANT_ENGINE": "humming"} | settings)
        try:
            platform.start_servers()
            told = tell(platform, organisations=ORGANISATIONS)
            platform.start_processes()
            clip = _clip(Client(platform.url, told[0]["key"]), _order(told[0], TEN_SECONDS))
            yield Stage(platform, tuple(_tenant(platform, one) for one in told), clip)
        finally:
            platform.stop()
            shutil.rmtree(profile.folder, ignore_errors=True)


def _clip(client: Client, order: dict[str, Any]) -> bytes:
    job = client.post("/v1/syntheses", order)
    deadline = time.monotonic() + 120
    while client.get(f"/v1/syntheses/{job['id']}")["state"] != "done":
        if time.monotonic() > deadline:
            raise RuntimeError("the clip was not spoken within two minutes")
        time.sleep(0.5)
    return client.read(f"/v1/syntheses/{job['id']}/audio")


def _tenant(platform: LocalPlatform, told: dict[str, Any]) -> Tenant:
    """Give the organisation its history and name some of it."""
    voice = told["voices"][0]
    with platform.servers.superuser() as database:
        database.execute("SET session_replication_role = replica")  # the past is written down, not lived through
        columns = [row[0] for row in database.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'synthesis_synthesis'"
        )]  # fmt: skip
        made = {"id": "gen_random_uuid()", "state": "'cancelled'", "created_at": "created_at - number * interval '1 s'"}
        values = ", ".join(made.get(name, f'"{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        client, order = Client(platform.url, told["key"]), _order(told, "Your parcel is on its way.")
        platform.children["worker"].stop()  # so that the first one stays queued while it is copied
        client.post("/v1/syntheses", order)
        database.execute(_COPIES.format(columns=names, values=values), [HISTORY, told["tenant"]])
        platform.children["worker"].start()
        database.execute("ANALYZE")
        found = database.execute(
            "SELECT id::text FROM synthesis_synthesis WHERE tenant_id = %s LIMIT 200", [told["tenant"]]
        ).fetchall()
    ids = tuple(row[0] for row in found)
    return Tenant(told["tenant"], told["key"], voice["voice"], voice["version"], voice["speaker"], ids, order)


def _order(told: dict[str, Any], text: str) -> dict[str, Any]:
    return {"voice_version": told["voices"][0]["version"], "text": text, "use": told["use"]}
