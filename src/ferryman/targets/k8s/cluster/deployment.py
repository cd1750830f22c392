"""The deployment of a project to a cluster, for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.targets.deployment import (
    Change,
    Choices,
    Dialogue,
    LogLine,
    Release,
    Status,
)
from ferryman.targets.k8s.cluster import changes
from ferryman.targets.k8s.cluster.api import Cluster, open_cluster
from ferryman.targets.k8s.cluster.exchange import SHORT_OUTAGE
from ferryman.targets.k8s.cluster.kubeconfig import Place
from ferryman.targets.k8s.cluster.observation import Observer
from ferryman.targets.k8s.cluster.operations import Operations, workload_kind
from ferryman.targets.k8s.cluster.planned import DeployOptions, Planned
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.values import instance_of

__all__ = ("ClusterDeployment", "open_deployment")

_TIMEOUT = 300.0
"""Seconds that a rollout may take by default."""

_PATIENCE = 60.0
"""Seconds that a crash or a failed pull may last by default: a registry or database may recover."""

_INTERRUPTED = (
    "interrupted: the cluster keeps the applied objects and continues the rollout; "
    "`ferryman status` shows its state, and `ferryman rollback` goes back"
)


def open_deployment(project: Project, choices: Choices, dialogue: Dialogue) -> ClusterDeployment:
    """Return the deployment of a project to the cluster that the kubeconfig leads to.

    Raises:
        ConfigError: There is no kubeconfig, or it has no such context.
    """
    place = Place(choices.text("context"), choices.text("namespace"))
    own = project.section("k8s", KubernetesOptions).namespace
    cluster = open_cluster(place, own, outage=choices.timeout or SHORT_OUTAGE)
    return ClusterDeployment(project, cluster, choices, dialogue)


@dataclass(frozen=True, slots=True)
class _ClusterPlan:
    planned: Planned
    question: None = None  # deletions have their own question, after the apply

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(_change(change) for change in self.planned.changes)


class ClusterDeployment:
    """The deployment of a project to a cluster."""

    def __init__(
        self, project: Project, cluster: Cluster, choices: Choices, dialogue: Dialogue
    ) -> None:
        self._operations = Operations(project, cluster, dialogue.tell)
        self._observer = Observer(
            cluster, workload_kind(project), instance_of(project), project.fields.name
        )
        self._choices = choices
        self._dialogue = dialogue

    def plan(self) -> _ClusterPlan:
        """Return the changes of a deploy, from dry runs in the cluster."""
        return _ClusterPlan(self._operations.plan(adopt=self._choices.switch("adopt")))

    def discard(self, plan: _ClusterPlan) -> None:
        """Do nothing: a plan leaves nothing in the cluster."""

    def apply(self, plan: _ClusterPlan) -> Release | None:
        """Apply a plan, and wait until the release is good.

        Raises:
            ConflictError: Other managers own fields that would change.
            RolloutError: The release failed.
            FerrymanError: The cluster refused, or another deploy is running.
        """
        with self._interruptible():
            release = self._operations.apply(plan.planned, self._options(), self._dialogue.ask)
        return release.listed() if release else None

    def status(self) -> Status:
        """Return the state of the project.

        Raises:
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        return self._observer.status()

    def logs(self, lines: int, *, follow: bool) -> Iterable[LogLine]:
        """Return the last lines of each pod, or follow all pods until they end.

        Raises:
            ConfigError: Both `follow` and the switch `previous` are set.
            FerrymanError: The project is not deployed, or the cluster refused.
        """
        previous = self._choices.switch("previous")
        if follow and previous:
            raise ConfigError("--follow and --previous: a container that ended writes no more")
        process = self._choices.text("process")
        if follow:
            pairs = self._observer.follow(lines=lines, process=process)
            return (LogLine(pod, line) for pod, line in pairs)
        logs = self._observer.logs(lines=lines, previous=previous, process=process)
        return [LogLine(pod, line) for pod, text in logs.items() for line in text.splitlines()]

    def rollback(self, wanted: str | None) -> Release:
        """Go back to an older release, and wait until it is good.

        Raises:
            ConfigError: There is no such release.
            RolloutError: The rollout failed.
            FerrymanError: There is no good release, or the cluster refused.
        """
        if wanted is not None and not wanted.isdecimal():
            raise ConfigError(f"--to {wanted}: a release on Kubernetes has a number")
        number = None if wanted is None else int(wanted)
        with self._interruptible():
            release = self._operations.rollback(number, self._options(), self._dialogue.ask)
        return release.listed()

    def delete(self) -> tuple[Change, ...] | None:
        """Delete all objects that ferryman created for the project, after asking.

        Raises:
            FerrymanError: The cluster refused.
        """
        dry_run, ask = self._choices.dry_run, self._dialogue.ask
        deletions = self._operations.delete(dry_run=dry_run, ask=ask)
        return None if deletions is None else tuple(map(_change, deletions))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self._dialogue.tell(_INTERRUPTED)
            raise

    def _options(self) -> DeployOptions:
        choices = self._choices
        return DeployOptions(
            dry_run=choices.dry_run,
            force=choices.switch("force"),
            wait=choices.wait,
            timeout=choices.timeout or _TIMEOUT,
            patience=_patience(choices.text("patience")),
            rollback_on_failure=choices.switch("rollback_on_failure"),
        )


def _change(change: changes.Change) -> Change:
    action, kind = change.action.value, change.kind.name
    return Change(action, kind, change.name, change.lines, change.conflicts)


def _patience(text: str | None) -> float:
    if text is None:
        return _PATIENCE
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"--patience {text}: that is not a number of seconds, such as 60")
    return seconds
