"""An HTTPRoute, applied by the real client to an API server, with Envoy as its Gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.migrate.balancers import MemoryStore
from tests.migrate.envoy_gateway import Envoy, controller, envoy
from tests.migrate.load import clients, side
from tests.targets.k8s.cluster.conftest import FakeCluster, fake, server

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.judge import Counts
from ferryman.migrate.book import Book
from ferryman.migrate.carrying import Carrier
from ferryman.migrate.observers import Sight, since, totals_of
from ferryman.migrate.shifters import Drift
from ferryman.migrate.shifters.route import RouteShifter, open_route
from ferryman.migrate.state import Migration

__all__ = ("fake", "server")

KEY = ("gateway.networking.k8s.io/v1", "httproutes", "app")


@pytest.fixture
def route(fake: FakeCluster) -> dict[str, Any]:
    """A route whose traffic all goes to `old`, as somebody deployed it."""
    parents = [{"name": "front"}]
    rules = [{"backendRefs": [{"name": "old", "port": 80, "weight": 1}]}]
    document: dict[str, Any] = {
        "apiVersion": KEY[0],
        "kind": "HTTPRoute",
        "metadata": {
            "name": "app",
            "namespace": "default",
            "generation": 1,
            "resourceVersion": "1",
        },
        "spec": {"parentRefs": parents, "hostnames": ["shop.example.com"], "rules": rules},
    }
    fake.objects[KEY] = document
    return document


@pytest.fixture
def gateway(fake: FakeCluster, route: dict[str, Any]) -> Iterator[list[tuple[int, int]]]:
    """A Gateway that notes the weights that it has seen."""
    seen: list[tuple[int, int]] = []

    class Notes(Envoy):
        def shift(self, old: int, new: int) -> None:
            seen.append((old, new))

    with controller(lambda: fake.objects.get(KEY), Notes(0, 0)):
        yield seen


def shifter(**more: Any) -> RouteShifter:
    return replace(open_route("", "", "app", 0, "old:80", "new:80"), **more)


def test_weights_are_applied_and_have_arrived_at_the_gateway(
    fake: FakeCluster, gateway: list[tuple[int, int]]
) -> None:
    found = shifter()
    assert found.read().weight is None
    found.join()
    assert found.read().weight == 0
    for start, end in ((0, 1), (1, 95), (95, 100), (100, 0)):
        found.write(start, end)
        assert gateway[-1] == (100 - end, end), "it returns when the Gateway has it"
    spec = fake.objects[KEY]["spec"]
    assert spec["hostnames"] == ["shop.example.com"], "the rest is as it was"
    assert {each["manager"] for each in fake.objects[KEY]["metadata"]["managedFields"]} == {
        "ferryman-migrate"
    }


def test_a_weight_changed_by_hand_is_drift(
    fake: FakeCluster, gateway: list[tuple[int, int]]
) -> None:
    found = shifter()
    found.join()
    for each, weight in zip(
        fake.objects[KEY]["spec"]["rules"][0]["backendRefs"], (70, 30), strict=True
    ):
        each["weight"] = weight
    with pytest.raises(Drift, match="30 %, and not 0 %"):
        found.write(0, 5)


def test_somebody_who_writes_between_look_and_write_is_not_overwritten(
    fake: FakeCluster, gateway: list[tuple[int, int]]
) -> None:
    found = shifter()
    found.join()
    inner = found.routes

    class Meddled:
        def get(self) -> dict[str, Any] | None:
            return inner.get()

        def apply(self, document: dict[str, Any]) -> None:
            fake.objects[KEY]["metadata"]["resourceVersion"] = "9999"
            inner.apply(document)

    with pytest.raises(FerrymanError, match="modified"):
        replace(found, routes=Meddled()).write(0, 5)
    assert found.read().weight == 0


def test_a_gateway_that_does_not_take_it_is_told(fake: FakeCluster, route: dict[str, Any]) -> None:
    waited: list[float] = []
    with pytest.raises(FerrymanError, match="has arrived") as raised:
        shifter(patience=1.0, pause=waited.append).join()
    assert "no Gateway has accepted the route" in str(raised.value)
    refused = {"type": "Accepted", "status": "False", "observedGeneration": 99, "message": "no"}
    fake.objects[KEY]["status"] = {
        "parents": [{"parentRef": {"name": "front"}, "conditions": [refused]}]
    }
    with pytest.raises(FerrymanError) as raised:
        shifter(patience=1.0, pause=waited.append).write(0, 5)
    assert "front: Accepted is False" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"old": "older:80"}, "no backend older:80"),
        ({"rule": 3}, "has no rule 3"),
        ({"name": "none"}, "no HTTPRoute none"),
        ({"third": True}, "a third backend, third:80"),
    ],
)
def test_a_route_that_is_another_is_refused(
    fake: FakeCluster, route: dict[str, Any], change: dict[str, Any], says: str
) -> None:
    if change.pop("third", False):
        route["spec"]["rules"][0]["backendRefs"].append({"name": "third", "port": 80})
    name = change.pop("name", "app")
    with pytest.raises(ConfigError, match=says):
        replace(open_route("", "", name, 0, "old:80", "new:80"), **change).read()


class Stats:
    """Observes Envoy's counters of both sides."""

    listens = False

    def __init__(self, proxy: Envoy) -> None:
        self._proxy = proxy

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        now = self._proxy.totals()
        seen = [
            since(
                totals_of(now[name], "envoy") or Counts(), totals_of((cursor or {}).get(name), "")
            )
            for name in ("old", "new")
        ]
        return Sight(seen[0], seen[1], now)

    def close(self) -> None:
        pass


async def test_under_load_nothing_is_lost(
    fake: FakeCluster, route: dict[str, Any], tmp_path: Path
) -> None:
    async with side("old") as old, side("new") as new:
        with envoy(tmp_path, {"old": old, "new": new}) as proxy:

            def carry() -> Migration:
                book = Book(MemoryStore())
                book.read()
                fresh = Migration(id="one", old="old", new="new", steps=(1, 25, 50, 95), needed=59)
                carrier = Carrier(book, shifter(), Stats(proxy), 0.1, lambda _: None)
                return carrier.carry(book.write(fresh))

            with controller(lambda: fake.objects.get(KEY), proxy):
                async with clients(proxy.front) as seen:
                    end = await asyncio.to_thread(carry)
                    before = seen["new"], seen["old"]
                    await asyncio.sleep(1)
                    after = seen["new"] - before[0], seen["old"] - before[1]
    assert (end.phase, end.weight) == ("holding", 95)
    lost = {name: n for name, n in seen.items() if name.startswith(("lost", "wrong"))}
    assert lost == {}
    assert seen["POST"] > 500
    assert after[0] / sum(after) > 0.85, "the traffic follows the weight"
