"""What can go wrong with a stream, beyond what a synthesis can meet."""

from __future__ import annotations

from problems.errors import Conflict, TooMany, Unavailable
from work.errors import JobCancelled


class ListenerGone(JobCancelled):
    """Nobody takes the windows any more."""

    code = "listener-gone"
    title = "The listener has gone"
    meaning = "Whoever listened to the stream hung up, or took no window for half a minute. It was stopped there."


class StreamBroken(Conflict):
    """The worker that spoke died or gave up in the middle."""

    code = "stream-broken"
    title = "The stream broke off"
    meaning = (
        "The process that spoke has died. A stream is not taken up again in the middle; ask for the text once more. "
        "What was heard before carries its mark and stands on the log."
    )


class StreamLate(Unavailable):
    """No worker began to speak in time."""

    code = "stream-late"
    title = "Nobody began to speak in time"
    meaning = "All workers that speak streams are busy, or none is running. Try again, or ask for a file instead."


class StreamsBusy(TooMany):
    """The tenant listens to as many streams as it may."""

    code = "streams-busy"
    title = "Too many streams at once"
    meaning = "An organisation listens to a limited number of streams at a time. Another may begin when one has ended."
