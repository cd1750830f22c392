"""Reads the state, the releases and the logs of a project from a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.targets.deployment import Status
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.applying import fewest_pods
from ferryman.targets.k8s.cluster.changes import owned, ownership
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind
from ferryman.targets.k8s.cluster.release_book import open_book
from ferryman.targets.k8s.cluster.release_record import Verdict
from ferryman.targets.k8s.cluster.rollout import Running, State, judge, running, troubles_of
from ferryman.targets.k8s.rendering import Document

__all__ = ("Observer", "image_digest")


class Observer:
    """Reads a project from a cluster.

    Args:
        cluster: The cluster, with a namespace.
        kind: The kind of the project's workload.
        name: The name of its objects.
        container: The name of the app's container.
    """

    def __init__(self, cluster: Cluster, kind: Kind, name: str, container: str) -> None:
        self._cluster = cluster
        self._kind = kind
        self._name = name
        self._container = container

    def status(self) -> Status:
        """Return the state of the project.

        Raises:
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        web = self._running()
        releases = open_book(self._cluster, self._name).releases
        objects = releases[0].objects if releases else ()
        verdict = judge(web.workload, web.pods, fewest_pods(objects, self._name))
        good = verdict.state is State.GOOD
        if good and releases and releases[0].verdict is Verdict.UNKNOWN:
            # It was deployed with --no-wait, and has become good since.
            digest = image_digest(web.pods, self._container)
            releases = (releases[0].judged(Verdict.GOOD, digest), *releases[1:])
        troubles = [] if good else troubles_of(self._cluster, web)
        lines = [verdict.line]
        deployments = [d["metadata"]["name"] for d in objects if d["kind"] == "Deployment"]
        for name in (name for name in deployments if name != self._name):
            worker = running(self._cluster, KINDS["Deployment"], name)
            if worker is None:
                good, lines = False, [*lines, f"{name} does not exist"]
                continue
            verdict = judge(worker.workload, worker.pods, 0)
            lines.append(f"{name}: {verdict.line}")
            if verdict.state is not State.GOOD:
                good = False
                troubles += troubles_of(self._cluster, worker)
        return Status(
            good,
            "; ".join(lines),
            tuple(f"{trouble.subject}: {trouble.message}" for trouble in troubles),
            tuple(release.listed() for release in releases),
        )

    def _running(self) -> Running:
        """Return the workload of the web process and its pods.

        Raises:
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        web = running(self._cluster, self._kind, self._name)
        if web is None or not owned(web.workload, self._name):
            raise FerrymanError(
                f"{self._name} is not in the namespace {self._cluster.namespace}",
                cause=f"{self._cluster.host} has no {self._kind.name} that ferryman created",
                hint="`ferryman deploy -t k8s` deploys it",
            )
        return web

    def logs(self, *, lines: int, previous: bool, process: str | None = None) -> dict[str, str]:
        """Return the last lines of each pod, by the pod's name.

        Args:
            lines: The number of lines of each pod.
            previous: Whether to read the container before its last restart.
            process: The process; None is the web process.

        Raises:
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        logs = {}
        for pod in self._pods(process):
            name, container = pod["metadata"]["name"], self._container_of(pod, process)
            logs[name] = self._cluster.logs(name, container, lines=lines, previous=previous)
        return logs

    def follow(self, *, lines: int, process: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield the lines of all pods as they arrive, each with the pod's name.

        It ends when all of these pods have ended.

        Args:
            lines: The number of past lines of each pod.
            process: The process; None is the web process.

        Raises:
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        pods = self._pods(process)
        queue: SimpleQueue[tuple[str, str] | FerrymanError | None] = SimpleQueue()
        for pod in pods:
            container = self._container_of(pod, process)
            arguments = (pod["metadata"]["name"], container, lines, queue.put)
            Thread(target=self._listen, args=arguments, daemon=True).start()
        for _ in pods:
            while (item := queue.get()) is not None:
                if isinstance(item, FerrymanError):
                    raise item
                yield item

    def _pods(self, process: str | None) -> list[Document]:
        if process is None:
            return self._running().pods
        labels = {**ownership(self._name), "app.kubernetes.io/component": process}
        pods = self._cluster.list(KINDS["Pod"], labels)
        if not pods:
            raise FerrymanError(
                f"the namespace {self._cluster.namespace} has no pods of the process {process}",
                hint="`ferryman status` shows what runs",
            )
        return pods

    def _container_of(self, pod: Document, process: str | None) -> str:
        """Return the name of the app's container, which need not be the pod's first."""
        own = process or self._container
        names = [str(container["name"]) for container in pod["spec"]["containers"]]
        return own if own in names else names[0]

    def _listen(self, name: str, container: str, lines: int, put: Callable[[Any], None]) -> None:
        try:
            for line in self._cluster.follow(name, container, lines=lines):
                put((name, line))
        except FerrymanError as error:
            put(error)
        finally:
            put(None)


def image_digest(pods: list[Document], name: str) -> str | None:
    """Return the digest of the app's image, or None if no pod reports it yet."""
    for pod in pods:
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            digest = str(status.get("imageID", "")).rpartition("@")[2]
            if status.get("name") == name and digest.startswith("sha256:"):
                return digest
    return None
