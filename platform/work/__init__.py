"""Work that outlives its request: the outbox, the lease with its fencing token, and the relay.

The job's row in PostgreSQL is the truth; a Celery message is only a hint that it might be time.
Nothing here knows what the work is.
"""
