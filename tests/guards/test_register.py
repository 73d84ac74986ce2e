"""The register fits the code, so that `./run guards` has something to remove and somebody to notice."""

from __future__ import annotations

import ast

import pytest

from tests.guards.register import HEADING, ROOT, Guard, NotThere, guards, table

each = pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)


def test_there_are_enough_and_no_name_twice():
    names = [guard.name for guard in guards()]
    assert len(names) >= 15
    assert len(set(names)) == len(names)


@each
def test_it_stands_where_the_register_says(guard):
    text = (ROOT / guard.file).read_text()
    assert guard.removed_from(text) != text


@each
def test_somebody_is_named_who_would_notice(guard):
    assert guard.tests
    for test in guard.tests:
        path, name = test.split("::")
        functions = {node.name for node in ast.parse((ROOT / path).read_text()).body if hasattr(node, "name")}
        assert name in functions, test


def test_a_guard_that_moved_or_leaves_no_program_is_an_error():
    guard = Guard("x", "y", "z.py", "if a:", "if False:", ())
    for text in ("", "if a: pass\nif a: pass\n", "if a: pass\n)"):
        with pytest.raises(NotThere):
            guard.removed_from(text)


def test_the_table_on_the_page_is_that_of_the_register():
    page = (ROOT / "tests" / "README.md").read_text()
    assert table() in page, "write it with `python -m tests.guards --table`"
    assert page.count(HEADING) == 1
