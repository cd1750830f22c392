"""HAProxy's runtime API, spoken to a real HAProxy."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripts.demo_migrate.client import Client
from scripts.demo_migrate.faults import WELL, side
from scripts.demo_migrate.processes import haproxy
from scripts.ports import free_port

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.observers.haproxy_counters import HAProxyCounters
from ferryman.migrate.shifters import Drift, NotHealthy
from ferryman.migrate.shifters.haproxy import HAProxy, HAProxyShifter


@pytest.fixture
async def balancer(tmp_path: Path) -> AsyncIterator[tuple[int, HAProxy]]:
    async with (
        side(WELL, random.Random(1)) as old,
        side(WELL, random.Random(2)) as new,
        haproxy(tmp_path, {"old": old, "new": new, "away": free_port()}) as (front, control, _),
    ):
        yield front, HAProxy(str(control), "app")


async def test_weights_are_written_read_back_and_compared(balancer: tuple[int, HAProxy]) -> None:
    shifter = HAProxyShifter(balancer[1], ("old",), ("new",))
    shifter.join()
    assert shifter.read().weight == 0
    for start, end in ((0, 1), (1, 50), (50, 95), (95, 100), (100, 0)):
        shifter.write(start, end)
        assert shifter.read().weight == end
    balancer[1].ask(["set weight app/new 30"])
    with pytest.raises(Drift, match=r"23\.08 %, and not 0 %"):
        shifter.write(0, 5)
    assert shifter.read().weight == pytest.approx(100 * 30 / 130)


async def test_traffic_follows_the_weight_and_the_counters_tell(
    balancer: tuple[int, HAProxy],
) -> None:
    front, proxy = balancer
    shifter = HAProxyShifter(proxy, ("old",), ("new",))
    counters = HAProxyCounters(proxy, ("old",), ("new",))
    shifter.write(0, 25)
    begun = counters.look(None, None)
    assert (begun.old.answers, begun.new.answers) == (0, 0)
    async with Client(front, "127.0.0.1") as client:
        for _ in range(40):
            await client.send("GET", "/wall")
    seen = counters.look(begun.cursor, None)
    assert (seen.old.answers, seen.new.answers) == (30, 10)


async def test_a_side_that_is_down_gets_nothing(balancer: tuple[int, HAProxy]) -> None:
    balancer[1].ask(["set server app/new state maint"])
    shifter = HAProxyShifter(balancer[1], ("old",), ("new",))
    with pytest.raises(NotHealthy):
        shifter.write(0, 5)
    shifter.join()
    assert shifter.read().new_healthy


async def test_a_server_that_is_not_there_is_named(balancer: tuple[int, HAProxy]) -> None:
    with pytest.raises(ConfigError, match="has no server newer") as raised:
        HAProxyShifter(balancer[1], ("old",), ("newer",)).read()
    assert "old, new, away" in str(raised.value)


async def test_sides_of_several_servers_get_their_shares(balancer: tuple[int, HAProxy]) -> None:
    shifter = HAProxyShifter(balancer[1], ("old", "away"), ("new",))
    for start, end in ((0, 1), (1, 5), (5, 25), (25, 50), (50, 95), (95, 0)):
        shifter.write(start, end)


def test_a_socket_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(FerrymanError, match="does not answer") as raised:
        HAProxyShifter(HAProxy(str(tmp_path / "none"), "app"), ("old",), ("new",)).read()
    assert "stats socket" in str(raised.value)


@pytest.mark.parametrize("name", ["a; shutdown sessions", "a\nb", ""])
def test_a_name_cannot_carry_a_command(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name"):
        HAProxyShifter(HAProxy("x", "app"), (name,), ("new",))
