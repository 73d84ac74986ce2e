"""Lines of the log: whole, whoever writes at the same time."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from config.logs import LineHandler


def test_lines_of_many_threads_stay_whole(capfd) -> None:
    handler = LineHandler()
    with ThreadPoolExecutor(16) as pool:
        for number in range(400):
            record = logging.makeLogRecord({"msg": f"{number} " + "x" * 2000, "levelno": logging.INFO})
            pool.submit(handler.handle, record)
    lines = capfd.readouterr().err.splitlines()
    assert sorted(int(line.split()[0]) for line in lines) == list(range(400))
    assert {line.split()[1] for line in lines} == {"x" * 2000}


def test_nobody_waits_for_another_line() -> None:
    assert LineHandler().lock is None
