"""The values that the manifests are made from, planned from the project.

Rendering needs only these values, and neither the project nor its options.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Front
from ferryman.project.needed_settings import plain_values, reference_for
from ferryman.project.project import Project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.process_options import ProcessOptions
from ferryman.targets.k8s.resource_requests import Resources, plan_resources
from ferryman.targets.k8s.server_facts import plan_front
from ferryman.targets.k8s.syntax import image_reference
from ferryman.targets.k8s.versions import Chosen, choose

__all__ = (
    "Exposure",
    "Process",
    "Scaling",
    "Scheduling",
    "Trigger",
    "Values",
    "instance_of",
    "plan_values",
)


_ON_SCHEDULE = ("python", "-m", "ferryman.core.one_event")
"""Calls the app's handler for `schedule`. Every image contains this module."""

_LONGEST = 52
"""The most characters of the name of a process' objects: a CronJob's limit."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that KEDA scales by.

    Attributes:
        type: KEDA's name of the scaler.
        metadata: The scaler's parameters, sorted by name.
        name: The trigger's name, or None.
        authentication: The name of the TriggerAuthentication, or None.
    """

    type: str
    metadata: tuple[tuple[str, str], ...]
    name: str | None = None
    authentication: str | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the number of pods follows the load.

    Attributes:
        maximum: The most pods that run.
        cpu_percent: The target utilization of the requested CPU.
        triggers: The triggers that KEDA also scales by.
        in_flight: The target of KEDA's HTTP add-on for in-flight requests per pod, or None.
    """

    maximum: int
    cpu_percent: int
    triggers: tuple[Trigger, ...] = ()
    in_flight: int | None = None

    @property
    def by_keda(self) -> bool:
        """Whether KEDA scales, instead of Kubernetes' own autoscaler."""
        return bool(self.triggers) or self.in_flight is not None


@dataclass(frozen=True, slots=True)
class Exposure:
    """How requests from outside the cluster reach the app.

    Attributes:
        hosts: The host names of the app.
        gateway: The namespace (None for the app's own) and the name of a Gateway, or None.
        ingress_class: The class of an Ingress, or None.
        tls_secret: The Secret with the Ingress's certificate, or None.
    """

    hosts: tuple[str, ...]
    gateway: tuple[str | None, str] | None
    ingress_class: str | None
    tls_secret: str | None


