"""The template of a service's stack, in plain CloudFormation. Pure.

The image, the network and the values of environment variables are parameters. So is the
revision of the task definition that runs, which is empty for the newest: a rollback gives it.
Older revisions are kept. Sources: "Amazon ECS resource type reference" of AWS's
documentation; "Task definition parameters for Fargate" for the longest stopTimeout;
"Deregistration delay" in the guide of the Application Load Balancer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferryman.aws.load_balancing import Balancer, balanced
from ferryman.aws.template_parts import (
    Part,
    Resource,
    att,
    environment_parameter,
    environment_parameters,
    log_group,
    made,
    ref,
    text,
)
from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint, Front
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.deploying.task_roles import execution_role, task_role
from ferryman.targets.server.deploying.task_scaling import task_scaling
from ferryman.targets.server.deploying.task_size import TaskSize

__all__ = ("CONTAINER", "VERSION_LABEL", "ServiceSpec", "service_template")

CONTAINER = "app"
"""The name of the container in a task."""

VERSION_LABEL = "org.opencontainers.image.version"
"""The label of a container that holds the project's version."""

_LONGEST_STOP = 120
_DEFAULT_IDLE = 60
_CHECK_SECONDS, _CHECK_TIMEOUT = 10, 5
_PROCESSORS = {"arm64": "ARM64", "x86_64": "X86_64"}


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service to be deployed.

    Attributes:
        name: The project's name.
        version: The project's version.
        architecture: `arm64` or `x86_64`.
        size: The size of a task.
        front: The server's ports, paths and shutdown times.
        start_timeout: Seconds that the app may take to start.
        options: The settings of the deployment.
    """

    name: str
    version: str
    architecture: str
    size: TaskSize
    front: Front = field(default_factory=Front)
    start_timeout: float = 120
    options: ServiceOptions = field(default_factory=ServiceOptions)

    @property
    def repository(self) -> str:
        """The repository in ECR that holds the image."""
        return self.options.repository or self.name

    @property
    def health(self) -> Endpoint:
        """The path of the load balancer's health check."""
        return self.front.admin or self.front.app


