"""A Gateway that is real where it counts: Envoy passes the traffic of an applied HTTPRoute.

A cluster's controller is played by a thread: it reads the route from the API server, sets
Envoy's weights by its admin interface, and writes into the route's status that it has seen it.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.ports import free_port

__all__ = ("Envoy", "controller", "envoy")

PROGRAM = Path(__file__).parents[2] / ".tools" / "envoy" / "envoy" / "_bin" / "envoy"


class Envoy:
    """A running Envoy with two clusters of one route, `old` and `new`.

    Args:
        front: Its port.
        admin: The port of its admin interface.
    """

    def __init__(self, front: int, admin: int) -> None:
        self.front, self._admin = front, admin

    def shift(self, old: int, new: int) -> None:
        """Set the weights of both."""
        self._ask(f"/runtime_modify?route.old={old}&route.new={new}", "POST")

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the answers and failures of both since it started."""
        text = self._ask("/stats?format=json&filter=cluster\\.(old|new)\\.upstream_rq_(total|5xx)$")
        stats = {each["name"]: int(each["value"]) for each in json.loads(text)["stats"]}
        return {
            side: {
                "answers": stats.get(f"cluster.{side}.upstream_rq_total", 0),
                "failures": stats.get(f"cluster.{side}.upstream_rq_5xx", 0),
            }
            for side in ("old", "new")
        }

    def _ask(self, target: str, method: str = "GET") -> str:
        asked = urllib.request.Request(f"http://127.0.0.1:{self._admin}{target}", method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            text: str = answer.read().decode()
            return text


@contextmanager
def envoy(scratch: Path, ports: Mapping[str, int]) -> Iterator[Envoy]:
    """Run Envoy in front of both sides; all traffic goes to `old`."""
    found = Envoy(free_port(), free_port())
    path = scratch / "envoy.json"
    path.write_text(json.dumps(_configuration(found.front, found._admin, ports)))
    command = [
        str(PROGRAM),
        "-c",
        str(path),
        "--concurrency",
        "1",
        "--use-dynamic-base-id",
        "-l",
        "error",
    ]
    with (scratch / "envoy.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while True:
                assert process.poll() is None, (scratch / "envoy.log").read_text()
                assert time.monotonic() < deadline
                try:
                    found._ask("/ready")
                    break
                except OSError:
                    time.sleep(0.05)
            yield found
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def controller(read: Callable[[], dict[str, Any] | None], gateway: Envoy) -> Iterator[None]:
    """Have a Gateway see a route, each time that its generation grows, until the block ends."""
    ended = threading.Event()

    def run() -> None:
        seen = -1
        while not ended.wait(0.01):
            route = read()
            if route is None or route["metadata"].get("generation", 0) == seen:
                continue
            backends = route["spec"]["rules"][0]["backendRefs"]
            weights = {each["name"]: int(each.get("weight", 1)) for each in backends}
            gateway.shift(weights.get("old", 0), weights.get("new", 0))
            seen = route["metadata"]["generation"]
            conditions = [
                {"type": kind, "status": "True", "observedGeneration": seen}
                for kind in ("Accepted", "ResolvedRefs")
            ]
            parent = {"parentRef": {"name": "front"}, "conditions": conditions}
            route["status"] = {"parents": [parent]}

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _configuration(front: int, admin: int, ports: Mapping[str, int]) -> dict[str, Any]:
    weights = [{"name": "old", "weight": 100}, {"name": "new", "weight": 0}]
    action = {"weighted_clusters": {"clusters": weights, "runtime_key_prefix": "route"}}
    routes = [{"match": {"prefix": "/"}, "route": action}]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network."
        "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "front",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    chain = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "admin": {"address": _address(admin)},
        "layered_runtime": {"layers": [{"name": "admin", "admin_layer": {}}]},
        "static_resources": {
            "listeners": [{"address": _address(front), "filter_chains": [{"filters": [chain]}]}],
            "clusters": [_cluster(name, port) for name, port in ports.items()],
        },
    }


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
