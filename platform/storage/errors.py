"""What a store refuses, or cannot do."""

from problems.errors import Conflict, Gone, Invalid, NotFound, Unavailable


class ObjectMissing(NotFound):
    """No object lies under that name."""

    code = "object-missing"
    title = "There is no such object"
    meaning = "The stored bytes are not there: they were never uploaded, or they have been removed."


class ObjectExists(Conflict):
    """The name is taken and the writer asked for a new one."""

    code = "object-exists"
    title = "There is already an object of that name"
    meaning = "Bytes were to be written under a name that is in use. What is there was left as it is."


class StoreUnavailable(Unavailable):
    """The object store or key store does not answer, or answers with an error of its own."""

    code = "store-unavailable"
    title = "A store does not answer"
    meaning = "The store of sealed objects or of keys does not answer. Nothing was half done; try again."


class UploadRefused(Invalid):
    """The upload is not the one that its address was signed for."""

    code = "upload-refused"
    title = "The upload is not the announced one"
    meaning = (
        "An upload address is signed for one object, one length and one content type, and runs out. "
        "What came differs from that, or came too late. Ask for a new address."
    )


class SealBroken(Unavailable):
    """Sealed bytes do not open: altered, cut, moved, or another key's."""

    code = "seal-broken"
    title = "Stored bytes do not open"
    meaning = (
        "Sealed bytes failed their authentication: they were altered, cut short, or stand in another place than "
        "they were sealed for. They are never used. This is a fault on our side and has been reported."
    )


class KeyMissing(Unavailable):
    """The key store knows no such key: it was never made, or the wrong store is mounted."""

    code = "key-missing"
    title = "A key that should be there is not"
    meaning = "The key store holds no key under the expected name and no record that it was destroyed."


class KeyShredded(Gone):
    """The key was destroyed by an erasure, and everything that it sealed with it."""

    code = "key-shredded"
    title = "This has been erased"
    meaning = "The key of the person behind this has been destroyed at an erasure. What it sealed cannot be read again."