def service_template(spec: ServiceSpec) -> Mapping[str, Any]:
    """Return the template of a service, its tasks, roles, log group and load balancer.

    Raises:
        ConfigError: The server takes longer to stop than Fargate waits.
    """
    balancer = _balancer(spec)
    parts = (
        _tasks(spec),
        balanced(balancer),
        _service(spec, balancer),
        task_scaling(spec.options, spec.size),
    )
    outputs = {
        "Cluster": ref("Cluster"),
        "LogGroup": ref("LogGroup"),
        "Service": att("Service", "Name"),
        "TaskDefinition": ref("TaskDefinition"),
    }
    for part in parts:
        outputs |= part.outputs
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{spec.name}, deployed by ferryman",
        "Parameters": _parameters(spec),
        "Conditions": {"LiveTaskGiven": {"Fn::Not": [{"Fn::Equals": [ref("LiveTask"), ""]}]}},
        "Resources": {name: one for part in parts for name, one in part.resources.items()},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def _parameters(spec: ServiceSpec) -> Mapping[str, Any]:
    subnets = {"Type": "List<AWS::EC2::Subnet::Id>", "Description": "The subnets of the tasks."}
    public = {**text("Whether tasks have public addresses."), "AllowedValues": _SWITCH}
    return {
        "ImageUri": text("The image, by its digest."),
        "Vpc": {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC of the tasks."},
        "Subnets": subnets,
        "PublicIp": public,
        "LiveTask": text("The task definition that runs; empty for the newest.", default=""),
        **environment_parameters(spec.options.environment),
    }


_SWITCH = ["ENABLED", "DISABLED"]


def _balancer(spec: ServiceSpec) -> Balancer:
    options = spec.options
    own = list(options.alb.security_groups)
    idle = spec.front.timing.load_balancer_idle_timeout or _DEFAULT_IDLE
    return Balancer(
        options.alb,
        options.domain,
        options.certificate,
        options.hosted_zone,
        security_groups=own or [ref("BalancerGroup")],
        subnets=list(options.alb.subnets) or ref("Subnets"),
        scheme="internal" if options.alb.internal else "internet-facing",
        attributes={"idle_timeout.timeout_seconds": f"{math.ceil(idle)}"},
    )


def _tasks(spec: ServiceSpec) -> Part:
    """Return the task definition, with what a task needs to start."""
    definition = {
        "Family": ref("AWS::StackName"),
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": f"{spec.size.cpu}",
        "Memory": f"{spec.size.memory}",
        "RuntimePlatform": {
            "CpuArchitecture": _PROCESSORS[spec.architecture],
            "OperatingSystemFamily": "LINUX",
        },
        "ExecutionRoleArn": att("ExecutionRole", "Arn"),
        "TaskRoleArn": att("TaskRole", "Arn"),
        "ContainerDefinitions": [_container(spec)],
    }
    return Part(
        {
            "LogGroup": log_group(spec.options.log_retention),
            "ExecutionRole": execution_role(spec.repository, tuple(spec.options.secrets.values())),
            "TaskRole": task_role(spec.options),
            "Cluster": made("AWS::ECS::Cluster", {"ClusterName": ref("AWS::StackName")}),
            # Older revisions are what `rollback` goes back to.
            "TaskDefinition": {
                **made("AWS::ECS::TaskDefinition", definition),
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Retain",
            },
        }
    )


def _container(spec: ServiceSpec) -> Mapping[str, Any]:
    options = spec.options
    logs = {
        "awslogs-group": ref("LogGroup"),
        "awslogs-region": ref("AWS::Region"),
        "awslogs-stream-prefix": CONTAINER,
    }
    container: dict[str, Any] = {
        "Name": CONTAINER,
        "Image": ref("ImageUri"),
        "Essential": True,
        "PortMappings": [{"ContainerPort": port, "Protocol": "tcp"} for port in spec.front.ports],
        "StopTimeout": _stop_timeout(spec.front),
        "LogConfiguration": {"LogDriver": "awslogs", "Options": logs},
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
        "DockerLabels": {VERSION_LABEL: spec.version},
    }
    if options.environment:
        container["Environment"] = [
            {"Name": name, "Value": ref(environment_parameter(name))}
            for name in options.environment
        ]
    if options.secrets:
        container["Secrets"] = [
            {"Name": name, "ValueFrom": arn} for name, arn in options.secrets.items()
        ]
    return container


def _stop_timeout(front: Front) -> int:
    """Return the seconds from the signal to the kill: all that the server may need.

    Raises:
        ConfigError: Fargate does not wait so long.
    """
    seconds = math.ceil(front.timing.shutdown)
    if seconds > _LONGEST_STOP:
        raise ConfigError(
            f"the server may take {seconds} s to stop, and Fargate waits {_LONGEST_STOP}",
            cause=f"drain_delay is {front.timing.drain_delay:g} s, graceful_timeout "
            f"{front.timing.graceful_timeout:g} s",
            hint="lower one of them in [tool.ferryman.server]",
        )
    return seconds


def _service(spec: ServiceSpec, balancer: Balancer) -> Part:
    options, front = spec.options, spec.front
    ports = sorted({port for port in (front.app.port, spec.health.port) if port})
    entrances: dict[str, Resource] = {}
    if not options.alb.security_groups:
        listening = {balancer.port, 80}
        entrances["BalancerGroup"] = _security_group(
            "who may reach the load balancer",
            [{"CidrIp": "0.0.0.0/0", **_port(port)} for port in sorted(listening)],
        )
    entrances["TaskGroup"] = _security_group(
        "the load balancer may reach the tasks",
        [
            {"SourceSecurityGroupId": group, **_port(port)}
            for group in balancer.security_groups
            for port in ports
        ],
    )
    service: dict[str, Any] = {
        "Cluster": ref("Cluster"),
        "ServiceName": ref("AWS::StackName"),
        "LaunchType": "FARGATE",
        "TaskDefinition": {
            "Fn::If": ["LiveTaskGiven", ref("LiveTask"), ref("TaskDefinition")],
        },
        "DeploymentConfiguration": {
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
            "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
        },
        # As long as an app may take to start, no health check counts against its task.
        "HealthCheckGracePeriodSeconds": math.ceil(spec.start_timeout),
        "LoadBalancers": [
            {
                "ContainerName": CONTAINER,
                "ContainerPort": front.app.port,
                "TargetGroupArn": ref("TargetGroup"),
            }
        ],
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "AssignPublicIp": ref("PublicIp"),
                "SecurityGroups": [att("TaskGroup", "GroupId"), *options.security_groups],
                "Subnets": ref("Subnets"),
            }
        },
        "PropagateTags": "SERVICE",
        "EnableECSManagedTags": True,
    }
    if options.max_tasks is None:
        # Else the number follows the load, and an update of the stack must not set it back.
        service["DesiredCount"] = options.tasks
    return Part(
        {
            **entrances,
            "TargetGroup": made("AWS::ElasticLoadBalancingV2::TargetGroup", _target_group(spec)),
            "Service": {
                **made("AWS::ECS::Service", service),
                # A group must be behind a load balancer before a service joins it.
                "DependsOn": ["ListenerRule"],
            },
        }
    )


def _target_group(spec: ServiceSpec) -> Mapping[str, Any]:
    front = spec.front
    on_app_port = spec.health == front.app
    return {
        "TargetType": "ip",
        "Protocol": "HTTPS" if front.secure else "HTTP",
        "Port": front.app.port,
        "VpcId": ref("Vpc"),
        "HealthCheckProtocol": "HTTPS" if front.secure and on_app_port else "HTTP",
        "HealthCheckPort": f"{spec.health.port}",
        "HealthCheckPath": front.readiness_path,
        "HealthCheckIntervalSeconds": _CHECK_SECONDS,
        "HealthCheckTimeoutSeconds": _CHECK_TIMEOUT,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        # A task that leaves gets as long for its requests as its server gives them; ECS waits
        # for that before it sends the signal.
        "TargetGroupAttributes": [
            {
                "Key": "deregistration_delay.timeout_seconds",
                "Value": f"{math.ceil(front.timing.graceful_timeout)}",
            }
        ],
    }


def _security_group(description: str, ingress: list[Mapping[str, Any]]) -> Resource:
    properties = {
        "GroupDescription": description,
        "VpcId": ref("Vpc"),
        "SecurityGroupIngress": ingress,
    }
    return made("AWS::EC2::SecurityGroup", properties)


def _port(port: int | None) -> Mapping[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
