"""The settings of a service on Amazon ECS, `[tool.ferryman.server.deploy]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from ferryman.aws.deploy_settings import (
    AlbOptions,
    Arn,
    AsNumber,
    DeploySection,
    GroupId,
    SubnetId,
    VariableName,
)
from ferryman.targets.server.deploying.task_size import memory_sizes

__all__ = ("ServiceAlbOptions", "ServiceOptions")


class ServiceAlbOptions(AlbOptions):
    """The keys of `[tool.ferryman.server.deploy.alb]`."""

    internal: bool = Field(
        default=False,
        description="Make a load balancer that is reachable only from inside the VPC.",
    )


class ServiceOptions(DeploySection):
    """The keys of `[tool.ferryman.server.deploy]`."""

    repository: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$",
        description="The repository in ECR that holds the image; by default the project's name.",
    )
    architecture: Literal["arm64", "x86_64"] | None = Field(
        default=None,
        description="The processor architecture of the tasks; by default that of the image, and "
        "arm64 if it has both: it costs a fifth less.",
    )
    cpu: Annotated[Literal[256, 512, 1024, 2048, 4096, 8192, 16384], AsNumber] = Field(
        default=256,
        description="CPU of a task, in 1024ths of a vCPU. One event loop cannot use more than "
        "1024.",
    )
    memory: int | None = Field(
        default=None,
        ge=512,
        description="Memory of a task, in MiB: one of the sizes that Fargate has for the cpu. By "
        "default a quarter more than the measured peak; without a measurement the smallest size.",
    )
    tasks: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="How many tasks run; with max_tasks, the smallest number.",
    )
    max_tasks: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="The largest number of tasks. If it is set, the number follows the CPU load, "
        "and if the app was measured, also the requests for each task.",
    )
    cpu_target: int = Field(
        default=65,
        ge=1,
        le=100,
        description="The target CPU utilisation, in percent, for the number of tasks.",
    )
    vpc: str | None = Field(
        default=None,
        pattern=r"^vpc-[0-9a-z]+$",
        description="The VPC; by default that of the subnets, or the region's default VPC.",
    )
    subnets: tuple[SubnetId, ...] = Field(
        default=(),
        description="Subnets that the tasks run in; by default those of the default VPC.",
    )
    public_ip: bool | None = Field(
        default=None,
        description="Give tasks public addresses. They need them to fetch the image if their "
        "subnets have no other route to the internet. By default as the subnets are set.",
    )
    security_groups: tuple[GroupId, ...] = Field(
        default=(),
        description="Security groups of the tasks, in addition to the one for the load balancer.",
    )
    alb: ServiceAlbOptions = Field(
        default=ServiceAlbOptions(), description="The load balancer in front of the tasks."
    )
    secrets: Mapping[VariableName, Arn] = Field(
        default={},
        description="Environment variables from Secrets Manager or Parameter Store: the ARN of "
        "each, by name.",
    )

    def _contradictions(self) -> tuple[tuple[object, str], ...]:
        sizes = memory_sizes(self.cpu)
        foreign = [a for a in self.secrets.values() if a.split(":")[2] not in _SECRETS]
        return (
            *self._domain_contradictions(self.alb),
            (
                self.memory is not None and self.memory not in sizes,
                f"memory = {self.memory}: with cpu = {self.cpu} Fargate has "
                f"{', '.join(map(str, sizes[:3]))} and so on up to {sizes[-1]}",
            ),
            (
                self.max_tasks is not None and self.max_tasks < self.tasks,
                f"max_tasks {self.max_tasks} is less than tasks {self.tasks}",
            ),
            (
                self.alb.listener and not self.alb.security_groups,
                "alb.listener needs alb.security_groups: those of its load balancer, which the "
                "tasks let in",
            ),
            (
                self.alb.listener and (self.alb.subnets or self.alb.internal),
                "alb.subnets and alb.internal are of the load balancer that is made, and "
                "alb.listener names another",
            ),
            (len(self.alb.subnets) == 1, "a load balancer needs two subnets in alb"),
            (
                len(self.subnets) == 1 and not self.alb.subnets and not self.alb.listener,
                "a load balancer needs two subnets: name them in alb.subnets",
            ),
            (
                foreign,
                f"{foreign[:1]} in secrets is of neither Secrets Manager nor Parameter Store",
            ),
            (
                set(self.secrets) & set(self.environment),
                "environment and secrets have the same name",
            ),
        )


_SECRETS = ("secretsmanager", "ssm")
