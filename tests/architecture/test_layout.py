"""Facts about the tree that a newcomer may rely on, and traps that must not be set again."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "platform"
TOP_LEVEL = ("voices", "synthesis", "watermark")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# A page or two each: guarantees, the life of its main thing, choices made and refused.
WITH_README = ("platform/audit", "platform/consent", "platform/erasure", "synthesis", "watermark")
# A name that says nothing hides a noun.
NO_ROLE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "base",
    "core",
    "lib",
    "stuff",
}
# A name of NO_ROLE that is one here, with the reason.
ARGUED = {
    "platform/audio/helper.py": "the helper process that decodes strangers' files; that is what it is called",
    "platform/isolation/postgresql/base.py": "Django looks for a database backend under this name",
}
LONGEST_FILE = 350
# Suites that belong to no package.
TEST_FOLDERS = {"journeys", "guards", "load", "vectors", "architecture"}


def packages() -> list[str]:
    """Every importable root of the project."""
    return sorted(path.parent.name for path in PLATFORM.glob("*/__init__.py")) + list(TOP_LEVEL)


def product_files() -> Iterator[Path]:
    """Python files that run in production or make the weights; migrations are written by Django."""
    for root in (PLATFORM, *(ROOT / name for name in TOP_LEVEL)):
        yield from (path for path in root.rglob("*.py") if "migrations" not in path.parts)
    yield from (ROOT / "run", ROOT / "manage.py")


def test_platform_is_a_source_root_and_never_a_package() -> None:
    assert not (PLATFORM / "__init__.py").exists()
    assert platform.system() in {"Linux", "Darwin"}
    # In the folder and with the folder first on the path, as celery and uvicorn start.
    asked = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.__file__); platform.system()"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not asked.stdout.startswith(str(ROOT))


def test_no_package_hides_one_of_the_standard_library() -> None:
    assert not set(packages()) & sys.stdlib_module_names


def test_every_tool_knows_every_package() -> None:
    tools = PROJECT["tool"]
    assert set(tools["importlinter"]["root_packages"]) == set(packages())
    assert set(tools["ruff"]["lint"]["isort"]["known-first-party"]) == {*packages(), "tests"}
    assert set(tools["hatch"]["build"]["targets"]["wheel"]["only-include"]) == {"platform", *TOP_LEVEL}
    layers = tools["importlinter"]["contracts"][0]["layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == set(packages())


def test_tests_mirror_the_packages_and_only_the_top_is_one() -> None:
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert folders <= {*packages(), *TEST_FOLDERS}
    assert [path.parent for path in (ROOT / "tests").rglob("__init__.py")] == [ROOT / "tests"]


@pytest.mark.parametrize("package", WITH_README)
def test_the_five_parts_with_choices_explain_them(package: str) -> None:
    text = (ROOT / package / "README.md").read_text()
    assert len(text) > 1_000
    for word in ("guarantee", "refused"):
        assert word in text.lower(), f"{package}/README.md says nothing of what is {word}"


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in product_files()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_file_is_named_for_no_role() -> None:
    named = {str(path.relative_to(ROOT)) for path in product_files() if path.stem in NO_ROLE}
    assert named <= set(ARGUED)


def test_models_are_tables_and_never_networks() -> None:
    for path in product_files():
        if path.name == "models.py":
            assert "import torch" not in path.read_text(), path
            assert "from django" in path.read_text(), path


def test_every_exemption_from_a_check_gives_its_reason() -> None:
    exemption = re.compile(r"#\s*(noqa|type: ignore)(?P<rules>[:\[][\w\-, \]]+?)?(?P<reason>\s+[#-].+)?$")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*product_files(), *(ROOT / "tests").rglob("*.py")]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := exemption.search(line)) and not (found["rules"] and found["reason"]) and "re.compile" not in line
    ]
    assert bare == []


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|pragma: no cover")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in product_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if unfinished.search(line)
    ]
    assert found == []


def test_no_test_is_switched_off() -> None:
    off = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)\b|mark\.skipif")
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__) and off.search(path.read_text())
    ]
    assert found == []


def test_no_test_reads_the_process_table_by_hand() -> None:
    """A process may go between two reads of its files; psutil answers that with one error, the kernel with three."""
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__) and re.search(r'"/proc\b', path.read_text())
    ]
    assert found == []
