"""Streams: text in, audio out while it is still being spoken.

A stream is a synthesis that is handed on in windows instead of being stored. It is admitted like any other
(consent, quota, log, job row, outbox row); `jobs` speaks it in a worker, `pipe` carries sealed windows through
Redis, `listening` releases them one by one to whoever asked (`views` over HTTP, `sockets` over WebSocket).

What holds for every window: the mark was read back from its encoded bytes before it left the worker, and the
consent was asked again, by the database's clock, right before it left us.
"""
