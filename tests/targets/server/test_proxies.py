from __future__ import annotations

import pytest

from ferryman.targets.server.runtime.proxies import Client, find_client, is_trusted, networks

TRUSTED = networks(["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1"])


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8:1::5", True),
        ("2001:db8:2::5", False),
        ("192.0.2.1", False),
        ("unix:", False),
        ("", False),
        (None, False),
    ],
)
def test_a_network_holds_its_addresses(address: str | None, trusted: bool) -> None:
    assert is_trusted(address, TRUSTED) is trusted


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({}, Client()),
        ({"X-Forwarded-For": "192.0.2.7"}, Client("192.0.2.7")),
        ({"X-Forwarded-For": "6.6.6.6, 192.0.2.7, 10.0.0.2"}, Client("192.0.2.7")),
        ({"X-Forwarded-For": "6.6.6.6, garbage, 10.0.0.2"}, Client("10.0.0.2")),
        ({"X-Forwarded-For": "192.0.2.7:4711"}, Client("192.0.2.7")),
        ({"X-Forwarded-For": "[2001:db8::7]:4711"}, Client("2001:db8::7")),
        ({"X-Forwarded-For": "::ffff:192.0.2.7"}, Client("192.0.2.7")),
        ({"X-Forwarded-For": "10.0.0.1, 10.0.0.2"}, Client("10.0.0.1")),
        (
            {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"},
            Client("192.0.2.7", "https"),
        ),
        (
            {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "gopher"},
            Client("192.0.2.7"),
        ),
        (
            {"X-Forwarded-For": "192.0.2.7, 10.0.0.2", "X-Forwarded-Proto": "https, http"},
            Client("192.0.2.7", "https"),
        ),
        (
            {"X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "http, https"},
            Client("192.0.2.7", "https"),
        ),
        (
            {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "shop.example"},
            Client("192.0.2.7", None, "shop.example"),
        ),
        (
            {
                "X-Forwarded-For": "192.0.2.7",
                "X-Forwarded-Host": "shop.example",
                "X-Forwarded-Port": "8443",
            },
            Client("192.0.2.7", None, "shop.example:8443"),
        ),
        (
            {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "evil.example/<script>"},
            Client("192.0.2.7"),
        ),
        (
            {"Forwarded": "for=192.0.2.7;proto=https;host=shop.example"},
            Client("192.0.2.7", "https", "shop.example"),
        ),
        (
            {"Forwarded": 'for="[2001:db8::7]:4711";proto=https, for=10.0.0.2;proto=http'},
            Client("2001:db8::7", "https"),
        ),
        ({"Forwarded": 'for=6.6.6.6, for="192.0.2.7, 10.9.9.9"'}, Client()),
        ({"Forwarded": "for=unknown;proto=https"}, Client(None, "https")),
        ({"Forwarded": "for=_hidden, for=10.0.0.2"}, Client("10.0.0.2")),
        ({"Forwarded": ";;;==,,,"}, Client()),
        ({"Forwarded": "for=192.0.2.7", "X-Forwarded-For": "6.6.6.6"}, Client("192.0.2.7")),
        ({"X-Forwarded-For": ", ".join(["10.0.0.1"] * 5000)}, Client("10.0.0.1")),
    ],
)
def test_the_client_is_the_nearest_that_is_not_trusted(
    headers: dict[str, str], client: Client
) -> None:
    assert find_client(headers, TRUSTED) == client
