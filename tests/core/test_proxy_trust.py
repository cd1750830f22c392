"""Which headers of which proxies count, and which a client may have made up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ferryman.core.errors import ConfigError
from ferryman.core.forwarded import is_host
from ferryman.core.proxy_trust import KINDS, Client, ProxyTrust

NETWORKS = ("10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1")


def trust(proxy: str | Sequence[str], networks: Sequence[str] = NETWORKS) -> ProxyTrust:
    return ProxyTrust.read("tool.ferryman.server", networks, proxy)


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8:1::5", True),
        ("2001:db8:2::5", False),
        ("192.0.2.1", False),
        ("unix:", False),
        ("not an address", False),
        ("", False),
        (None, False),
    ],
)
def test_a_network_holds_its_addresses(address: str | None, trusted: bool) -> None:
    assert trust("nginx").includes(address) is trusted


def test_a_unix_socket_is_trusted_by_its_own_word_alone() -> None:
    assert trust("nginx", ["unix"]).includes("")
    assert not trust("nginx", ["unix"]).includes("127.0.0.1")
    assert not trust("nginx", ["127.0.0.1", "::1"]).includes("")
    assert not trust("nginx", ["unix"]).includes(None)


FOR, PROTO, HOST = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"
PORT, FORWARDED = "x-forwarded-port", "forwarded"
ALL = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port")


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({}, Client()),
        ({FOR: "192.0.2.7"}, Client("192.0.2.7")),
        ({FOR: "6.6.6.6, 192.0.2.7, 10.0.0.2"}, Client("192.0.2.7")),
        ({FOR: "6.6.6.6, garbage, 10.0.0.2"}, Client("10.0.0.2")),
        ({FOR: "192.0.2.7:4711"}, Client("192.0.2.7")),
        ({FOR: "[2001:db8::7]:4711"}, Client("2001:db8::7")),
        ({FOR: "::ffff:192.0.2.7"}, Client("192.0.2.7")),
        ({FOR: "10.0.0.1, 10.0.0.2"}, Client("10.0.0.1")),
        ({FOR: ", ".join(["10.0.0.1"] * 5000)}, Client("10.0.0.1")),
        ({FOR: "6.6.6.6, " + ", ".join(["10.0.0.1"] * 40)}, Client("10.0.0.1")),
        ({FOR: "192.0.2.7", PROTO: "https"}, Client("192.0.2.7", "https")),
        ({FOR: "192.0.2.7", PROTO: "gopher"}, Client("192.0.2.7")),
        ({PROTO: "https"}, Client(None, "https")),
        ({FOR: "192.0.2.7, 10.0.0.2", PROTO: "https, http"}, Client("192.0.2.7", "https")),
        ({FOR: "6.6.6.6, 192.0.2.7", PROTO: "http, https"}, Client("192.0.2.7", "https")),
        ({FOR: "192.0.2.7", HOST: "shop.example"}, Client("192.0.2.7", None, "shop.example")),
        (
            {FOR: "192.0.2.7", HOST: "evil.example, a.example"},
            Client("192.0.2.7", None, "a.example"),
        ),
        (
            {FOR: "192.0.2.7", HOST: "shop.example", PORT: "8443"},
            Client("192.0.2.7", None, "shop.example:8443"),
        ),
        (
            {FOR: "192.0.2.7", HOST: "a.example", PORT: "99999"},
            Client("192.0.2.7", None, "a.example"),
        ),
        ({FOR: "192.0.2.7", HOST: "evil.example/<script>"}, Client("192.0.2.7")),
        ({FORWARDED: "for=6.6.6.6;host=evil.example", FOR: "192.0.2.7"}, Client("192.0.2.7")),
    ],
)
def test_the_client_is_the_nearest_that_is_not_trusted(
    headers: dict[str, str], client: Client
) -> None:
    assert trust(ALL).client(headers) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (
            "for=192.0.2.7;proto=https;host=shop.example",
            Client("192.0.2.7", "https", "shop.example"),
        ),
        ("For=192.0.2.7 ; Proto=HTTPS", Client("192.0.2.7", "https")),
        (
            'for="[2001:db8::7]:4711";proto=https, for=10.0.0.2;proto=http',
            Client("2001:db8::7", "https"),
        ),
        ('for=6.6.6.6, for="192.0.2.7, 10.9.9.9"', Client()),
        # A quote that the client left open, and what the proxy added.
        ('for="6.6.6.6, for=192.0.2.7', Client("192.0.2.7")),
        ('for="6.6.6.6, for="[2001:db8::7]"', Client("2001:db8::7")),
        (
            'for="6.6.6.6\\", for=192.0.2.7;host="shop.example"',
            Client("192.0.2.7", None, "shop.example"),
        ),
        ("for=unknown;proto=https", Client(None, "https")),
        ("for=_hidden, for=10.0.0.2", Client("10.0.0.2")),
        (";;;==,,,", Client()),
        ("for=192.0.2.7;host=evil.example/x", Client("192.0.2.7")),
        ("for=192.0.2.7;host=evil.example:0", Client("192.0.2.7")),
        ('for=192.0.2.7;host="[::1]:8080"', Client("192.0.2.7", None, "[::1]:8080")),
        (", ".join(["for=10.0.0.1"] * 5000), Client("10.0.0.1")),
    ],
)
def test_forwarded_is_read_from_its_end(forwarded: str, client: Client) -> None:
    found = trust(["Forwarded"]).client(
        {FORWARDED: forwarded, FOR: "6.6.6.6", HOST: "evil.example"}
    )
    assert found == client


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("shop.example", True),
        ("shop.example:8443", True),
        ("SHOP_1.example", True),
        ("192.0.2.1:80", True),
        ("[2001:db8::1]", True),
        ("[2001:db8::1]:443", True),
        ("", False),
        (":80", False),
        ("x:abc", False),
        ("x:", False),
        ("x:0", False),
        ("x:99999", False),
        ("x:\u0661", False),
        ("x:1:2", False),
        ("a b", False),
        ("a,b", False),
        ("a/b", False),
        ("a@b", False),
        ("a'b", False),
        ("ex\u00e4mple", False),
        ("[::1", False),
        ("[::1]x", False),
        ("[1.2.3.4]", False),
        ("[fe80::1%25eth0]", False),
        ("a" * 256, False),
    ],
)
def test_a_host_is_told_from_what_is_none(text: str, host: bool) -> None:
    assert is_host(text) is host


# What each kind of proxy passes on as the client sent it, and what is to be left of it.
FORGED = {
    "forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-port": "1",
    "x-forwarded-prefix": "/evil",
    "x-forwarded-server": "evil",
    "x-forwarded-ssl": "on",
    "x-real-ip": "6.6.6.6",
    "true-client-ip": "6.6.6.6",
    "cloudfront-forwarded-proto": "https",
    "x-original-url": "/admin",
    "front-end-https": "on",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_proxy_is_believed_only_with_what_it_sets(kind: str) -> None:
    proxies = trust(kind)
    own = {name.lower() for name in KINDS[kind]}
    for name in FORGED:
        assert proxies.drops(name, from_proxy=True) is (name not in own)
        assert proxies.drops(name.title(), from_proxy=False)
    for name in own - {"x-request-id"}:
        assert not proxies.drops(name, from_proxy=True)
        assert proxies.drops(name, from_proxy=False)
    forged = {n: v for n, v in FORGED.items() if n not in own}
    assert proxies.client({**forged, FOR: "6.6.6.6, 192.0.2.7"}) == Client("192.0.2.7")


def test_what_tells_of_no_client_is_left() -> None:
    for name in ("Host", "X-Request-Id", "Authorization", "X-Api-Key", "Via", "traceparent"):
        assert not trust("nginx").drops(name, from_proxy=False)


def test_cloudfront_tells_the_scheme_in_a_header_of_its_own() -> None:
    headers = {FOR: "192.0.2.7", "cloudfront-forwarded-proto": "http", PROTO: "https"}
    assert trust("cloudfront").client(headers) == Client("192.0.2.7", "http")


@pytest.mark.parametrize(
    ("networks", "proxy", "said"),
    [
        (["10.0.0.0/8"], None, "proxy is not"),
        ([], "nginx", "trusted_proxies is not"),
        (["10.0.0.1/8"], "nginx", "host bits"),
        (["everywhere"], "nginx", "everywhere"),
        (["10.0.0.0/8"], "ngnix", "nginx"),
        (["10.0.0.0/8"], ["X-Forwarded-Fro"], "X-Forwarded-For"),
        (["10.0.0.0/8"], ["Forwarded", "X-Forwarded-For"], "both tell"),
        (["10.0.0.0/8"], ["X-Real-IP", "X-Forwarded-For"], "both tell"),
    ],
)
def test_what_makes_no_sense_is_refused(
    networks: list[str], proxy: str | list[str] | None, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        ProxyTrust.read("tool.ferryman.server", networks, proxy)
    assert said in f"{caught.value} {caught.value.cause} {caught.value.hint}"


def test_nobody_is_trusted_unless_named() -> None:
    assert not ProxyTrust.read("tool.ferryman.server", (), None)
