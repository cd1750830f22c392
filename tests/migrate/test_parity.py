"""The comparison itself: it sees what differs, and forgives only what is on its list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ferryman.core.errors import ConfigError
from ferryman.migrate.parity import (
    MAY_DIFFER,
    Answer,
    ParityRequest,
    compare,
    open_session,
    read_table,
    send,
)

REQUEST = ParityRequest("a read", "GET", "/", (), None, 200, frozenset({"etag"}))


def answer(status: int = 200, body: bytes = b"x", **headers: str | tuple[str, ...]) -> Answer:
    given = {n.replace("_", "-"): (v,) if isinstance(v, str) else v for n, v in headers.items()}
    return Answer(status, given, body)


def parts(left: Answer, right: Answer) -> list[str]:
    return [d.part for d in compare(REQUEST, {"left": left, "right": right})]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (answer(), answer(), []),
        (answer(body=b"a"), answer(body=b"b"), ["body"]),
        (answer(status=200), answer(status=404), ["status"]),
        (answer(status=404), answer(status=404), ["status"]),
        (answer(x_a="1"), answer(x_a="2"), ["x-a"]),
        (answer(x_a="1"), answer(), ["x-a"]),
        (answer(link=("</a>", "</b>")), answer(link="</a>, </b>"), []),
        (answer(link=("</a>", "</b>")), answer(link="</a>"), ["link"]),
        (answer(set_cookie=("a=1", "b=2")), answer(set_cookie=("a=1", "b=2")), []),
        (answer(set_cookie=("a=1", "b=2")), answer(set_cookie="a=1, b=2"), ["set-cookie"]),
        (answer(set_cookie=("a=1", "b=2")), answer(set_cookie="b=2"), ["set-cookie"]),
        # What may differ.
        (answer(connection="close"), answer(), []),
        (answer(transfer_encoding="chunked"), answer(content_length="1"), []),
        (answer(date="Mon"), answer(date="Tue"), []),
        (answer(etag='"1"'), answer(etag='"2"'), []),
        # And how far.
        (answer(content_length="1"), answer(content_length="2"), ["content-length"]),
        (answer(date="Mon"), answer(), ["date"]),
        (answer(etag='"1"'), answer(), ["etag"]),
    ],
)
def test_what_counts_as_a_difference(left: Answer, right: Answer, expected: list[str]) -> None:
    assert parts(left, right) == expected


def test_a_difference_names_the_request_and_both_values() -> None:
    (found,) = compare(REQUEST, {"lambda": answer(x_a="1"), "server": answer(x_a="2")})
    assert str(found) == "a read: x-a: lambda 1, server 2"


def test_long_bodies_are_shown_where_they_begin_to_differ() -> None:
    left, right = (answer(body=b"x" * 100 + word + b"y" * 100) for word in (b"ONE", b"TWO!"))
    (found,) = compare(REQUEST, {"lambda": left, "server": right})
    assert found.values["lambda"].startswith("203 bytes, byte 76 on, b'xxxx")
    assert "xONEy" in found.values["lambda"]
    assert "xTWO!y" in found.values["server"]


def test_a_header_that_only_one_has_is_none_elsewhere() -> None:
    (found,) = compare(REQUEST, {"lambda": answer(link=("a", "b")), "server": answer()})
    assert found.values == {"lambda": "a and b", "server": "none"}


def test_every_header_that_may_differ_has_its_reason() -> None:
    assert all(reason for reason in MAY_DIFFER.values())


def test_the_table_reads_every_kind_of_body(tmp_path: Path) -> None:
    path = tmp_path / "requests.toml"
    path.write_text(
        '[[request]]\nname="a"\nmethod="GET"\ntarget="/"\nstatus=200\nvaries=["ETag"]\n'
        '[[request]]\nname="b"\nmethod="POST"\ntarget="/"\nstatus=200\nbody="é"\n'
        '[[request]]\nname="c"\nmethod="POST"\ntarget="/"\nstatus=200\nbody_base64="/w=="\n'
        '[[request]]\nname="d"\nmethod="POST"\ntarget="/"\nstatus=200\nbody_repeat=["ab", 3]\n'
        'headers=[["X-A", "1"], ["X-A", "2"]]\n'
    )
    table = read_table(path)
    assert [request.body for request in table] == [None, "é".encode(), b"\xff", b"ababab"]
    assert table[3].headers == (("X-A", "1"), ("X-A", "2"))
    assert table[0].varies == {"etag"}


def test_a_target_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "requests.toml"
    path.write_text('[[request]]\ntarget="/a?b"\n[[request]]\nmethod="PUT"\ntarget="/c"\n')
    first, second = read_table(path)
    assert (first.name, first.method, first.status) == ("GET /a?b", "GET", None)
    assert second.name == "PUT /c"


def test_without_a_status_in_the_table_targets_are_held_to_each_other() -> None:
    request = replace(REQUEST, status=None)
    assert compare(request, {"a": answer(404), "b": answer(404)}) == ()
    (found,) = compare(request, {"a": answer(404), "b": answer(200)})
    assert found.values == {"a": "404", "b": "200"}


ROW = '[[request]]\nname="a"\nmethod="GET"\ntarget="/"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("request = [", "cannot be read"),
        ("", r"no \[\[request\]\]"),
        ("request = 3", r"no \[\[request\]\]"),
        ("request = [3]", r"no \[\[request\]\]"),
        ("[[request]]\nmethod='GET'", "request 1: it has no target"),
        (ROW + 'status = "ok"', "request 1: it cannot be read"),
        (ROW + 'status = 200\nbody_base64 = "%"', "request 1: it cannot be read"),
        (ROW + "status = 200\nheaders = [1]", "request 1: it cannot be read"),
        (ROW + "status = 200\nmethode = 1", "there is no key 'methode'"),
        (f"{ROW}status=200\n{ROW}status=200", "two requests are named 'a'"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "requests.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_table(path)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_table(tmp_path / "nowhere.toml")


async def test_a_request_is_sent_byte_for_byte_and_the_answer_kept_as_it_came() -> None:
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        response = web.Response(status=302, headers={"Location": "/on", "Content-Encoding": "gzip"})
        response.set_cookie("a", "1")
        return response

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    async with TestServer(app) as server, open_session() as session:
        request = ParityRequest("r", "GET", "//a%2Fb/../c?x=%2B+", (("X-A", "1"),), None, 302)
        base = str(server.make_url("/")).rstrip("/")
        first, second = [await send(session, base, request) for _ in range(2)]
    assert seen[0].raw_path == "//a%2Fb/../c?x=%2B+"
    assert {name.lower() for name in seen[1].headers} == {"host", "x-a"}
    assert first == Answer(first.status, second.headers, first.body)
    assert (first.status, first.headers["location"]) == (302, ("/on",))
