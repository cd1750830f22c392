"""The load generator's client finds the end of every answer that HTTP allows, cut anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.measure.load_connection import Answer, Connection

ANSWERS = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello": Answer(200, 5),
    b"HTTP/1.1 201 Created\r\ncontent-length:0\r\n\r\n": Answer(201, 0),
    b"HTTP/1.1 204 No Content\r\n\r\n": Answer(204, 0),
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n": Answer(304, 0),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi": Answer(200, 2),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n": Answer(200, 3),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a;x=y\r\n0123456789\r\n2\r\n\r\n\r\n0\r\nTrailer: 1\r\n\r\n": Answer(200, 12),
}


class Transport(asyncio.Transport):
    def write(self, data: object) -> None:
        pass

    def close(self) -> None:
        pass


async def read(pieces: Iterable[bytes], *, bodiless: bool = False, closed: bool = False) -> Answer:
    connection = Connection()
    connection.connection_made(Transport())
    asked = asyncio.ensure_future(connection.send(b"GET", bodiless, 5))
    await asyncio.sleep(0)
    for piece in pieces:
        assert not asked.done() or not piece
        connection.data_received(piece)
    if closed:
        connection.connection_lost(None)
    return await asked


@given(data=st.data(), answer=st.sampled_from(sorted(ANSWERS)))
def test_an_answer_ends_where_it_says_wherever_it_is_cut(
    data: st.DataObject, answer: bytes
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1), max_size=6)))
    pieces = [
        answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)
    ]
    assert asyncio.run(read(pieces)) == ANSWERS[answer]


async def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    assert await read([head], bodiless=True) == Answer(200, 0)


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    assert await read([b"HTTP/1.1 200 OK\r\n\r\nabc", b"def"], closed=True) == Answer(200, 6)


async def test_an_answer_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(ConnectionResetError, match="before the response ended"):
        await read([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], closed=True)
