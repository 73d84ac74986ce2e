"""The web process between HTTP and Django: what is whole leaves whole, what streams streams."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse

from config.web import _whole


class Answer(HttpResponse):
    """One whose end is told to nobody: Django would close the test's own connection to the database."""

    def close(self) -> None:
        self.closed = True


def test_an_answer_that_is_whole_is_closed_before_it_leaves() -> None:
    answer = Answer(b"all of it")
    assert _whole(lambda environ, start: answer)({}, lambda *_: None) == [b"all of it"]
    assert answer.closed


def test_an_answer_that_streams_is_not_waited_for() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"more"

    answer = StreamingHttpResponse(endless())
    sent = iter(_whole(lambda environ, start: answer)({}, lambda *_: None))
    assert [next(sent), next(sent)] == [b"more", b"more"]
    assert not answer.closed
