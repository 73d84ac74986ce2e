"""The kinds of DomainError.

A kind fixes the HTTP status; a package's own ``errors.py`` names its cases by subclassing a kind.
This module knows no framework: pure code raises these too, and a failed job stores the same
``code`` on its row that a caller would have been told.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Something the domain refuses to do, with a stable code.

    Args:
        detail: a sentence about this occurrence; the class's ``title`` when left out.
        facts: members of the problem body (RFC 9457 section 3.2); JSON values, nothing personal.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"
    meaning: ClassVar[str] = (
        "The server met a fault that is not the caller's. Nothing was half done: "
        "the request's transaction was rolled back. The request id finds it in the logs."
    )
    retry_after_s: int | None = None

    def __init__(self, detail: str = "", /, **facts: object) -> None:
        self.detail = detail or self.title
        self.facts = facts
        super().__init__(f"{self.code}: {self.detail}")


class Invalid(DomainError):
    """The request says something that cannot be right."""

    status = 422
    code = "invalid"
    title = "The request is not valid"
    meaning = "A value is missing, malformed or out of range. The body's members say which."


class Unauthenticated(DomainError):
    """Nobody we know is asking."""

    status = 401
    code = "unauthenticated"
    title = "Authentication is needed"
    meaning = "No credentials came with the request, or they are unknown, expired or revoked."


class Refused(DomainError):
    """The caller is known and the answer is no."""

    status = 403
    code = "refused"
    title = "This is not allowed"
    meaning = "The caller is known, but the act is outside what it may do."


class NotFound(DomainError):
    """There is no such thing for this caller; "not yours" looks exactly like "not there"."""

    status = 404
    code = "not-found"
    title = "There is no such thing here"
    meaning = "Nothing stands at this address for this caller. What belongs to somebody else answers the same."


class MethodNotAllowed(DomainError):
    """The address exists and does not know this verb."""

    status = 405
    code = "method-not-allowed"
    title = "This address does not take that method"
    meaning = "The address exists but answers other methods; the Allow header names them."


class NotAcceptable(DomainError):
    """No representation that the caller would take."""

    status = 406
    code = "not-acceptable"
    title = "No such representation"
    meaning = "The Accept header asks for a media type that this address does not produce."


class Conflict(DomainError):
    """The thing's state does not allow it now."""

    status = 409
    code = "conflict"
    title = "The current state does not allow this"
    meaning = "The request is well formed, but the thing it acts on is in another state than the act needs."


class Gone(DomainError):
    """It was here and has been destroyed for good."""

    status = 410
    code = "gone"
    title = "This has been destroyed"
    meaning = "The thing existed and was erased. It cannot be brought back."


class PreconditionFailed(DomainError):
    """If-Match named another version."""

    status = 412
    code = "precondition-failed"
    title = "The thing has changed since you read it"
    meaning = "The If-Match header names another version than the present one. Read it again first."


class TooLarge(DomainError):
    """More bytes than this door takes."""

    status = 413
    code = "too-large"
    title = "The request is too large"
    meaning = "The body holds more bytes than this address accepts; the limit is a member of the answer."


class UnsupportedMedia(DomainError):
    """A content type that this door does not read."""

    status = 415
    code = "unsupported-media"
    title = "This content type is not read here"
    meaning = "The Content-Type header names a media type that this address does not read."


class TooMany(DomainError):
    """A limit is used up; try again later."""

    status = 429
    code = "too-many"
    title = "Too many requests"
    meaning = "A rate limit or quota is used up. Retry-After says when to come back."
    retry_after_s = 1


class Unavailable(DomainError):
    """A part that is needed does not answer now."""

    status = 503
    code = "unavailable"
    title = "A part that is needed does not answer"
    meaning = "A store or service behind the API does not answer. Nothing was half done; try again."
    retry_after_s = 5


def registry() -> dict[str, type[DomainError]]:
    """Every known case by its code; a code used twice is a programming error.

    Raises:
        RuntimeError: two classes share a code.
    """
    found: dict[str, type[DomainError]] = {}
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "code" in vars(kind):
            twin = found.setdefault(kind.code, kind)
            if twin is not kind and twin.__module__ != kind.__module__:
                raise RuntimeError(f"code {kind.code!r} stands for {twin!r} and {kind!r}")
    return found
