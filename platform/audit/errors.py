"""What the log refuses or cannot do."""

from problems.errors import Conflict, Invalid, NotFound, Unavailable


class EntryNotFound(NotFound):
    """No such entry for this caller."""

    code = "entry-not-found"
    title = "There is no such log entry here"
    meaning = "No entry of that id is known to this tenant. Another tenant's entry answers the same."


class LogFileNotFound(NotFound):
    """The log has no such file, or not yet."""

    code = "log-file-not-found"
    title = "The log has no such file"
    meaning = "The address names no tile, entry bundle or checkpoint of the log as it is signed now."


class EntryPending(Conflict):
    """The act is recorded and not yet in a signed checkpoint."""

    code = "entry-pending"
    title = "The entry is not in a signed checkpoint yet"
    meaning = "The act is recorded for good and will be in the next checkpoint, normally within two seconds. Try again."
    retry_after_s = 2


class LogSizeUnknown(Invalid):
    """A consistency proof was asked from a size the log never had."""

    code = "log-size-unknown"
    title = "The log never had that size"
    meaning = "A consistency proof leads from an older size of the log to the present one; the given size is larger."


class LogKeyMissing(Unavailable):
    """The log's signing key is not where it should be."""

    code = "log-key-missing"
    title = "The log's signing key is missing"
    meaning = (
        "The log cannot sign a new checkpoint. Entries go on being recorded and are integrated once the key is back."
    )


class SequencerBusy(Conflict):
    """Another sequencer is at work."""

    code = "sequencer-busy"
    title = "Another sequencer is at work"
    meaning = "Only one process may extend the log at a time. The other one is doing it now."


class LogBroken(Unavailable):
    """What is served is not what was signed, or what would be signed does not follow from it."""

    code = "log-broken"
    title = "The log does not add up"
    meaning = (
        "Re-deriving the log from what it serves did not give the signed root, or the database is older than the "
        "published log. Nothing is signed in this state. The operator has to look: `manage.py fsck_log`."
    )
