"""Mangum and apig-wsgi decode the same events: where they disagree, who is right is decided.

Paths are compared decoded, for Mangum hands on no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import pytest
from apig_wsgi import make_lambda_handler
from mangum import Mangum

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.forwarding import forward
from ferryman.targets.lambda_.runtime.events import find_source
from ferryman.targets.lambda_.runtime.messages import HttpRequest

Sample = Callable[..., dict[str, Any]]


class Seen(NamedTuple):
    """A request as an app sees it: what servers of all kinds tell it alike."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    remote: str | None
    scheme: str


MANGUM = ("function-url", "http-api", "http-api-v1", "rest-api", "alb", "alb-multi-value", "edge")
APIG_WSGI = ("function-url", "http-api", "http-api-v1", "rest-api", "alb", "alb-multi-value")

# Where a peer disagrees, by peer, source and field, and why ferryman stays with its own.
DECIDED: dict[tuple[str, str, str], str] = {
    ("mangum", "alb", "remote"): "it takes all of X-Forwarded-For for one address",
    ("mangum", "alb-multi-value", "remote"): "it takes all of X-Forwarded-For for one address",
    ("mangum", "edge", "headers"): "it reads the first of several values alone",
    ("apig-wsgi", "alb", "remote"): "it takes the first entry, which a client can make up",
    ("apig-wsgi", "alb-multi-value", "remote"): "it takes the first entry",
    ("apig-wsgi", "http-api-v1", "remote"): "it takes the first entry of X-Forwarded-For",
    ("apig-wsgi", "rest-api", "remote"): "it takes the first entry of X-Forwarded-For",
    ("apig-wsgi", "function-url", "headers"): "it doubles the cookies of a Function URL",
}
# The same, of the plain requests below.
DECIDED_OF_PLAIN: dict[tuple[str, str, str, str], str] = {
    ("apig-wsgi", "function-url", "/%C3%A9?q=x%20y", "headers"): "it doubles the cookies",
    ("apig-wsgi", "http-api", "/%C3%A9?q=x%20y", "path"): "it takes the decoded path for bytes",
    ("apig-wsgi", "http-api-v1", "/%C3%A9?q=x%20y", "path"): "it takes the decoded path for bytes",
}


def ours(event: dict[str, Any]) -> Seen:
    source = find_source(event)
    assert source is not None
    request = source.decode(event)
    path, _, query = request.target.partition("?")
    return Seen(
        request.method,
        unquote(path),
        pairs(query),
        joined(list(request.headers)),
        request.body,
        request.remote,
        request.scheme,
    )


def mangum(event: dict[str, Any], context: Any) -> Seen:
    seen: list[Seen] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        seen.append(
            Seen(
                scope["method"],
                unquote(scope["path"]),
                pairs(scope["query_string"].decode()),
                joined(headers),
                body,
                scope["client"][0],
                scope["scheme"],
            )
        )
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    # It takes the thread's loop, or makes one and never closes it.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        Mangum(app, lifespan="off")(event, context)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return seen[0]


def apig_wsgi(event: dict[str, Any], context: Any) -> Seen:
    seen: list[Seen] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        headers = [
            (name[5:].replace("_", "-").lower(), value)
            for name, value in environ.items()
            if name.startswith("HTTP_") and value
        ]
        seen.append(
            Seen(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"].encode("iso-8859-1").decode(errors="replace"),
                pairs(environ["QUERY_STRING"]),
                joined(headers),
                environ["wsgi.input"].read(),
                environ["REMOTE_ADDR"],
                environ["wsgi.url_scheme"],
            )
        )
        start_response("200 OK", [])
        return []

    make_lambda_handler(app)(event, context)
    return seen[0]


def pairs(query: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(query, keep_blank_values=True))


def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Join repeats with commas, and cookies without a space: servers differ in these."""
    result: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        result[name] = f"{result[name]},{value}" if name in result else value
    if "cookie" in result:
        result["cookie"] = result["cookie"].replace("; ", ";")
    return {name: value.replace(", ", ",") for name, value in result.items()}


PEERS = {"mangum": mangum, "apig-wsgi": apig_wsgi}
CASES = [("mangum", name) for name in MANGUM] + [("apig-wsgi", name) for name in APIG_WSGI]


def disagreements(peer: str, source: str, event: dict[str, Any], context: Any) -> set[str]:
    mine, theirs = ours(event), PEERS[peer](event, context)
    return {field for field in Seen._fields if getattr(mine, field) != getattr(theirs, field)}


@pytest.mark.parametrize(("peer", "source"), CASES)
def test_every_disagreement_on_a_fixture_is_decided(
    peer: str, source: str, sample: Sample, context: Any
) -> None:
    found = disagreements(peer, source, sample(source), context)
    decided = {field for p, s, field in DECIDED if (p, s) == (peer, source)}
    assert found == decided


PLAIN = [
    HttpRequest("GET", "/", (("host", "example.org"),), b"", "https", "203.0.113.7"),
    HttpRequest(
        "POST",
        "/cards/one?a=1&b=",
        (("host", "example.org"), ("content-type", "application/json"), ("accept", "*/*")),
        b'{"name": "Ada"}',
        "https",
        "203.0.113.7",
    ),
    HttpRequest(
        "PUT",
        "/%C3%A9?q=x%20y",
        (("host", "example.org"), ("cookie", "a=1; b=2")),
        bytes(range(256)),
        "https",
        "203.0.113.7",
    ),
]


@pytest.mark.parametrize("request_", PLAIN, ids=lambda request: request.target)
@pytest.mark.parametrize(("peer", "source"), CASES)
def test_on_plain_requests_all_agree(
    peer: str, source: str, request_: HttpRequest, context: Any
) -> None:
    gateway = GATEWAYS[source]
    event = gateway.encode_request(forward(request_, gateway.forwards))
    case = (peer, source, request_.target)
    expected = {field for *decided, field in DECIDED_OF_PLAIN if tuple(decided) == case}
    assert disagreements(peer, source, event, context) == expected
