"""The door `./run`: it starts without anything installed, and what it cannot do it says."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from config import launch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working in a folder of its own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("run_script", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    places = {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "VAR": tmp_path / "var"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, place)
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "consonant-setup.json")
    return module


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    # -I -S: neither this environment nor any installed package may be needed.
    command = [sys.executable, "-I", "-S", str(ROOT / "run"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_needs_nothing_installed() -> None:
    done = call("--help")
    assert "./run demo" in done.stderr
    assert "./run test" in done.stderr


def test_an_unknown_command_is_named() -> None:
    done = call("dmeo")
    assert done.returncode == 1
    assert "'dmeo'" in done.stderr


def test_a_complete_set_up_is_not_repeated(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    run.PYTHON.parent.mkdir(parents=True)
    run.PYTHON.touch()
    run.STAMP.write_text(f'{{"pins": "{run.fingerprint()}", "extras": ["worker", "embedded", "dev"]}}')
    run.set_up(("worker", "embedded"), gpu=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_pin_asks_for_a_new_set_up(run: ModuleType, name: str) -> None:
    before = run.fingerprint()
    (run.ROOT / name).write_text((run.ROOT / name).read_text() + "\n# changed\n")
    assert run.fingerprint() != before


def test_an_interrupted_set_up_counts_as_none(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    run.PYTHON.parent.mkdir(parents=True)
    run.PYTHON.touch()
    run.STAMP.write_text('{"pins": "of yesterday", "extras": []}')
    monkeypatch.setattr(run, "make_venv", lambda: None)

    def interrupted(gpu: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "install_torch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.set_up(("worker",), gpu=False)
    assert run.read_stamp() == {}


def test_a_python_without_venv_gets_a_helpful_word(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = run.ROOT / "python-without-venv"
    broken.write_text("#!/bin/sh\necho 'ensurepip is not available' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(run, "find_python", lambda: str(broken))
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        run.make_venv()
    assert not run.VENV.exists()


@pytest.mark.parametrize("suite", launch.SUITES)
def test_every_suite_of_the_bench_is_a_command(suite: str) -> None:
    module = importlib.util.find_spec(launch.SUITES[suite][0])
    assert module is not None
    assert module.submodule_search_locations is None or importlib.util.find_spec(f"{module.name}.__main__")


def test_every_command_of_the_door_leads_somewhere(run: ModuleType) -> None:
    assert set(run.EXTRAS) - {"setup"} == set(launch.COMMANDS)
    for command in run.EXTRAS:
        assert f"./run {command}" in run.__doc__


def test_torch_is_asked_for_without_cuda_first(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def pip(what: str, *arguments: str, required: bool = True) -> bool:
        asked.append(arguments[-1])
        return False

    monkeypatch.setattr(run, "pip", pip)
    run.PYTHON.parent.mkdir(parents=True)
    run.PYTHON.write_text("#!/bin/sh\nexit 1\n")
    run.PYTHON.chmod(0o755)
    monkeypatch.setattr(run.sys, "platform", "linux")
    run.install_torch(gpu=False)
    assert asked == ["torch==2.13.0+cpu"] * 2
