"""The client behind proxies of a function: only whom trusted addresses tell of."""

from __future__ import annotations

import pytest

from ferryman.core.addresses import last_address
from ferryman.core.proxy_trust import ProxyTrust
from ferryman.targets.lambda_.runtime.events.proxies import through_proxies
from ferryman.targets.lambda_.runtime.messages import HttpRequest

NETWORKS = ("10.0.0.0/8", "2001:db8:ffff::/48")
LIST = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "CloudFront-Forwarded-Proto")


def through(
    remote: str | None, *headers: tuple[str, str], proxy: str | tuple[str, ...] = LIST
) -> HttpRequest:
    trust = ProxyTrust.read("tool.ferryman.lambda", NETWORKS, proxy)
    sent = (("host", "abc.lambda-url.eu-west-1.on.aws"), *headers, ("x-a", "1"), ("x-a", "2"))
    return through_proxies(HttpRequest("GET", "/", sent, b"", "https", remote), trust)


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        # A sender that is not trusted is the client, whatever it says of others.
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
    assert through(remote, ("x-forwarded-for", forwarded)).remote == address


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        # An event source writes the first itself, of its own caller: the proxy's is lost.
        (("x-forwarded-proto", "http"), "https"),
        (("cloudfront-forwarded-proto", "http"), "http"),
        (("cloudfront-forwarded-proto", "gopher"), "https"),
    ],
)
def test_schemes(told: tuple[str, str], scheme: str) -> None:
    assert through("10.0.0.1", ("x-forwarded-for", "203.0.113.7"), told).scheme == scheme


@pytest.mark.parametrize(
    ("forwarded", "host"),
    [
        ("shop.example.org", "shop.example.org"),
        ("evil.example, shop.example.org", "shop.example.org"),
        ("evil.example/<script>", "abc.lambda-url.eu-west-1.on.aws"),
        ("x:abc", "abc.lambda-url.eu-west-1.on.aws"),
    ],
)
def test_hosts(forwarded: str, host: str) -> None:
    assert through("10.0.0.1", ("x-forwarded-host", forwarded)).headers[0] == ("host", host)


def test_a_function_reads_forwarded_as_a_server_does() -> None:
    told = ("forwarded", 'for="[2001:db8::7]";proto=http;host=shop.example.org')
    request = through("10.0.0.1", told, ("x-forwarded-for", "6.6.6.6"), proxy=("Forwarded",))
    assert (request.remote, request.scheme) == ("2001:db8::7", "http")
    assert request.headers[0] == ("host", "shop.example.org")


FORGED = (
    ("forwarded", "for=6.6.6.6;proto=http;host=evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-real-ip", "6.6.6.6"),
)


@pytest.mark.parametrize("remote", ["10.0.0.1", "192.0.2.1"])
def test_what_nobody_trusted_has_set_does_not_reach_the_app(remote: str) -> None:
    of_source = (("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"))
    request = through(remote, *FORGED, *of_source, proxy="cloudfront")
    assert request.remote == ("203.0.113.7" if remote == "10.0.0.1" else remote)
    assert request.scheme == "https"
    assert request.headers == (
        ("host", "abc.lambda-url.eu-west-1.on.aws"),
        *of_source,
        ("x-a", "1"),
        ("x-a", "2"),
    )


@pytest.mark.parametrize(
    ("value", "address"),
    [("6.6.6.6, 192.0.2.7:80", "192.0.2.7"), ("6.6.6.6, x", None), ("", None)],
)
def test_a_load_balancer_adds_the_last_address(value: str, address: str | None) -> None:
    assert last_address(value) == address