@dataclass(frozen=True, slots=True)
class Scheduling:
    """Which nodes run the pods.

    Attributes:
        required: Whether pods that cannot be spread evenly do not start.
        node_selector: Labels of the nodes, sorted by name.
        tolerations: The key, the value or None, and the effect or None of each toleration.
        priority_class: The PriorityClass, or None.
    """

    required: bool = False
    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[tuple[str, str | None, str | None], ...] = ()
    priority_class: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A background process, which runs the same image as the web process.

    Attributes:
        name: Its name, which its objects have after the project's name.
        command: The command, as a list of words.
        cpu: The CPU that it requests, as a Kubernetes quantity.
        memory: The memory that it requests, which is also the limit.
        replicas: The number of pods, if it has no schedule.
        schedule: Its schedule, in the format of cron, or None.
        time_zone: The time zone of the schedule, or None for the cluster's.
    """

    name: str
    command: tuple[str, ...]
    cpu: str
    memory: str
    replicas: int = 1
    schedule: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """The values that the manifests are made from.

    Attributes:
        name: The name of the instance, and of its objects.
        app: The project's name, and the container's.
        version: The project's version.
        image: The reference of the image.
        front: The server's ports, health checks and shutdown times.
        flavour: `deployment` or `knative`.
        namespace: The namespace, or None to omit it.
        replicas: The number of pods; with scaling, the minimum.
        scaling: How the number of pods follows the load, or None.
        cpu: The CPU that a pod requests, as a Kubernetes quantity.
        cpu_limit: The CPU limit of a pod, or None.
        memory: The memory that a pod requests, which is also the limit.
        environment: Names and values of environment variables, sorted by name.
        secrets: Names of the Secrets whose keys become environment variables.
        secret_keys: Environment variables from a key of a Secret: name, Secret, key.
        pull_secrets: Names of the Secrets for pulling the image.
        exposure: How requests from outside the cluster reach the app, or None.
        network_policy: Whether there is a network policy.
        egress: Networks and ports that pods may connect to, or None for any.
        monitored: Whether there is a ServiceMonitor.
        monitor_labels: Further labels of the ServiceMonitor, sorted by name.
        annotations: Annotations of the ServiceAccount, sorted by name.
        chosen: The fields that depend on the version of Kubernetes.
        scheduling: Which nodes run the pods.
        processes: The background processes.
        migration: The process that must succeed before the pods start, or None.
        notes: Sentences for the user about the values.
    """

    name: str
    app: str
    version: str
    image: str
    front: Front
    flavour: str
    namespace: str | None
    replicas: int
    scaling: Scaling | None
    cpu: str
    cpu_limit: str | None
    memory: str
    environment: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    secret_keys: tuple[tuple[str, str, str], ...]
    pull_secrets: tuple[str, ...]
    exposure: Exposure | None
    network_policy: bool
    egress: tuple[tuple[str, int], ...] | None
    monitored: bool
    monitor_labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    chosen: Chosen
    scheduling: Scheduling = Scheduling()
    processes: tuple[Process, ...] = ()
    migration: Process | None = None
    notes: tuple[str, ...] = ()


def plan_values(project: Project) -> Values:
    """Return the values of a project.

    Raises:
        ConfigError: The project's name, version, image or server settings do not work in a cluster.
    """
    options = project.section("k8s", KubernetesOptions)
    chosen, resources, front = choose(options), plan_resources(project), plan_front(project)
    ignored = [f"the rule {code} is ignored" for code in options.ignore]
    return Values(
        name=instance_of(project),
        app=project.fields.name,
        version=project.fields.version,
        image=_image(project, options),
        front=front,
        flavour=options.flavour,
        namespace=options.namespace,
        replicas=options.replicas,
        scaling=_scaling(options),
        cpu=resources.cpu,
        cpu_limit=options.cpu_limit,
        memory=resources.memory,
        environment=_environment(project, options),
        secrets=options.secrets,
        secret_keys=_secret_keys(project, options),
        pull_secrets=options.pull_secrets,
        exposure=_exposure(options),
        network_policy=options.network_policy,
        egress=None if options.egress is None else tuple(map(_destination, options.egress)),
        monitored=options.service_monitor,
        monitor_labels=tuple(sorted(options.service_monitor_labels.items())),
        annotations=tuple(sorted(options.service_account_annotations.items())),
        chosen=chosen,
        scheduling=_scheduling(options),
        processes=_processes(instance_of(project), options, resources),
        migration=_migration(options, resources),
        notes=(*chosen.notes, *resources.notes, *ignored, *_grant_note(options)),
    )


def _grant_note(options: KubernetesOptions) -> tuple[str, ...]:
    if options.keda_http is None:
        return ()
    return (
        "the route leads to KEDA's interceptor in another namespace: the cluster's administrator "
        "must allow this with a ReferenceGrant there",
    )


def _environment(project: Project, options: KubernetesOptions) -> tuple[tuple[str, str], ...]:
    plain = plain_values(project.fields.settings)
    return tuple(sorted({**plain, **options.environment}.items()))


def _secret_keys(project: Project, options: KubernetesOptions) -> tuple[tuple[str, str, str], ...]:
    """Return the settings from Secrets. The process itself reads settings from AWS or a file."""
    return tuple(
        (name, reference.name, reference.key)
        for name, given in sorted(project.fields.settings.items())
        if (reference := reference_for("k8s", given))
        if reference.kind == "k8s" and name not in options.environment
    )


def _image(project: Project, options: KubernetesOptions) -> str:
    image = options.image or _default_image(project)
    if options.strict and "@sha256:" not in image:
        origin = project.origins["k8s.image"]
        raise ConfigError(
            f"{'' if origin == 'default' else f'{origin}: '}the image {image} has no digest",
            cause="k8s.strict is set, and a tag can be pushed again with other contents",
            hint=f"set image in [tool.ferryman.k8s] to {image}@sha256:... with the digest from "
            "your registry",
        )
    return image


def _exposure(options: KubernetesOptions) -> Exposure | None:
    if not options.hosts:
        return None
    namespace, _, name = (options.gateway or "").rpartition("/")
    return Exposure(
        hosts=options.hosts,
        gateway=(namespace or None, name) if name else None,
        ingress_class=options.ingress_class,
        tls_secret=options.tls_secret,
    )


def _scaling(options: KubernetesOptions) -> Scaling | None:
    if options.max_replicas is None:
        return None
    triggers = tuple(
        Trigger(t.type, tuple(sorted(t.metadata.items())), t.name, t.authentication)
        for t in options.keda
    )
    return Scaling(options.max_replicas, options.cpu_target, triggers, options.keda_http)


def _scheduling(options: KubernetesOptions) -> Scheduling:
    return Scheduling(
        required=options.spread == "require",
        node_selector=tuple(sorted(options.node_selector.items())),
        tolerations=tuple(map(_toleration, options.tolerations)),
        priority_class=options.priority_class,
    )


def _processes(name: str, options: KubernetesOptions, resources: Resources) -> tuple[Process, ...]:
    for process in options.process:
        if len(f"{name}-{process.name}") > _LONGEST:
            raise ConfigError(
                f"the name {name}-{process.name} of a process is longer than {_LONGEST} characters",
                cause="a CronJob's name has at most so many, because Kubernetes adds to it",
                hint="give the process a shorter name in [[tool.ferryman.k8s.process]]",
            )
    return tuple(_process(process, resources) for process in options.process)


def _process(options: ProcessOptions, resources: Resources) -> Process:
    command = shlex.split(options.command) if options.command else [*_ON_SCHEDULE, options.name]
    return Process(
        name=options.name,
        command=tuple(command),
        cpu=options.cpu or resources.cpu,
        memory=options.memory or resources.memory,
        replicas=options.replicas,
        schedule=options.schedule,
        time_zone=options.time_zone,
    )


def _migration(options: KubernetesOptions, resources: Resources) -> Process | None:
    if options.migrate is None:
        return None
    command = tuple(shlex.split(options.migrate))
    return Process("migrate", command, resources.cpu, resources.memory)


def _toleration(text: str) -> tuple[str, str | None, str | None]:
    taint, _, effect = text.partition(":")
    key, equals, value = taint.partition("=")
    return key, value if equals else None, effect or None


def _destination(text: str) -> tuple[str, int]:
    network, _, rest = text.partition("/")
    length, _, port = rest.partition(":")
    return f"{network}/{length}", int(port)


def instance_of(project: Project) -> str:
    """Return the name of a project's instance, and so of its objects in a cluster.

    Raises:
        ConfigError: It is the project's name, and not valid for a Service.
    """
    options = project.section("k8s", KubernetesOptions)
    name = options.instance or project.fields.name
    if name[0].isdigit():
        raise ConfigError(
            f"the project's name '{name}' begins with a digit",
            cause="the name of a Kubernetes Service begins with a letter (RFC 1035)",
            hint="set name in [tool.ferryman] of pyproject.toml",
        )
    return name


def _default_image(project: Project) -> str:
    try:
        return image_reference(f"{project.fields.name}:{project.fields.version}")
    except ValueError:
        raise ConfigError(
            f"the project's version '{project.fields.version}' cannot be an image's tag",
            hint="set image in [tool.ferryman.k8s] of pyproject.toml",
        ) from None
