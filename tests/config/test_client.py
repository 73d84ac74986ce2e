"""The demonstration's client, beside a server that dies in the middle of a word."""

import socket
import threading
from urllib.error import URLError

import pytest

from config.demo.client import Client


@pytest.mark.enable_socket
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
def test_an_answer_that_breaks_off_is_none(status: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def half_said() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 280\r\n\r\n{{".encode())

        talking = threading.Thread(target=half_said)
        talking.start()
        with pytest.raises(URLError, match="broke off"):
            Client(f"http://127.0.0.1:{server.getsockname()[1]}").get("/anything")
        talking.join()
