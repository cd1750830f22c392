"""Shifts traffic between two Services of an HTTPRoute of the Gateway API.

It applies the rules server-side under its own field manager, with the resourceVersion that it read:
the cluster refuses them if another client wrote in between, and a user who deploys the route
meanwhile gets a conflict instead of overwriting the weights. A weight is live once every Gateway of
the route has seen its generation.

Source: Gateway API, HTTPBackendRef.weight and RouteParentStatus.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.shifters import Live, write_checked

__all__ = ("MANAGER", "RouteShifter", "Routes", "open_route")

MANAGER = "ferryman-migrate"
"""The name under which the cluster knows the fields that a migration sets."""

Document = dict[str, Any]


class Routes(Protocol):
    """One HTTPRoute in a cluster."""

    def get(self) -> Document | None:
        """Return the route, or None if there is none."""

    def apply(self, document: Document) -> None:
        """Apply the route server-side, with force, as `MANAGER`."""


@dataclass(frozen=True, slots=True)
class RouteShifter:
    """Two Services of one rule.

    Attributes:
        routes: The route.
        name: Its name in errors.
        rule: Which of its rules, from 0.
        old: The old side's Service, as name:port.
        new: The new side's Service, as name:port.
        patience: Seconds until the Gateways must have seen a change.
        pause: Waits.
    """

    routes: Routes
    name: str
    rule: int
    old: str
    new: str
    patience: float = 120.0
    pause: Callable[[float], None] = time.sleep

    def read(self) -> Live:
        """Return the live state."""
        backends = self._backends(self._document())
        weights = {_service(each): int(each.get("weight", 1)) for each in backends}
        if self.old not in weights:
            raise ConfigError(
                f"rule {self.rule} of the HTTPRoute {self.name} has no backend {self.old}",
                cause=f"it has {', '.join(weights)}",
                hint="is it the right rule, and are old and new the right way round?",
            )
        if others := weights.keys() - {self.old, self.new}:
            raise ConfigError(
                f"rule {self.rule} of the HTTPRoute {self.name} has a third backend, {min(others)}",
                hint="a migration has two sides: remove the third backend",
            )
        total = sum(weights.values())
        if self.new not in weights:
            return Live(None)
        return Live(100 * weights[self.new] / total if total else 0.0)

    def join(self) -> None:
        """Add the new side's Service with a weight of 0."""
        if self.read().weight is None:
            self._set(0)
            self._arrived()

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage."""
        write_checked(self.read, lambda: self._set(end), start, end, patience=5.0, pause=self.pause)
        self._arrived()

    def _set(self, percent: float) -> None:
        found = self._document()
        rules = copy.deepcopy(found["spec"]["rules"])
        backends = rules[self.rule]["backendRefs"]
        known = {_service(each): each for each in backends}
        known.setdefault(self.new, _like(known[self.old], self.new))
        known[self.old]["weight"] = round(100 - percent)
        known[self.new]["weight"] = round(percent)
        rules[self.rule]["backendRefs"] = [known[self.old], known[self.new]]
        metadata = found["metadata"]
        self.routes.apply(
            {
                "apiVersion": found["apiVersion"],
                "kind": found["kind"],
                "metadata": {name: metadata[name] for name in ("name", "resourceVersion")},
                "spec": {"rules": rules},
            }
        )

    def _arrived(self) -> None:
        """Return once every Gateway has seen the written generation.

        Raises:
            FerrymanError: A Gateway has not seen it in time, or refuses it.
        """
        waited, delay = 0.0, 0.1
        while (pending := _unseen(self._document())) is not None:
            if waited >= self.patience:
                raise FerrymanError(
                    f"no change of the HTTPRoute {self.name} has arrived", cause=pending
                )
            self.pause(delay)
            waited, delay = waited + delay, min(delay * 2, 5.0)

    def _document(self) -> Document:
        found = self.routes.get()
        if found is None:
            raise ConfigError(
                f"there is no HTTPRoute {self.name}",
                hint="set route.name and route.namespace in [tool.ferryman.migrate]",
            )
        return found

    def _backends(self, document: Document) -> list[Document]:
        rules = document["spec"].get("rules") or []
        if self.rule >= len(rules):
            raise ConfigError(f"the HTTPRoute {self.name} has no rule {self.rule}")
        backends: list[Document] = rules[self.rule].get("backendRefs") or []
        return backends


@dataclass(frozen=True, slots=True)
class _ClusterRoute:
    cluster: Any
    kind: Any
    name: str

    def get(self) -> Document | None:
        found: Document | None = self.cluster.get(self.kind, self.name)
        return found

    def apply(self, document: Document) -> None:
        self.cluster.apply(document, dry_run=False, force=True, manager=MANAGER)


def open_route(
    context: str, namespace: str, name: str, rule: int, old: str, new: str
) -> RouteShifter:
    """Return the shifter of a route in the cluster that kubectl would use.

    Raises:
        ConfigError: There is no kubeconfig, or no such context, or the client is not installed.
    """
    try:
        from ferryman.targets.k8s.cluster.api import open_cluster
        from ferryman.targets.k8s.cluster.kinds import OWN_KINDS
        from ferryman.targets.k8s.cluster.kubeconfig import Place
    except ImportError as error:
        raise ConfigError(
            "the Kubernetes client is not installed",
            cause=str(error),
            hint="pip install 'ferryman[k8s]'",
        ) from None
    kind = next(each for each in OWN_KINDS if each.name == "HTTPRoute")
    cluster = open_cluster(Place(context or None, namespace or None), None)
    return RouteShifter(_ClusterRoute(cluster, kind, name), name, rule, old, new)


def _service(backend: Document) -> str:
    return f"{backend['name']}:{backend.get('port', '')}"


def _like(backend: Document, service: str) -> Document:
    """Return a reference to another Service, copied from an existing one."""
    name, _, port = service.partition(":")
    kept = {key: value for key, value in backend.items() if key in ("group", "kind", "namespace")}
    return {**kept, "name": name, "port": int(port)}


def _unseen(document: Document) -> str | None:
    """Return why a written route is not live; None if it is."""
    parents = (document.get("status") or {}).get("parents") or []
    if not parents:
        return "no Gateway has accepted the route"
    generation = document["metadata"].get("generation", 0)
    for parent in parents:
        who = parent.get("parentRef", {}).get("name", "a Gateway")
        conditions = {each["type"]: each for each in parent.get("conditions") or []}
        for kind in ("Accepted", "ResolvedRefs"):
            condition = conditions.get(kind)
            if condition is None or condition.get("observedGeneration", 0) < generation:
                return f"{who} has not seen generation {generation}"
            if condition["status"] != "True":
                return f"{who}: {kind} is {condition['status']}: {condition.get('message', '')}"
    return None
