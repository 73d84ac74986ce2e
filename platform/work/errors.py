"""What can go wrong with leased work."""

from problems.errors import Conflict, Unavailable


class LeaseLost(Conflict):
    """Another worker holds the job now, or it has ended; whatever this one did must not be kept."""

    code = "lease-lost"
    title = "The job is no longer this worker's"
    meaning = "The worker's lease ran out or the job ended meanwhile. Its late result was thrown away."


class JobCancelled(Conflict):
    """The job was cancelled while it ran."""

    code = "job-cancelled"
    title = "The job was cancelled"
    meaning = "Somebody cancelled the job. What had been made was thrown away."


class JobFinished(Conflict):
    """A finished job cannot be cancelled."""

    code = "job-finished"
    title = "The job has already ended"
    meaning = "The job is done, failed or cancelled; its state no longer changes."


class AttemptsExhausted(Unavailable):
    """The job's worker died too often."""

    code = "attempts-exhausted"
    title = "The job was given up after several attempts"
    meaning = "Each worker that took the job died before it ended. It is kept as failed so that somebody looks at it."
