"""The commands, run as people run them: a bare interpreter without Django on its path."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

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
    done = run("detect", folder / "broken.wav", folder / "gone.wav", folder / "marked.wav", "--key", folder / "key")
    assert done.returncode == 2
    assert "broken.wav" in done.stderr
    assert "No such file or directory: " in done.stderr
    assert "ours" in done.stdout


def test_a_list_of_what_was_marked_names_a_single_word(folder: Path) -> None:
    made = folder / "listed.wav"
    embedded = run("embed", WOMAN, made, "--key", folder / "key", "--id", "beef", "--list", folder / "list.csv")
    assert embedded.returncode == 0, embedded.stderr
    head, row = (folder / "list.csv").read_text().splitlines()
    assert head == "record,epoch,salt,start,seconds"
    assert row.startswith("00000000beef,0,")
    samples, rate_hz = soundfile.read(made, dtype="float32")
    soundfile.write(folder / "word.wav", samples[rate_hz // 2 : int(1.1 * rate_hz)], rate_hz)
    done = run("detect", folder / "word.wav", "--key", folder / "key", "--list", folder / "list.csv", "--json")
    assert json.loads(done.stdout)["id"] == "00000000beef"


@pytest.mark.parametrize(
    "text", ["", "some,other,table\n", "record,epoch,salt,start,seconds\nbeef,7,1,2,3.0\n",
             "record,epoch,salt,start,seconds\nbeef,0,1\n", "record,epoch,salt,start,seconds\nbeef,0,1,2,nan\n",
             f"record,epoch,salt,start,seconds\n{'f' * 20},0,1,2,3.0\n"],
)  # fmt: skip
def test_a_list_that_is_none_of_this_key_is_an_error(folder: Path, text: str) -> None:
    (folder / "bad.csv").write_text(text)
    done = run("detect", WOMAN, "--key", folder / "key", "--list", folder / "bad.csv")
    assert done.returncode == 2
    assert "bad.csv" in done.stderr


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
