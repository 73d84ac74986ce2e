"""The commands, run as people run them: a bare interpreter without Django on its path."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WOMAN = ROOT / "tests" / "vectors" / "speech" / "woman.flac"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watermark", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A key and a marked file."""
    folder = tmp_path_factory.mktemp("commands")
    assert run("keygen", folder / "key").returncode == 0
    made = run("embed", WOMAN, folder / "marked.wav", "--key", folder / "key", "--id", "c0ffee")
    assert made.returncode == 0, made.stderr
    return folder


def test_detect_answers_one_json_object_per_line(folder: Path) -> None:
    done = run("detect", folder / "marked.wav", WOMAN, "--key", folder / "key", "--json")
    marked, clean = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 0
    assert set(marked) == {"file", "verdict", "p_value", "id", "spans", "markable_s"}
    assert (marked["verdict"], marked["id"]) == ("ours", "000000c0ffee")
    assert set(marked["spans"][0]) == {"start_s", "end_s", "p_value"}
    assert (clean["verdict"], clean["id"], clean["spans"]) == ("not_found", None, [])


def test_an_unreadable_file_is_told_and_the_others_are_answered(folder: Path) -> None:
    (folder / "broken.wav").write_text("no sound")
    done = run("detect", folder / "broken.wav", folder / "marked.wav", "--key", folder / "key")
    assert done.returncode == 2
    assert "broken.wav" in done.stderr
    assert "ours" in done.stdout


def test_the_picture_is_a_png(folder: Path) -> None:
    done = run("detect", folder / "marked.wav", "--key", folder / "key", "--plot", folder / "picture.png")
    assert done.returncode == 0
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_key_file_is_an_error(folder: Path) -> None:
    (folder / "nokey").write_text("hello")
    assert run("detect", WOMAN, "--key", folder / "nokey").returncode == 2


def test_neither_django_nor_torch_is_loaded() -> None:
    code = "import sys, watermark.commands; assert not {'django', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
