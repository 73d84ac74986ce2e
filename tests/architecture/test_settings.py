"""What settings and environment name exists and is used."""

from __future__ import annotations

import importlib
from dataclasses import fields
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from config import env

ROOT = Path(__file__).resolve().parents[2]
USABLE = {
    "CONSONANT_MODE": "test",
    "CONSONANT_SECRET_KEY": "s" * 50,
    "CONSONANT_PUBLIC_URL": "http://testserver",
    "CONSONANT_DATA_DIR": "data",
    "CONSONANT_DATABASE_HOST": "127.0.0.1",
    "CONSONANT_DATABASE_PORT": "5432",
    "CONSONANT_DATABASE_NAME": "consonant",
    "CONSONANT_DATABASE_APP_USER": "consonant_app",
    "CONSONANT_DATABASE_APP_PASSWORD": "p",
    "CONSONANT_REDIS_URL": "redis://127.0.0.1",
}


def own_paths() -> list[str]:
    """Every dotted path that settings hand to a protocol of ours or to a framework."""
    found: list[str] = []
    for name in dir(settings):
        if not name.isupper():
            continue
        value = getattr(settings, name)
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        found += [text for entry in values for text in (entry if isinstance(entry, list) else [entry]) if _ours(text)]
    return sorted(set(found))


def _ours(text: object) -> bool:
    if not isinstance(text, str) or text.count(".") < 1 or not text.replace(".", "").replace("_", "").isalnum():
        return False
    root = text.split(".")[0]
    return any((folder / root / "__init__.py").exists() for folder in (ROOT, ROOT / "platform"))


@pytest.mark.parametrize("path", own_paths())
def test_a_path_in_settings_leads_somewhere(path: str) -> None:
    if path == settings.ROOT_URLCONF:
        importlib.import_module(path)
    else:
        import_string(path)


def test_the_names_of_the_environment_are_all_used() -> None:
    text = (ROOT / "platform" / "config" / "settings.py").read_text()
    unused = [field.name for field in fields(env.Environment) if f"ENV.{field.name}" not in text]
    elsewhere = "\n".join(path.read_text() for path in (ROOT / "platform" / "storage").rglob("*.py"))
    assert [name for name in unused if f"ENV.{name}" not in elsewhere and f"env.{name}" not in elsewhere] == []


def test_a_usable_environment_is_read() -> None:
    assert env.read(USABLE).database_app_user == "consonant_app"


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    wrong = {**USABLE, "CONSONANT_MOOD": "good", "CONSONANT_ENGINE": "steam", "CONSONANT_SECRET_KEY_FILE": "nowhere"}
    del wrong["CONSONANT_REDIS_URL"]
    with pytest.raises(env.EnvironmentUnusable) as refusal:
        env.read(wrong)
    for name in ("CONSONANT_MOOD", "CONSONANT_ENGINE", "CONSONANT_SECRET_KEY_FILE", "CONSONANT_REDIS_URL"):
        assert name in str(refusal.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n")
    given = {name: value for name, value in USABLE.items() if name != "CONSONANT_DATABASE_APP_PASSWORD"}
    given["CONSONANT_DATABASE_APP_PASSWORD_FILE"] = str(tmp_path / "password")
    assert env.read(given).database_app_password == "from a file"
