"""The database backend of settings.DATABASES: Django's own but for one question.

Before each request Django asks a kept session whether it still lives, by a statement of its own: one round trip in
five of a read. A session that waits for us has nothing to say; where there is something to read it is the server's
last word or the end of the connection, and only then is it asked. What is found dead is opened anew, as before.
"""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    def is_usable(self) -> bool:
        """Whether the session can go on."""
        return self._waits_silently() or super().is_usable()

    def _waits_silently(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        session = self.connection.pgconn
        if session.transaction_status != TransactionStatus.IDLE:
            return False
        looked = select.poll()  # and not select(): that refuses descriptors above 1,023
        looked.register(session.socket, select.POLLIN | select.POLLRDHUP)
        return not looked.poll(0)
