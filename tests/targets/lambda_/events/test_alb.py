"""Load balancer events, with multi-value headers and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import alb
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Sample = Callable[..., dict[str, Any]]

COOKIES = (("set-cookie", "a=1"), ("set-cookie", "b=2"), ("set-cookie", "c=3"))


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"q": "x%20y%2Bz"}, "q=x%20y%2Bz"),
        ({"q": "a+b", "%C3%A9": "%ff"}, "q=a+b&%C3%A9=%ff"),
        ({"q": "a=b?c/d"}, "q=a=b?c/d"),
        ({"q": ""}, "q="),
        ({"q": None}, "q="),
        # These cannot stand there: a client cannot have sent them so.
        ({"q": "a b&c#d é"}, "q=a%20b%26c%23d%20%C3%A9"),
    ],
)
def test_the_query_is_kept_as_it_is_encoded(
    sample: Sample, parameters: dict[str, Any], query: str
) -> None:
    request = alb.decode(sample("alb", queryStringParameters=parameters))
    assert request.target == f"/cards/a%2Fb?{query}"


@pytest.mark.parametrize(
    ("forwarded", "remote"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("made-up, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.9,203.0.113.7:49152", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", None),
        ("", None),
    ],
)
def test_the_client_is_the_last_entry(sample: Sample, forwarded: str, remote: str | None) -> None:
    event = sample("alb", headers={"host": "h", "x-forwarded-for": forwarded})
    assert alb.decode(event).remote == remote


def test_a_health_check_has_hardly_any_headers(sample: Sample) -> None:
    event = sample("alb", headers={"user-agent": "ELB-HealthChecker/2.0"}, body="")
    request = alb.decode(event)
    assert request.headers == (("user-agent", "ELB-HealthChecker/2.0"),)
    assert request.remote is None


@pytest.mark.parametrize("forwarded", ["http", "https"])
def test_the_scheme_is_the_load_balancers(sample: Sample, forwarded: str) -> None:
    event = sample("alb", headers={"x-forwarded-proto": forwarded})
    assert alb.decode(event).scheme == forwarded


def test_an_answer_has_the_shape_of_its_question(sample: Sample) -> None:
    response = HttpResponse(404, (*COOKIES, ("link", "</a>"), ("link", "</b>")), b"")
    single = alb.encode(response, sample("alb"))
    assert "multiValueHeaders" not in single
    assert single["headers"]["link"] == "</a>, </b>"
    multi = alb.encode(response, sample("alb-multi-value"))
    assert "headers" not in multi
    assert multi["multiValueHeaders"]["set-cookie"] == ["a=1", "b=2", "c=3"]
    assert single["statusDescription"] == multi["statusDescription"] == "404 Not Found"


def test_a_status_without_a_name_is_described_by_its_number(sample: Sample) -> None:
    assert alb.head(599, (), sample("alb"))["statusDescription"] == "599"


def test_cookies_survive_single_values_by_their_letter_case(sample: Sample) -> None:
    many = tuple(("set-cookie", str(number)) for number in range(512))
    headers = alb.head(200, many, sample("alb"))["headers"]
    assert {name.lower() for name in headers} == {"set-cookie"}
    assert [*headers.values()] == [value for _, value in many]
