"""What `manage.py check --deploy` refuses in production."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command


@pytest.fixture
def production(settings, tmp_path: Path) -> Path:
    settings.MODE, settings.DATA_DIR = "production", tmp_path
    return tmp_path


def found(*, deploy: bool) -> set[str]:
    return {str(message.id) for message in run_checks(include_deployment_checks=deploy)}


def test_stand_ins_are_refused_in_production_always(production, settings):
    settings.SECRET_KEY, settings.PUBLIC_URL = "short", "http://voices.example.org"
    wanted = {"consonant.001", "consonant.002", "consonant.003", "consonant.004", "consonant.005"}
    assert wanted <= found(deploy=False)


def test_a_deployment_without_its_mark_key_is_refused_until_one_stands(production):
    assert "consonant.006" in found(deploy=True)
    assert "consonant.006" not in found(deploy=False), "the command that makes the key could not run"
    assert not (production / "mark-key").exists(), "a check makes nothing"
    epochs = []
    for arguments in (["--first"], ["--first"], []):
        out = StringIO()
        call_command("rotate_mark_key", *arguments, stdout=out)
        epochs.append(out.getvalue().split()[1])
    assert epochs == ["0", "0", "1"]
    assert "consonant.006" not in found(deploy=True)


def test_a_damaged_key_is_not_taken_for_one(production):
    (production / "mark-key").write_text("nonsense")
    assert "consonant.006" in found(deploy=True)
