"""A log of its own for every test: own object store, own keys, own signing key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from isolation.scope import tenant_scope
from storage import keys, objects


@pytest.fixture
def stores(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The data folder of this test alone; what an earlier test published is not there."""
    settings.DATA_DIR = tmp_path / "data"
    made = (objects.object_store, objects.intake_store, keys.key_store)
    for one in made:
        one.cache_clear()
    yield settings.DATA_DIR
    for one in made:
        one.cache_clear()


@pytest.fixture
def tenant(db: None, stores: Path) -> Iterator[UUID]:
    """A tenant in whose transaction the test runs."""
    tenant_id = uuid4()
    with tenant_scope(tenant_id):
        yield tenant_id
