"""What the tests themselves stand on: committed rows go, the migrations' own rows stay."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from tests.conftest import Baseline


def _sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_committed_row_is_gone_in_the_next_test(turn: int) -> None:
    assert _sessions() == 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('key', 'data', now())")
    assert _sessions() == 1


@pytest.mark.django_db(transaction=True)
def test_the_first_rows_come_back(baseline: Baseline) -> None:
    # A table of the migrations' own rows, planted in the baseline as a migration would have.
    baseline._tables["django_session"] = b"planted\tdata\t2026-01-01 00:00:00+00\n"
    baseline.restore()
    assert _sessions() == 1
    baseline._tables["django_session"] = b""
    baseline.restore()
    assert _sessions() == 0
