"""What can go wrong at the edge itself."""

from problems.errors import Conflict, Gone, Invalid


class IdempotencyMismatch(Invalid):
    """The key was used for another request."""

    code = "idempotency-mismatch"
    title = "This idempotency key was used for another request"
    meaning = "An Idempotency-Key names one request: same method, address and body. Use a new key for a new request."


class IdempotencyBusy(Conflict):
    """The first request with this key is still running."""

    code = "idempotency-busy"
    title = "The first request with this idempotency key is still running"
    meaning = "Wait until the first request has been answered; then the same key replays its answer."
    retry_after_s = 1


class IdempotencyGone(Gone):
    """The stored reply was sealed under the key of an erased person."""

    code = "idempotency-gone"
    title = "The stored answer was erased with its person"
    meaning = "The request was done once; its answer was sealed under a person's key that has been destroyed."


class IdempotencyKeyInvalid(Invalid):
    """The header is empty, too long or not printable."""

    code = "idempotency-key-invalid"
    title = "The Idempotency-Key header is not usable"
    meaning = "An idempotency key is 1 to 255 printable ASCII characters."
