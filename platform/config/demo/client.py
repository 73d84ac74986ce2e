"""A plain HTTP client for the demonstration: standard library only, so that nothing hides the protocol."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any


class Answered(Exception):
    """The server answered with a problem.

    Attributes:
        status: HTTP status.
        problem: the problem document.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.problem.get("code", ""))


@dataclass
class Client:
    """One caller: with an API key, with a member's session, or a stranger.

    Every call raises Answered for a problem, and urllib.error.URLError or OSError where no whole answer came.
    """

    base: str
    key: str = ""
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def get(self, path: str) -> Any:
        """GET and parse JSON."""
        return json.loads(self.read(path))

    def read(self, path: str) -> bytes:
        """GET the bytes."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any] | None = None, *, once: bool = False, key: str = "") -> Any:
        """POST JSON; `once` adds a fresh Idempotency-Key, `key` names one."""
        headers = {"Content-Type": "application/json"}
        if once or key:
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        return json.loads(self._send("POST", path, json.dumps(body or {}).encode(), headers) or b"null")

    def put(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        """PUT bytes to a presigned address, with no credentials of ours."""
        Client("")._send("PUT", url, body, headers)

    def send_file(self, path: str, name: str, data: bytes, headers: dict[str, str] | None = None, **fields: str) -> Any:
        """POST multipart/form-data with one file called `name`."""
        mark = secrets.token_hex(16)
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="clip"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n")
        body = b"".join(parts) + f"--{mark}--\r\n".encode()
        content = {"Content-Type": f"multipart/form-data; boundary={mark}", **(headers or {})}
        return json.loads(self._send("POST", path, body, content))

    def sign_in(self, organisation: str, email: str, password: str) -> None:
        """Open a member's session as a browser does: read the form, send it back with its token."""
        page = self.read("/signin").decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {"organisation": organisation, "email": email, "password": password}
        fields["csrfmiddlewaretoken"] = token.group(1) if token else ""
        body = urllib.parse.urlencode(fields).encode()
        self._send("POST", "/signin", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310  # our own server's addresses
        for name, value in headers.items():
            request.add_header(name, value)
        if self.key:
            request.add_header("Authorization", f"Bearer {self.key}")
        for cookie in self.cookies:
            if cookie.name == "csrftoken" and cookie.value:
                request.add_header("X-CSRFToken", cookie.value)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        try:
            return _whole(opener, request)
        except http.client.HTTPException as broken:  # a server that died in the middle of a word
            raise urllib.error.URLError(f"the answer broke off: {broken!r}") from broken


def _whole(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> bytes:
    try:
        with opener.open(request, timeout=120) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        raise _answered(error) from error


def _answered(error: urllib.error.HTTPError) -> Answered:
    raw = error.read()
    try:
        return Answered(error.code, json.loads(raw))
    except ValueError:
        return Answered(error.code, {"code": "not-json", "detail": raw[:200].decode(errors="replace")})
