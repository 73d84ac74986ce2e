"""How long an act waits until a signed checkpoint holds it, watched from outside with the database's clock."""

from __future__ import annotations

import threading
from types import TracebackType

from tests.load.openloop import quantile
from tests.load.stage import Stage

LOOKS_EVERY_S = 0.05
_MERGED = """
SELECT e.index, extract(epoch FROM clock_timestamp() - d.created_at)::float8
FROM audit_entry e JOIN audit_auditdetail d ON d.id = e.public_id CROSS JOIN audit_head h
WHERE e.index >= %s AND e.index < h.size ORDER BY e.index
"""


class Merging(threading.Thread):
    """``with Merging(stage) as merging: ...``: looks again and again at what has come under the head since."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.delays_s: list[float] = []
        self._stage, self._over = stage, threading.Event()

    def run(self) -> None:
        """Look until the end; an entry's delay is found up to LOOKS_EVERY_S too long."""
        with self._stage.platform.servers.superuser() as database:
            row = database.execute("SELECT coalesce(max(size), 0) FROM audit_head").fetchone()
            known = row[0] if row else 0
            while not self._over.wait(LOOKS_EVERY_S):
                for index, delay_s in database.execute(_MERGED, [known]).fetchall():
                    self.delays_s.append(delay_s)
                    known = index + 1

    def __enter__(self) -> Merging:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.join()

    def text(self) -> str:
        """One line for a person."""
        delays = sorted(self.delays_s)
        return f"{len(delays)} acts merged: median {quantile(delays, 0.5):.2f} s, p99 {quantile(delays, 0.99):.2f} s"
