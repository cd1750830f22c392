"""Describes the targets of a project in the terms of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferryman.core.capabilities import Capabilities
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.registry import find_target
from ferryman.targets.server.options import ServerOptions

__all__ = ("LAMBDA_CONCURRENCY", "Destination", "destinations")

LAMBDA_CONCURRENCY = 1000
"""The environments of one account that run at once in a region, unless the function reserves
fewer ("Lambda quotas", concurrent executions)."""

# Seconds after which API Gateway gives up, even if the function's own limit is higher: "Quotas
# for HTTP APIs" and "for REST APIs", integration timeout.
_DOOR_TIME_LIMITS = {"http-api": 30.0, "http-api-v1": 30.0, "rest-api": 29.0}


@dataclass(frozen=True, slots=True)
class Destination:
    """A target as a project sets it.

    Attributes:
        name: The target, with the event source if the user named it, such as `lambda:alb`.
        offered: The target's capabilities.
        kind: The singular noun for a process with its own memory, such as environment.
        processes: The maximum of processes that run at once; None if unknown.
        replaced: Whether the target replaces processes, with their memory, while the app is in use.
        trusts_proxies: Whether the app sees the client's own address, scheme and host.
        task_budget: Seconds that a request's tasks may run after its response; None: no limit.
    """

    name: str
    offered: Capabilities
    kind: str
    processes: int | None
    replaced: bool
    trusts_proxies: bool
    task_budget: float | None

    @property
    def freezes(self) -> bool:
        """Whether nothing runs between requests."""
        return not self.offered.work_after_response

    @property
    def several(self) -> bool:
        """Whether two requests of the same client may reach different processes."""
        return self.processes is None or self.processes > 1

    @property
    def kinds(self) -> str:
        """The noun for processes with their own memory, in the plural."""
        return "processes" if self.kind == "process" else f"{self.kind}s"


def destinations(project: Project, names: Sequence[str]) -> tuple[Destination, ...]:
    """Return targets as a project sets them.

    Args:
        project: The project, with the sections of all targets.
        names: Targets, such as `server` or `lambda:alb`.

    Raises:
        ConfigError: There is no such target, or no such event source.
    """
    return tuple(_destination(project, name) for name in names)


def _destination(project: Project, name: str) -> Destination:
    target, _, source = name.partition(":")
    known = find_target(target)
    if source and known.runs_like != "lambda":
        raise ConfigError(
            f"{name}: the target {target} has no event sources", hint="lambda:SOURCE does"
        )
    if target == "lambda":
        return _lambda(project, name, source)
    if target == "server":
        return _server(project, known.capabilities)
    if target == "k8s":
        return _pods(project, known.capabilities)
    offered = known.capabilities
    freezes = not offered.work_after_response
    budget = 0.0 if freezes else None
    return Destination(name, offered, "process", None, freezes, False, budget)


def _lambda(project: Project, name: str, source: str) -> Destination:
    from ferryman.local.lambda_.event_source_capabilities import offered_behind

    options = project.section("lambda", LambdaOptions)
    door = "function-url" if options.deploy.door == "none" else options.deploy.door
    source = source or door
    offered = offered_behind(source, streaming=options.streaming)
    limit = min(float(options.timeout), _DOOR_TIME_LIMITS.get(source, float(options.timeout)))
    reserved = options.deploy.reserved_concurrency
    return Destination(
        name,
        offered._replace(time_limit=limit),
        "environment",
        LAMBDA_CONCURRENCY if reserved is None else reserved,
        replaced=True,
        # The event describes the client, unless a proxy such as CloudFront is before the door.
        trusts_proxies=not options.deploy.cloudfront or bool(options.trusted_proxies),
        task_budget=options.task_budget,
    )


def _server(project: Project, offered: Capabilities) -> Destination:
    options = project.section("server", ServerOptions)
    # 0 means one worker for each CPU, so their number is unknown.
    workers = 1 if options.workers is None and not options.systemd else options.workers or None
    trusts = bool(options.trusted_proxies)
    return Destination("server", offered, "worker", workers, False, trusts, None)


def _pods(project: Project, offered: Capabilities) -> Destination:
    options = project.section("k8s", KubernetesOptions)
    workers = project.section("server", ServerOptions).workers or 1
    pods = max(options.replicas, options.max_replicas or options.replicas)
    trusts = bool(project.section("server", ServerOptions).trusted_proxies)
    return Destination("k8s", offered, "pod", max(pods, 1) * workers, True, trusts, None)
