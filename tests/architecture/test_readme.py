"""What README and the parts' own pages name exists: files, links, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.launch import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
# The vectors' pages name files of the places that they come from.
PAGES = [
    path
    for path in sorted(ROOT.rglob("README.md"))
    if not {".venv", "var", "vectors"} & set(path.relative_to(ROOT).parts)
]
# Made by a command of the page itself.
MADE = ("var/",)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.(?:py|toml|yml|sql|json|md))`", page.read_text())
    roots = (page.parent, page.parent.parent, ROOT, ROOT / "platform", ROOT / "tests")
    gone = [name for name in named if not name.startswith(MADE) and not any((root / name).exists() for root in roots)]
    assert gone == []


@every_page
def test_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"\./run ([a-z]+)", text)) <= {*COMMANDS, "setup"}
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())
