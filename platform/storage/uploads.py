"""Signed upload addresses for the directory store, answered by our own API as S3 would.

An address is good for one object, one length, one content type, and a short time. The client's
code is the same as for S3: PUT the bytes with the headers it was given.
"""

from dataclasses import dataclass

from django.core import signing

from storage.errors import UploadRefused

_SALT = "storage.upload.v1"


@dataclass(frozen=True)
class Upload:
    """What an address was signed for."""

    key: str
    size: int
    content_type: str


class UploadSigner:
    """Makes and reads upload tokens.

    Args:
        secret: the deployment's secret key.
        prefix: the URL that tokens are appended to, with its last slash.
    """

    def __init__(self, secret: str, prefix: str) -> None:
        self._secret = secret
        self._prefix = prefix

    def url(self, key: str, *, size: int, content_type: str, expires_s: int) -> str:
        """An address for one upload."""
        claims = {"key": key, "size": size, "type": content_type, "for": expires_s}
        return self._prefix + signing.dumps(claims, key=self._secret, salt=_SALT)

    def read(self, token: str) -> Upload:
        """What `token` was signed for.

        Raises:
            UploadRefused: not signed by us, or its time has run out.
        """
        try:
            claims = signing.loads(token, key=self._secret, salt=_SALT)
            signing.loads(token, key=self._secret, salt=_SALT, max_age=claims["for"])
        except signing.BadSignature as error:
            raise UploadRefused("the address is not ours or its time has run out") from error
        return Upload(claims["key"], claims["size"], claims["type"])


def require_match(upload: Upload, *, size: int, content_type: str) -> None:
    """Refuse a body that is not the announced one.

    Raises:
        UploadRefused: another length or another content type.
    """
    if size != upload.size:
        raise UploadRefused("the length is not the announced one", announced=upload.size, received=size)
    if content_type != upload.content_type:
        raise UploadRefused("the content type is not the announced one", announced=upload.content_type)
