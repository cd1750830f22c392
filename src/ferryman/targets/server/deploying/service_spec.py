"""Turns a project's settings into the specification of its service, and the parameters."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.aws.secret_statements import secret_statements
from ferryman.aws.template_parts import environment_parameter
from ferryman.project.needed_settings import plain_values, reference_for
from ferryman.project.project import Project
from ferryman.targets.reachable_front import check_front
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.deploying.service_template import ServiceSpec
from ferryman.targets.server.deploying.task_size import task_size
from ferryman.targets.server.options import ServerOptions

__all__ = ("advice", "deploy_options", "environment_values", "service_spec", "stack_name")

_VCPU = 1024


def stack_name(project: Project, chosen: str | None) -> str:
    """Return the name of a project's stack, cluster and service."""
    options = project.section("server", ServerOptions).deploy
    return chosen or options.stack or project.fields.name


def service_spec(project: Project, architecture: str) -> ServiceSpec:
    """Return the service of a project.

    Args:
        project: The project.
        architecture: The processor of the tasks, `arm64` or `x86_64`.

    Raises:
        ConfigError: A setting is wrong, or the measurement does not fit it.
    """
    options = project.section("server", ServerOptions)
    front = options.front()
    check_front(front, "task")
    workers = 1 if options.workers is None else options.workers
    size = task_size(project, options.deploy, workers or max(1, options.deploy.cpu // _VCPU))
    return ServiceSpec(
        name=project.fields.name,
        version=project.fields.version,
        architecture=architecture,
        size=size,
        front=front,
        start_timeout=options.start_timeout,
        options=deploy_options(project),
    )


def deploy_options(project: Project) -> ServiceOptions:
    """Return the options of a deployment, extended by the app's settings.

    ECS reads the secrets in the stack's own `secrets`; each worker reads the others when it starts,
    with the role of the task.
    """
    options, settings = project.section("server", ServerOptions).deploy, project.fields.settings
    plain = {n: v for n, v in plain_values(settings).items() if n not in options.secrets}
    read = [
        reference
        for name, given in settings.items()
        if name not in {*options.environment, *options.secrets}
        and (reference := reference_for("server", given))
    ]
    return options.model_copy(
        update={
            "environment": {**plain, **options.environment},
            "statements": (*options.statements, *secret_statements(read)),
        }
    )


def environment_values(project: Project) -> Mapping[str, str]:
    """Return the template's parameters for the environment, with their values."""
    options = deploy_options(project)
    return {environment_parameter(name): value for name, value in options.environment.items()}


def advice(project: Project) -> tuple[str, ...]:
    """Return the notes for a user who deploys behind a load balancer."""
    options = project.section("server", ServerOptions)
    told = []
    if not options.trusted_proxies:
        told.append(
            "note: the load balancer's word on clients is not taken: set trusted_proxies in "
            "[tool.ferryman.server] to the network of the VPC, and proxy to alb"
        )
    if not options.deploy.domain and not options.deploy.alb.listener:
        told.append(
            "note: the load balancer speaks HTTP: set domain and certificate in "
            "[tool.ferryman.server.deploy] for HTTPS"
        )
    return tuple(told)
