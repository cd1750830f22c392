"""VPC Lattice events, of structure V1 and V2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import lattice
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Sample = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("path", ["/a%2Fb?b=1&a&b=+", "/a?", "//x", "/?a=1?b"])
def test_the_path_has_the_raw_query_with_it(sample: Sample, path: str) -> None:
    assert lattice.decode_v1(sample("lattice-v1", raw_path=path, query_string_parameters=None))
    for event, decode in (
        (sample("lattice-v1", raw_path=path, query_string_parameters=None), lattice.decode_v1),
        (sample("lattice-v2", path=path, queryStringParameters=None), lattice.decode_v2),
    ):
        assert decode(event).target == path


def test_a_path_without_a_query_takes_it_from_the_parameters(sample: Sample) -> None:
    assert lattice.decode_v1(sample("lattice-v1", raw_path="/a")).target == (
        "/a?tag=b&q=x%20y%2Bz&blank="
    )
    assert lattice.decode_v2(sample("lattice-v2", path="/a")).target == (
        "/a?tag=a&tag=b&q=x%20y%2Bz&blank="
    )


def test_what_a_client_says_of_the_scheme_does_not_count(sample: Sample) -> None:
    event = sample("lattice-v2", headers={"x-forwarded-proto": ["http"]})
    assert lattice.decode_v2(event).scheme == "https"


def test_a_binary_body(sample: Sample) -> None:
    v1 = sample("lattice-v1", body="/wA=", is_base64_encoded=True)
    v2 = sample("lattice-v2", body="/wA=", isBase64Encoded=True)
    assert lattice.decode_v1(v1).body == lattice.decode_v2(v2).body == b"\xff\x00"


def test_cookies_survive_by_their_letter_case(sample: Sample) -> None:
    response = HttpResponse(200, (("set-cookie", "a=1"), ("set-cookie", "b=2")), b"\xff")
    assert lattice.encode(response, sample("lattice-v2")) == {
        "statusCode": 200,
        "headers": {"set-cookie": "a=1", "Set-cookie": "b=2"},
        "body": "/w==",
        "isBase64Encoded": True,
    }
