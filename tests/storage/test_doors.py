"""Direct uploads over HTTP, as a client does them with an address it was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from storage import keys, objects
from storage.keys import KeyStore, key_store
from storage.objects import intake_store, object_store


@pytest.fixture(autouse=True)
def _own_stores(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    settings.ROOT_URLCONF = "storage.urls"
    made = (objects.object_store, objects.intake_store, keys.key_store)
    for one in made:
        one.cache_clear()
    yield
    for one in made:
        one.cache_clear()


def put(body: bytes, *, size: int = 4, content_type: str = "audio/wav", spoil: str = "") -> int:
    address = intake_store().presign_put("t1/take", size=size, content_type="audio/wav", expires_s=60)
    path = urlsplit(address.url).path + spoil
    return APIClient(raise_request_exception=False).put(path, body, content_type=content_type).status_code


def test_an_announced_upload_lands_in_the_intake_and_nowhere_else() -> None:
    assert put(b"RIFF") == 204
    assert intake_store().get("t1/take") == b"RIFF"
    assert list(object_store().find("")) == []


@pytest.mark.parametrize(
    ("body", "given"),
    [(b"RIFF!", {}), (b"RIF", {}), (b"RIFF", {"content_type": "text/html"}), (b"RIFF", {"spoil": "x"}), (b"", {})],
)
def test_anything_else_is_refused_and_leaves_nothing(body: bytes, given: dict[str, str]) -> None:
    assert put(body, **given) == 422  # type: ignore[arg-type]  # one keyword at a time
    assert list(intake_store().residue("")) == []


def test_the_probe_command_passes_on_a_good_store_and_ends_in_an_error_on_a_bad_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("check_storage")
    assert "FAILED" not in capsys.readouterr().out
    monkeypatch.setattr(KeyStore, "shred", lambda self, handle: None)
    with pytest.raises(CommandError, match="1 needed checks failed"):
        call_command("check_storage")


def test_the_root_key_can_be_retired(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    key_store().create("somebody")
    before = key_store().current("somebody")
    call_command("retire_root_key")
    assert key_store().current("somebody") == before
    settings.KEY_STORE = "kms"
    with pytest.raises(CommandError):
        call_command("retire_root_key")
