"""The client behind proxies: only whom trusted addresses tell of."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from ferryman.targets.lambda_.runtime.events.proxies import (
    Networks,
    client_address,
    client_host,
    client_scheme,
    is_trusted,
    through_proxies,
)
from ferryman.targets.lambda_.runtime.messages import HttpRequest

TRUSTED: Networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        # Whoever is not trusted is the client, whatever it says of others.
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        # The event source has added the address that it reports.
        ("10.0.0.1", "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("2001:db8:ffff::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:1234", "203.0.113.7"),
        # All are trusted: the farthest is the client.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, made up, 10.0.0.2", "10.0.0.2"),
        (None, "203.0.113.7", None),
        ("not an address", "203.0.113.7", "not an address"),
    ],
)
def test_entries_count_as_far_as_they_are_trusted(
    remote: str | None, forwarded: str, address: str | None
) -> None:
    assert client_address(remote, forwarded, TRUSTED) == address


def test_nobody_is_trusted_unless_named() -> None:
    assert client_address("10.0.0.1", "203.0.113.7", ()) == "10.0.0.1"
    assert not is_trusted("10.0.0.1", ())


@pytest.mark.parametrize(
    ("seen", "forwarded", "scheme"),
    [
        ("https", "http", "http"),
        ("http", "https", "https"),
        ("https", "", "https"),
        ("https", "gopher", "https"),
    ],
)
def test_schemes(seen: str, forwarded: str, scheme: str) -> None:
    assert client_scheme(seen, forwarded) == scheme


@pytest.mark.parametrize(
    ("forwarded", "host"),
    [
        ("shop.example.org", "shop.example.org"),
        ("evil.example, shop.example.org", "shop.example.org"),
        ("", "seen"),
    ],
)
def test_hosts(forwarded: str, host: str) -> None:
    assert client_host("seen", forwarded) == host


def through(remote: str) -> HttpRequest:
    headers = (
        ("host", "abc.lambda-url.eu-west-1.on.aws"),
        ("x-forwarded-for", "203.0.113.7, 10.0.0.1"),
        ("x-forwarded-host", "shop.example.org"),
        ("cloudfront-forwarded-proto", "http"),
        ("x-a", "1"),
        ("x-a", "2"),
    )
    return through_proxies(HttpRequest("GET", "/", headers, b"", "https", remote), TRUSTED)


def test_a_request_is_as_the_client_sent_it_to_the_first_proxy() -> None:
    request = through("10.0.0.1")
    assert (request.remote, request.scheme) == ("203.0.113.7", "http")
    assert request.headers[0] == ("host", "shop.example.org")
    assert [value for name, value in request.headers if name == "x-a"] == ["1", "2"]


def test_who_is_not_trusted_is_not_believed() -> None:
    request = through("192.0.2.1")
    assert (request.remote, request.scheme) == ("192.0.2.1", "https")
    assert request.headers[0] == ("host", "abc.lambda-url.eu-west-1.on.aws")
