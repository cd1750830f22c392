"""What can be seen of a project on a cluster: how it is, its releases, its logs. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.applying import fewest_pods
from ferryman.targets.k8s.cluster.changes import owned, ownership
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind
from ferryman.targets.k8s.cluster.release_book import open_book
from ferryman.targets.k8s.cluster.release_record import Release, Verdict
from ferryman.targets.k8s.cluster.rollout import Running, State, judge, running, troubles_of
from ferryman.targets.k8s.rendering import Document

__all__ = ("Observer", "Overview", "image_digest", "own_container")


@dataclass(frozen=True, slots=True)
class Overview:
    """How a project is in the cluster.

    Attributes:
        releases: The releases, the newest first.
        good: Whether the newest has taken over.
        line: How it is.
        troubles: Its problems.
    """

    releases: tuple[Release, ...]
    good: bool
    line: str
    troubles: tuple[str, ...]


class Observer:
    """What looks at a project on a cluster.

    Args:
        cluster: The cluster, and the namespace in it.
        kind: The kind of the project's workload.
        name: The name of its objects.
        container: The name of the app's container.
    """

    def __init__(self, cluster: Cluster, kind: Kind, name: str, container: str) -> None:
        self._cluster = cluster
        self._kind = kind
        self._name = name
        self._container = container

    def status(self) -> Overview:
        """Return how the project is.

        Raises:
            FerrymanError: It is not there, or the cluster refused.
        """
        found = self.running()
        releases = open_book(self._cluster, self._name).releases
        fewest = fewest_pods(releases[0].objects, self._name) if releases else None
        verdict = judge(found.workload, found.pods, 1 if fewest is None else fewest)
        good = verdict.state is State.GOOD
        if good and releases and releases[0].verdict is Verdict.UNKNOWN:
            # Deployed with --no-wait, and good since.
            digest = image_digest(found.pods, self._container)
            releases = (releases[0].judged(Verdict.GOOD, digest), *releases[1:])
        troubles = [] if good else troubles_of(self._cluster, found)
        lines = [verdict.line]
        for name in self._workers(releases[0] if releases else None):
            worker = running(self._cluster, KINDS["Deployment"], name)
            if worker is None:
                good, lines = False, [*lines, f"{name} is not there"]
                continue
            seen = judge(worker.workload, worker.pods, 0)
            lines.append(f"{name}: {seen.line}")
            if seen.state is not State.GOOD:
                good = False
                troubles += troubles_of(self._cluster, worker)
        words = tuple(f"{trouble.subject}: {trouble.message}" for trouble in troubles)
        return Overview(releases, good, "; ".join(lines), words)

    def _workers(self, release: Release | None) -> list[str]:
        """Return the names of the other Deployments of a release."""
        objects = release.objects if release else ()
        named = [d["metadata"]["name"] for d in objects if d["kind"] == "Deployment"]
        return [name for name in named if name != self._name]

    def running(self) -> Running:
        """Return what runs of the project.

        Raises:
            FerrymanError: It is not there, or the cluster refused.
        """
        found = running(self._cluster, self._kind, self._name)
        if found is None or not owned(found.workload, self._name):
            raise FerrymanError(
                f"{self._name} is not in the namespace {self._cluster.namespace}",
                cause=f"there is no {self._kind.name} of ferryman's at {self._cluster.host}",
                hint="`ferryman deploy -t k8s` puts it there",
            )
        return found

    def logs(self, *, lines: int, previous: bool, process: str | None = None) -> dict[str, str]:
        """Return the last lines of each pod, by its name.

        Args:
            lines: How many of each.
            previous: Whether those of the container that ran before.
            process: The process; None is the one that answers requests.

        Raises:
            FerrymanError: The project is not there, or the cluster refused.
        """
        found = {}
        for pod in self._pods(process):
            name, container = (
                pod["metadata"]["name"],
                own_container(pod, process or self._container),
            )
            found[name] = self._cluster.logs(name, container, lines=lines, previous=previous)
        return found

    def follow(self, *, lines: int, process: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield a pod's name and a line that it wrote, of all pods as the lines come.

        It ends when all of those pods have.

        Args:
            lines: How many of each to begin with.
            process: The process; None is the one that answers requests.

        Raises:
            FerrymanError: The project is not there, or the cluster refused.
        """
        pods = self._pods(process)
        heard: SimpleQueue[tuple[str, str] | FerrymanError | None] = SimpleQueue()
        for pod in pods:
            container = own_container(pod, process or self._container)
            told = (pod["metadata"]["name"], container, lines, heard.put)
            Thread(target=self._listen, args=told, daemon=True).start()
        for _ in pods:
            while (said := heard.get()) is not None:
                if isinstance(said, FerrymanError):
                    raise said
                yield said

    def _pods(self, process: str | None) -> list[Document]:
        if process is None:
            return self.running().pods
        labels = {**ownership(self._name), "app.kubernetes.io/component": process}
        pods = self._cluster.list(KINDS["Pod"], labels)
        if not pods:
            raise FerrymanError(
                f"no pod of the process {process} is in the namespace {self._cluster.namespace}",
                hint="`ferryman status` tells what runs",
            )
        return pods

    def _listen(self, name: str, container: str, lines: int, put: Callable[[Any], None]) -> None:
        try:
            for line in self._cluster.follow(name, container, lines=lines):
                put((name, line))
        except FerrymanError as error:
            put(error)
        finally:
            put(None)


def own_container(pod: Document, name: str) -> str:
    """Return the name of the app's container: a mesh may have put its own before it."""
    names = [str(container["name"]) for container in pod["spec"]["containers"]]
    return name if name in names else names[0]


def image_digest(pods: list[Document], name: str) -> str | None:
    """Return the digest of the image that the app's containers run, where a pod tells it."""
    for pod in pods:
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            digest = str(status.get("imageID", "")).rpartition("@")[2]
            if status.get("name") == name and digest.startswith("sha256:"):
                return digest
    return None
