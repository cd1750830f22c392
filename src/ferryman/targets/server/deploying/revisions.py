"""The deployed service: its deployments, its revisions, and why tasks stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.deployment import Release
from ferryman.targets.server.deploying.service_template import CONTAINER, VERSION_LABEL

__all__ = (
    "Revision",
    "Running",
    "deregister",
    "read_service",
    "refuse_taken",
    "revision_to_run",
    "revisions",
    "stop_reasons",
)

_SHOWN = 10
"""The most revisions to list; each takes a call."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the task definition.

    Attributes:
        arn: Its ARN.
        version: The project's version, as ferryman wrote it.
        image: The image.
    """

    arn: str
    version: str
    image: str

    @property
    def number(self) -> int:
        """Its number, which ECS counts up with each registration."""
        return int(self.arn.rpartition(":")[2])

    def release(self, share: float | None, address: str | None) -> Release:
        """Return it as a release."""
        return Release(
            str(self.number), self.version, _short(self.image), share, address if share else None
        )


@dataclass(frozen=True, slots=True)
class Running:
    """A service.

    Attributes:
        revision: The ARN of the desired task definition.
        wanted: How many tasks there should be.
        running: How many run of each task definition, by its ARN.
        state: `COMPLETED`, `IN_PROGRESS` or `FAILED`.
        reason: The reason for the state.
    """

    revision: str
    wanted: int
    running: Mapping[str, int]
    state: str
    reason: str

    @property
    def tasks(self) -> int:
        """How many tasks run."""
        return sum(self.running.values())

    def share(self, arn: str) -> float:
        """Return the share of the tasks, and so of the requests, that a revision has."""
        return self.running.get(arn, 0) / self.tasks if self.tasks else 0.0


def read_service(aws: Aws, name: str) -> Running:
    """Return the service of a name, in the cluster of that name.

    Raises:
        FerrymanError: There is no such service.
        AwsError: AWS refused.
    """
    told = aws.call("ecs", "describe_services", cluster=name, services=[name])
    found = [one for one in told["services"] if one["status"] != "INACTIVE"]
    if not found:
        raise FerrymanError(
            f"there is no service {name} in {aws.region}",
            hint="`ferryman deploy -t server` makes it; --stack and --region say where",
        )
    (service,) = found
    deployments: Sequence[Mapping[str, Any]] = service["deployments"]
    newest = next((one for one in deployments if one["status"] == "PRIMARY"), {})
    running: dict[str, int] = {}
    for one in deployments:
        arn = one["taskDefinition"]
        running[arn] = running.get(arn, 0) + one["runningCount"]
    return Running(
        service["taskDefinition"],
        service["desiredCount"],
        running,
        newest.get("rolloutState", "COMPLETED"),
        newest.get("rolloutStateReason", ""),
    )


def refuse_taken(aws: Aws, name: str) -> None:
    """Refuse a name for a new stack's cluster and service that is taken.

    Raises:
        ConfigError: A service or a cluster has the name.
        AwsError: AWS refused.
    """
    told = aws.call("ecs", "describe_clusters", clusters=[name])["clusters"]
    if any(one["status"] != "INACTIVE" for one in told):
        raise ConfigError(
            f"there is a cluster {name} in {aws.region} already",
            cause="no stack of that name made it, and a stack takes over no cluster",
            hint="name another by --stack",
        )


def revisions(aws: Aws, family: str) -> list[Revision]:
    """Return the newest revisions of a task definition, the newest first.

    Raises:
        AwsError: AWS refused.
    """
    return [_described(aws, arn) for arn in _arns(aws, family)[:_SHOWN]]


def revision_to_run(found: Sequence[Revision], running: str, wanted: str | None) -> Revision:
    """Return the revision that a rollback runs: the wanted one, or the one before.

    Args:
        found: The revisions, the newest first.
        running: The ARN of the running revision.
        wanted: Its number, or None.

    Raises:
        ConfigError: There is no such revision.
        FerrymanError: No older revision is left.
    """
    if wanted is not None:
        known = {str(one.number): one for one in found}
        if wanted not in known:
            raise ConfigError(
                f"--to {wanted}: there is no such revision",
                cause=f"the revisions are {', '.join(known)}",
            )
        return known[wanted]
    present = int(running.rpartition(":")[2])
    older = [one for one in found if one.number < present]
    if not older:
        raise FerrymanError(
            f"there is no revision before {present}",
            hint="`ferryman status -t server` lists those there are",
        )
    return older[0]


def deregister(aws: Aws, family: str) -> None:
    """Deregister every revision of a task definition.

    Raises:
        AwsError: AWS refused.
    """
    for arn in _arns(aws, family):
        aws.call("ecs", "deregister_task_definition", taskDefinition=arn)


def stop_reasons(aws: Aws, cluster: str) -> list[str]:
    """Return why tasks of a cluster stopped in the last hour, each reason once.

    Raises:
        AwsError: AWS refused.
    """
    listed = aws.call("ecs", "list_tasks", cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    if not listed:
        return []
    told = aws.call("ecs", "describe_tasks", cluster=cluster, tasks=listed[:100])
    return list(dict.fromkeys(reason for task in told["tasks"] if (reason := _reason(task))))


def _reason(task: Mapping[str, Any]) -> str:
    said = [task.get("stoppedReason", "")]
    for container in task.get("containers", ()):
        said.append(container.get("reason", ""))
        if container.get("exitCode"):
            said.append(f"it ended with {container['exitCode']}")
    return "; ".join(dict.fromkeys(text for text in said if text))


def _arns(aws: Aws, family: str) -> list[str]:
    found = aws.pages(
        "ecs",
        "list_task_definitions",
        "taskDefinitionArns",
        familyPrefix=family,
        status="ACTIVE",
        sort="DESC",
    )
    # Each item is an ARN; a family that only begins so is another's.
    mine = [str(arn) for arn in found if str(arn).rpartition("/")[2].rpartition(":")[0] == family]
    return sorted(mine, key=lambda arn: -int(arn.rpartition(":")[2]))


def _described(aws: Aws, arn: str) -> Revision:
    told = aws.call("ecs", "describe_task_definition", taskDefinition=arn)["taskDefinition"]
    containers = told["containerDefinitions"]
    container = next((one for one in containers if one["name"] == CONTAINER), containers[0])
    version = container.get("dockerLabels", {}).get(VERSION_LABEL, "?")
    return Revision(told["taskDefinitionArn"], version, container["image"])


def _short(image: str) -> str:
    name, _, digest = image.partition("@sha256:")
    return digest[:12] or name
