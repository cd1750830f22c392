"""The operations on a cluster, each from a project to its outcome.

They decide the order of things; what things are is told in the modules beside this one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ferryman.core.build.project import Project
from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.applying import (
    apply_changes,
    delete_leftovers,
    refuse_conflicts,
)
from ferryman.targets.k8s.cluster.changes import (
    Action,
    Change,
    find_changes,
    find_leftovers,
    owned,
)
from ferryman.targets.k8s.cluster.connection import Place, connect
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.history import Revision, choose_revision, going_back, revisions
from ferryman.targets.k8s.cluster.kinds import KINDS
from ferryman.targets.k8s.cluster.rollout import (
    Clock,
    Release,
    RolloutError,
    State,
    judge,
    release_of,
    troubles_of,
    watch_rollout,
)
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.planning import plan_objects
from ferryman.targets.k8s.rendering import Document

__all__ = ("DeployWishes", "Operations", "Overview", "open_operations")

Tell = Callable[[str], None]
Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class DeployWishes:
    """How to deploy.

    Attributes:
        dry_run: Whether to change nothing.
        force: Whether to take fields over from other managers.
        adopt: Whether to take objects over that ferryman did not make.
        wait: Whether to stay until the release is good.
        timeout: How long that may take, in seconds.
        rollback_on_failure: Whether to go back when it does not become good.
    """

    dry_run: bool = False
    force: bool = False
    adopt: bool = False
    wait: bool = True
    timeout: float = 300
    rollback_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """How a project is in the cluster.

    Attributes:
        release: What runs of it.
        revisions: The releases that are there, the newest first.
        good: Whether the newest has taken over.
        line: How it is.
        troubles: What is wrong with it.
    """

    release: Release
    revisions: list[Revision]
    good: bool
    line: str
    troubles: list[str]


def open_operations(project: Project, place: Place, tell: Tell) -> Operations:
    """Return the operations for a project on the cluster that the kubeconfig leads to.

    Raises:
        ConfigError: There is no kubeconfig, or it has no such context.
    """
    own = project.section("k8s", KubernetesOptions).namespace
    return Operations(project, Cluster(connect(place, own)), tell)


class Operations:
    """What can be done with a project on a cluster.

    Args:
        project: The project.
        cluster: The cluster, and the namespace in it.
        tell: Told what is being done.
        clock: Tells the time, in seconds.
    """

    def __init__(
        self, project: Project, cluster: Cluster, tell: Tell, *, clock: Clock = time.monotonic
    ) -> None:
        self._project = project
        self._name = project.fields.name
        self._cluster = cluster
        self._tell = tell
        self._clock = clock

    def diff(self, *, adopt: bool = False) -> list[Change]:
        """Return what a deploy would change, the deletions at the end.

        Raises:
            FerrymanError: The plan is wrong, or the cluster refused.
        """
        changes, leftovers = self._changes(adopt)
        return [change for change in (*changes, *leftovers) if change.action is not Action.KEEP]

    def deploy(self, wishes: DeployWishes, ask: Ask) -> list[Change]:
        """Apply the project, stay until it is good, then delete what it no longer has.

        Args:
            wishes: How to.
            ask: Asked before anything is deleted.

        Returns:
            What was changed, or would be.

        Raises:
            ConflictError: Other managers own fields that would change.
            RolloutError: The release did not become good.
            FerrymanError: The plan is wrong, or the cluster refused.
        """
        changes, leftovers = self._changes(wishes.adopt)
        if not wishes.force:
            refuse_conflicts(changes)
        made = [change for change in changes if change.action is not Action.KEEP]
        if wishes.dry_run:
            return [*made, *leftovers]
        before = self._current_revision()
        apply_changes(self._cluster, changes, self._tell, force=wishes.force)
        if wishes.wait:
            self._stay(wishes, before)
        return [*made, *self._prune(leftovers, ask)]

    def status(self) -> Overview:
        """Return how the project is.

        Raises:
            FerrymanError: It is not there, or the cluster refused.
        """
        release = self._release()
        verdict = judge(release.workload, release.pods)
        good = verdict.state is State.GOOD
        troubles = [] if good else troubles_of(self._cluster, release)
        return Overview(
            release,
            self._revisions(release),
            good,
            verdict.line,
            [f"{trouble.subject}: {trouble.message}" for trouble in troubles],
        )

    def logs(self, *, lines: int, previous: bool) -> dict[str, str]:
        """Return the last lines of each pod, by its name.

        Args:
            lines: How many of each.
            previous: Whether those of the container that ran before.

        Raises:
            FerrymanError: The project is not there, or the cluster refused.
        """
        found = {}
        for pod in self._release().pods:
            name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
            found[name] = self._cluster.logs(name, container, lines=lines, previous=previous)
        return found

    def follow(self, *, lines: int) -> Iterator[tuple[str, str]]:
        """Yield a pod's name and a line that it wrote, of all pods as the lines come.

        It ends when all of those pods have.

        Raises:
            FerrymanError: The project is not there, or the cluster refused.
        """
        pods = self._release().pods
        heard: SimpleQueue[tuple[str, str] | FerrymanError | None] = SimpleQueue()
        for pod in pods:
            Thread(target=self._listen, args=(pod, lines, heard), daemon=True).start()
        for _ in pods:
            while (said := heard.get()) is not None:
                if isinstance(said, FerrymanError):
                    raise said
                yield said

    def _listen(self, pod: Document, lines: int, heard: SimpleQueue[Any]) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
        try:
            for line in self._cluster.follow(name, container, lines=lines):
                heard.put((name, line))
        except FerrymanError as error:
            heard.put(error)
        finally:
            heard.put(None)

    def rollback(self, wanted: int | None, wishes: DeployWishes) -> Revision:
        """Go back to an older release, and stay until it is good.

        Args:
            wanted: The release's number; None is the one before.
            wishes: How to.

        Raises:
            RolloutError: It did not become good.
            FerrymanError: There is none to go back to, or the cluster refused.
        """
        release = self._release()
        chosen = choose_revision(self._revisions(release), wanted)
        document = going_back(release.workload, chosen)
        self._cluster.apply(document, dry_run=wishes.dry_run, force=wishes.force)
        if not wishes.dry_run:
            self._tell(f"going back to release {chosen.number}, version {chosen.version}")
            if wishes.wait:
                self._watch(wishes.timeout)
        return chosen

    def delete(self, *, dry_run: bool, ask: Ask) -> list[Change]:
        """Delete all that ferryman made for the project.

        Raises:
            FerrymanError: The cluster refused.
        """
        found = find_leftovers(self._cluster, {}, self._name, self._tell)
        if found and not dry_run and not ask(self._question(found)):
            return []
        if not dry_run:
            delete_leftovers(self._cluster, found, self._tell)
        return found

    def _changes(self, adopt: bool) -> tuple[list[Change], list[Change]]:
        objects = plan_objects(self._project, self._tell).objects
        self._compare_versions()
        changes = find_changes(self._cluster, objects, self._name, adopt=adopt)
        return changes, find_leftovers(self._cluster, objects, self._name, self._tell)

    def _compare_versions(self) -> None:
        """Say so where the manifests are for a newer Kubernetes than the cluster's."""
        meant = self._project.section("k8s", KubernetesOptions).kube_version
        try:
            found = self._cluster.version()
        except Refusal:
            return  # not everybody may ask, and a deploy can do without
        if _minor(found) < _minor(meant):
            self._tell(
                f"note: the cluster is Kubernetes {found} and the manifests are for {meant}; "
                f'kube_version = "{found}" in [tool.ferryman.k8s] makes them for it'
            )

    def _stay(self, wishes: DeployWishes, before: int | None) -> None:
        try:
            self._watch(wishes.timeout)
        except RolloutError as error:
            if not wishes.rollback_on_failure:
                raise
            if before is None:
                error.hint = f"{error.hint or ''} (there was no release to go back to)".strip()
                raise
            self._tell(str(error))
            chosen = self.rollback(before, replace(wishes, force=True))
            raise RolloutError(
                f"{error.message}; release {chosen.number} is back",
                cause=error.cause,
                hint=error.hint,
            ) from None

    def _watch(self, seconds: float) -> None:
        watch_rollout(self._cluster, self._name, self._tell, seconds=seconds, clock=self._clock)

    def _prune(self, leftovers: list[Change], ask: Ask) -> list[Change]:
        if not leftovers or not ask(self._question(leftovers)):
            return []
        delete_leftovers(self._cluster, leftovers, self._tell)
        return leftovers

    def _question(self, changes: list[Change]) -> str:
        listed = ", ".join(f"{change.kind.name}/{change.name}" for change in changes)
        return f"delete {listed} from {self._cluster.namespace} at {self._cluster.host}?"

    def _release(self) -> Release:
        release = release_of(self._cluster, self._name)
        if release is None or not owned(release.workload, self._name):
            raise FerrymanError(
                f"{self._name} is not in the namespace {self._cluster.namespace}",
                cause=f"there is no Deployment of ferryman's at {self._cluster.host}",
                hint="`ferryman deploy -t k8s` puts it there",
            )
        return release

    def _revisions(self, release: Release) -> list[Revision]:
        if release.workload["kind"] != "Deployment":
            return []
        selector = release.workload["spec"]["selector"].get("matchLabels") or {}
        return revisions(release.workload, self._cluster.list(KINDS["ReplicaSet"], selector))

    def _current_revision(self) -> int | None:
        release = release_of(self._cluster, self._name)
        found = self._revisions(release) if release else []
        return found[0].number if found else None


def _minor(version: str) -> int:
    minor = version.partition(".")[2]
    return int(minor) if minor.isdigit() else 0
