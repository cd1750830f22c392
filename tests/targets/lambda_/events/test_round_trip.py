"""Any request survives the way in, and any response the way out, but for what is listed."""

from __future__ import annotations

import json
import re
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.forwarding import forward
from ferryman.local.gateway.losses import CANNOT_CARRY, Loss
from ferryman.local.gateway.protocol import Refused
from ferryman.targets.lambda_.runtime.events import SOURCES
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

Message = TypeVar("Message", HttpRequest, HttpResponse)
DECODERS = {source.name: source for source in SOURCES}

TOKENS = st.text(st.sampled_from("abcxyzABC0189-._~!$'()*,:@;/+"), max_size=12)
ESCAPES = st.sampled_from(
    ["%2F", "%2f", "%20", "%2B", "%C3%A9", "%25", "%3F", "%26", "%0A", "//", "x=y"]
)
PATHS = st.lists(TOKENS | ESCAPES, max_size=6).map(lambda parts: "/" + "".join(parts))
PARAMETERS = st.tuples(
    st.sampled_from(["a", "b", "B", "c%20d", "%C3%A9"]), st.just("=") | st.just(""), TOKENS
).map(lambda parts: parts[0] + parts[1] + (parts[2] if parts[1] else ""))
QUERIES = st.lists(
    st.one_of(PARAMETERS, st.builds("{}={}".format, st.sampled_from(["a", "b"]), ESCAPES)),
    max_size=5,
).map(lambda parts: "?" + "&".join(parts).replace(";", "") if parts else "")
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
NAMES = st.sampled_from(
    ["Accept", "accept", "X-A", "x-a", "x-b", "Via", "Expect", "X-Forwarded-For", "x-real-ip"]
)
COOKIES = st.lists(st.sampled_from(["a=1", "b=2", "c="]), min_size=1, max_size=3)
REQUEST_HEADERS = st.builds(
    lambda pairs, cookies: (("Host", "example.org"), *pairs, *cookies),
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.lists(
        st.builds(
            lambda parts, space: ("Cookie", f";{space}".join(parts)),
            COOKIES,
            st.sampled_from(["", " ", "  "]),
        ),
        max_size=2,
    ),
)
REQUESTS = st.builds(
    HttpRequest,
    st.sampled_from(["GET", "HEAD", "POST", "DELETE", "M-SEARCH"]),
    st.builds("{}{}".format, PATHS, QUERIES),
    REQUEST_HEADERS,
    st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
    st.sampled_from(["http", "https"]),
    st.sampled_from(["198.51.100.1", "2001:db8::1"]),
    cut_off=st.just(False),
)
TYPES = st.sampled_from(
    ["text/plain", "text/html; charset=latin-1", "application/json", "image/png"]
).map(lambda value: ("content-type", value))
RESPONSE_HEADERS = st.builds(
    lambda kind, pairs: (*kind, *pairs),
    st.lists(TYPES, max_size=1),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["set-cookie", "link", "x-a", "www-authenticate", "x-cache", "via", "etag"]
            ),
            VALUES,
        ),
        max_size=6,
    ),
)
RESPONSES = st.builds(
    HttpResponse,
    st.integers(200, 599),
    RESPONSE_HEADERS,
    st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
)

every_source = pytest.mark.parametrize("name", GATEWAYS)


def to_function(name: str, request: HttpRequest) -> HttpRequest:
    """Send a request through a source: over the wire it is JSON."""
    event = json.loads(json.dumps(GATEWAYS[name].encode_request(request)))
    assert DECODERS[name].matches(event)
    return DECODERS[name].decode(event)


def to_client(name: str, response: HttpResponse) -> HttpResponse:
    """Send a response through a source, in answer to a request."""
    event = GATEWAYS[name].encode_request(HttpRequest("GET", "/", (), b"", "https", "192.0.2.1"))
    result = json.loads(json.dumps(DECODERS[name].encode(response, event)))
    return GATEWAYS[name].decode_result(result)


def ordered(message: Message) -> Message:
    """Put headers of different names into one order, which no source keeps."""
    return message.with_headers(sorted(message.headers, key=lambda pair: pair[0]))


def arrives(source: str, message: Message) -> Message:
    """Return what arrives, by the table of losses, of a message that a source carries."""
    for loss in CANNOT_CARRY:
        if source in loss.sources and isinstance(loss.example, type(message)):
            message = loss.arrives(message)  # type: ignore[assignment, arg-type]
    return message


@every_source
@settings(deadline=None, max_examples=60)
@given(request=REQUESTS)
def test_a_request_survives_the_way_to_the_function(name: str, request: HttpRequest) -> None:
    sent = forward(request, GATEWAYS[name].forwards or ("x-forwarded-for",))
    try:
        arrived = to_function(name, sent)
    except Refused:
        assert name.startswith("http-api")
        assert re.search("%25", sent.target)
        return
    assert ordered(arrived) == ordered(arrives(name, sent))


@every_source
@settings(deadline=None, max_examples=60)
@given(response=RESPONSES)
def test_a_response_survives_the_way_back(name: str, response: HttpResponse) -> None:
    assert ordered(to_client(name, response)) == ordered(arrives(name, response))


@pytest.mark.parametrize(
    ("loss", "name"), [(loss, name) for loss in CANNOT_CARRY for name in loss.sources]
)
def test_what_is_listed_is_lost_and_so_listed_rightly(loss: Loss, name: str) -> None:
    if isinstance(loss.example, HttpRequest):
        sent = forward(loss.example, GATEWAYS[name].forwards)
        arrived = to_function(name, sent)
        assert ordered(arrived) != ordered(sent)
        assert ordered(arrived) == ordered(arrives(name, sent))
    else:
        arrived_back = to_client(name, loss.example)
        assert ordered(arrived_back) != ordered(loss.example)
        assert ordered(arrived_back) == ordered(arrives(name, loss.example))
