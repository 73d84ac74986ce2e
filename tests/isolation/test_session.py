"""Whether a kept session still lives is seen without asking it, and what is dead is opened anew."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_socket]


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_session_that_waits_is_not_asked():
    session()
    with CaptureQueriesContext(connection) as asked:
        assert connection.is_usable()
    assert len(asked) == 0


def test_a_session_that_the_server_has_ended_is_opened_anew_before_the_next_request(servers):
    before = session()
    with servers.superuser() as owner:
        owner.execute("SELECT pg_terminate_backend(%s)", [before])
        while owner.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [before]).fetchone()[0]:
            time.sleep(0.01)
    assert not connection.is_usable()
    connection.health_check_enabled, connection.health_check_done = True, False
    connection.close_if_health_check_failed()
    assert session() != before


def test_one_in_the_middle_of_a_transaction_is_asked_as_ever():
    connection.set_autocommit(False)
    try:
        session()
        with connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert not connection.is_usable()
    finally:
        connection.close()
