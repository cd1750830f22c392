"""Function URL and HTTP API v2 events: what goes in, and what comes out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import find_source, http_v2
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Event = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("/", "", "/"),
        ("/a%2Fb", "", "/a%2Fb"),
        ("/a%2fb", "", "/a%2fb"),
        ("//double//slash", "", "//double//slash"),
        ("/%E2%82%AC", "", "/%E2%82%AC"),
        ("/x", "a=1&a=2", "/x?a=1&a=2"),
        ("/x", "blank=&alone", "/x?blank=&alone"),
        ("/x", "plus=a+b&coded=a%2Bb", "/x?plus=a+b&coded=a%2Bb"),
        # What a request target may not hold is encoded: HTTP APIs decode some of it.
        ("/with space", "", "/with%20space"),
        ("/é", "q=é", "/%C3%A9?q=%C3%A9"),
        ("", "", "/"),
        ("no-slash", "", "/no-slash"),
    ],
)
def test_the_raw_path_and_query_survive(event: Event, path: str, query: str, target: str) -> None:
    made = event(rawPath=path, rawQueryString=query)
    made["requestContext"]["http"]["path"] = path
    assert http_v2.decode(made).target == target


def test_method_address_and_scheme_come_from_the_gateway(event: Event) -> None:
    request = http_v2.decode(event("/", "PATCH"))
    assert (request.method, request.remote, request.scheme) == ("PATCH", "203.0.113.7", "https")


@pytest.mark.parametrize(
    ("forwarded", "scheme"), [("http", "http"), ("https", "https"), ("gopher", "https")]
)
def test_only_a_scheme_of_http_is_taken_over(event: Event, forwarded: str, scheme: str) -> None:
    assert http_v2.decode(event(headers={"x-forwarded-proto": forwarded})).scheme == scheme


def test_cookies_become_one_header(event: Event) -> None:
    headers = {"cookie": "stale=1", "accept": "*/*"}
    request = http_v2.decode(event(cookies=["a=1", "b=2"], headers=headers))
    assert [value for name, value in request.headers if name == "cookie"] == ["a=1; b=2"]


def test_the_host_falls_back_on_the_domain(event: Event) -> None:
    request = http_v2.decode(event(headers={}))
    assert dict(request.headers)["host"] == "abc.lambda-url.eu-west-1.on.aws"


@pytest.mark.parametrize("absent", [None, ...])
@pytest.mark.parametrize(
    "field", ["headers", "cookies", "body", "rawQueryString", "queryStringParameters"]
)
def test_fields_may_be_null_or_absent(event: Event, field: str, absent: object) -> None:
    made = event("/x")
    made.pop(field, None)
    if absent is None:
        made[field] = None
    assert http_v2.decode(made).target == "/x"


def test_a_header_that_is_null_is_left_out(event: Event) -> None:
    request = http_v2.decode(event(headers={"x-null": None, "x-text": "1"}))
    assert ("x-text", "1") in request.headers
    assert "x-null" not in dict(request.headers)


@pytest.mark.parametrize(
    ("body", "coded", "expected"),
    [
        ("plain é", False, "plain é".encode()),
        (base64.b64encode(bytes(range(256))).decode(), True, bytes(range(256))),
        ("", True, b""),
        (None, False, b""),
    ],
)
def test_bodies(event: Event, body: str | None, coded: bool, expected: bytes) -> None:
    assert http_v2.decode(event(body=body, isBase64Encoded=coded)).body == expected


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"body": "%%%", "isBase64Encoded": True}, "not base64"),
        ({"body": "YQ", "isBase64Encoded": True}, "not base64"),
        ({"body": {"a": 1}}, "'body' is not text"),
        ({"body": "\ud800"}, "not Unicode"),
        ({"rawPath": 7}, "'rawPath' is not text"),
        ({"headers": []}, "'headers' is not an object"),
        ({"headers": {"x": True}}, "value HTTP does not allow"),
        ({"headers": {"x": "a\r\nevil: 1"}}, "value HTTP does not allow"),
        ({"headers": {"x": "a\0"}}, "value HTTP does not allow"),
        ({"headers": {"x": "\udfff"}}, "value HTTP does not allow"),
        ({"headers": {"x\r\nevil": "1"}}, "name HTTP does not allow"),
        ({"headers": {"": "1"}}, "name HTTP does not allow"),
        ({"cookies": "a=1"}, "'cookies' is not a list"),
        ({"cookies": ["a=1\r\nevil: 1"]}, "value HTTP does not allow"),
    ],
)
def test_what_is_malformed_is_named(event: Event, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedEvent, match=says):
        http_v2.decode(event(**changes))


@pytest.mark.parametrize("method", ["", "GET /evil HTTP/1.1\r\n", None, 7])
def test_a_method_is_a_token(event: Event, method: object) -> None:
    made = event()
    made["requestContext"]["http"]["method"] = method
    with pytest.raises(MalformedEvent, match="method"):
        http_v2.decode(made)


def encode(*headers: tuple[str, str], status: int = 200, body: bytes = b"") -> dict[str, Any]:
    return http_v2.encode(HttpResponse(status, headers, body), {})


def test_set_cookie_headers_become_cookies() -> None:
    result = encode(("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2"), ("x-a", "1"))
    assert result["cookies"] == ["a=1; Path=/", "b=2"]
    assert result["headers"] == {"x-a": "1"}


def test_repeated_headers_are_joined_and_none_is_lost() -> None:
    assert encode(("link", "</a>"), ("link", "</b>"))["headers"] == {"link": "</a>, </b>"}


def test_no_content_type_is_invented() -> None:
    assert encode(status=204) == {
        "statusCode": 204,
        "headers": {},
        "body": "",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("content_type", "body", "as_text"),
    [
        ("text/html; charset=utf-8", "é".encode(), True),
        ("text/plain", b"x", True),
        ("application/json", b"{}", True),
        ("application/problem+json", b"{}", True),
        ("application/vnd.api+json; ext=1", b"{}", True),
        ("application/atom+xml", b"<a/>", True),
        ("image/svg+xml", b"<svg/>", True),
        ("application/javascript", b"1", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("text/plain; charset=iso-8859-1", b"x", False),
        ('text/plain; charset="utf-16"', b"x", False),
        ("text/plain", b"\xff\xfe", False),
        ("image/png", b"\x89PNG", False),
        ("application/octet-stream", b"x", True),
        ("application/octet-stream", b"\x80", False),
        ("", b"x", True),
    ],
)
def test_text_goes_as_text_and_the_rest_as_base64(
    content_type: str, body: bytes, as_text: bool
) -> None:
    result = encode(("content-type", content_type), body=body)
    assert result["isBase64Encoded"] is not as_text
    sent = result["body"].encode() if as_text else base64.b64decode(result["body"])
    assert sent == body


def test_a_compressed_body_is_never_text() -> None:
    result = encode(("content-type", "text/html"), ("content-encoding", "gzip"), body=b"plain")
    assert result["isBase64Encoded"] is True


@pytest.mark.parametrize(
    ("stage", "path", "target"),
    [
        ("live", "/live/a", "/a"),
        ("live", "/live", "/"),
        ("live", "/lively", "/lively"),
        ("live", "/a", "/a"),
        ("$default", "/live/a", "/live/a"),
        (None, "/live/a", "/live/a"),
        ("$default", "/100%", "/100%25"),
        ("$default", "/a?b#c", "/a%3Fb%23c"),
        ("$default", "/a%2Fb", "/a%2Fb"),
    ],
)
def test_an_http_api_gives_a_decoded_path_with_its_stage(
    event: Event, stage: str | None, path: str, target: str
) -> None:
    made = event(rawPath=path)
    made["requestContext"] |= {"stage": stage, "domainName": "api.example.org"}
    assert not http_v2.is_function_url(made)
    assert http_v2.HTTP_API.decode(made).target == target


@pytest.mark.parametrize("path", ["/100%", "/a%2Fb", "/live/a", "/a#b"])
def test_a_function_url_gives_the_path_as_it_came(event: Event, path: str) -> None:
    made = event(rawPath=path)
    made["requestContext"]["stage"] = "live"
    assert http_v2.FUNCTION_URL.decode(made).target == path


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("abc.lambda-url.eu-west-1.on.aws", "function-url"),
        ("abc.execute-api.eu-west-1.amazonaws.com", "http-api"),
        ("shop.example.org", "http-api"),
        # Emulators of Function URLs.
        ("localhost:9000", "function-url"),
        ("127.0.0.1", "function-url"),
        (None, "function-url"),
        (7, "http-api"),
    ],
)
def test_the_domain_tells_a_function_url_from_an_http_api(
    event: Event, domain: object, name: str
) -> None:
    made = event()
    made["requestContext"]["domainName"] = domain
    found = find_source(made)
    assert found is not None
    assert found.name == name
