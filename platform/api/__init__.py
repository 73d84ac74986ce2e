"""The edge every view shares: pagination, idempotency, throttles, request ids, the API document."""
