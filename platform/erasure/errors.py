"""What an erasure refuses or cannot finish."""

from problems.errors import Conflict, NotFound, Unavailable


class ErasureNotFound(NotFound):
    """No such erasure for this caller."""

    code = "erasure-not-found"
    title = "There is no such erasure here"
    meaning = "No erasure of that id is known to this tenant. Another tenant's erasure answers the same."


class CertificatePending(Conflict):
    """The erasure is not finished, or its entry is not in a signed checkpoint yet."""

    code = "certificate-pending"
    title = "The certificate is not ready yet"
    meaning = (
        "A certificate is signed when everything was destroyed and every inventory was empty, and it is handed out "
        "with the proof that it stands in the log. Try again in a moment; the erasure's state says how far it is."
    )
    retry_after_s = 2


class ErasureIncomplete(Conflict):
    """Something of the person is still there after every step was done."""

    code = "erasure-incomplete"
    title = "Something is left after the erasure"
    meaning = (
        "Every step of the erasure was done, and an inventory that was asked again still named something. No "
        "certificate is signed. The use of the person's data stays disabled, and the erasure is tried again."
    )


class LedgerBroken(Unavailable):
    """The ledger outside the database cannot be believed."""

    code = "ledger-broken"
    title = "The erasure ledger does not add up"
    meaning = (
        "A note of the ledger is not signed by this platform, or there are fewer erasures in it than the log "
        "certifies. A restored platform must not open in this state: somebody erased could come back."
    )
