"""The ASGI entry, for streams: ``uvicorn config.asgi:application``. Everything else stays with ``config.wsgi``.

HTTP goes through Django as always; a WebSocket on /v1/streams is an adapter in front of that very door
(`synthesis.streams.sockets`). A request has a thread of its own for its short blocking steps, and all of them
share a small pool of database connections: a listener holds none while it waits.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("CONSONANT_DATABASE_POOL", "8")
os.environ.setdefault("CONSONANT_REQUESTS_AT_ONCE", "64")  # they are short here, and streams have a limit of their own

from django.core.asgi import get_asgi_application  # behind the environment, which it reads
from django.urls import get_resolver

from synthesis.streams.sockets import Receive, Scope, Send, StreamSocket

_django = get_asgi_application()
_socket = StreamSocket(_django)
_routes = get_resolver().url_patterns  # loaded now, and not in the first request


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """One HTTP request, or one WebSocket."""
    if scope["type"] == "websocket":
        await _socket(scope, receive, send)
    elif scope["type"] == "http":
        await _django(scope, receive, send)
    else:
        raise ValueError(f"no {scope['type']} here")
