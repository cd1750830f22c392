"""What the manifests are made of: the project, boiled down to plain values.

Everything a manifest shows is in here or is a constant beside it, so rendering needs
neither the project nor the options.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferryman.core.build.project import Project
from ferryman.core.errors import ConfigError
from ferryman.core.serving import Front
from ferryman.targets.k8s.front import plan_front
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.resources import plan_resources
from ferryman.targets.k8s.syntax import image_reference
from ferryman.targets.k8s.versions import Chosen, choose

__all__ = ("Exposure", "Scaling", "Values", "plan_values")


@dataclass(frozen=True, slots=True)
class Scaling:
    """How the number of pods follows the load.

    Attributes:
        maximum: The most pods that run.
        cpu_percent: The use of requested CPU that is aimed at.
    """

    maximum: int
    cpu_percent: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """How the world reaches the app.

    Attributes:
        hosts: The names it answers to.
        gateway: Namespace, or None for the app's own, and name of a Gateway; or None.
        ingress_class: The class of an Ingress, where there is no Gateway.
        tls_secret: The Secret with the Ingress's certificate, or None.
    """

    hosts: tuple[str, ...]
    gateway: tuple[str | None, str] | None
    ingress_class: str | None
    tls_secret: str | None


@dataclass(frozen=True, slots=True)
class Values:
    """What the manifests are made of.

    Attributes:
        name: The project's name, which every object bears.
        version: The project's version.
        image: The reference of the image.
        front: What the server in it shows: its ports, its checks, its end.
        flavour: `deployment` or `knative`.
        namespace: The namespace, or None to write none.
        replicas: How many pods run, or the fewest of them.
        scaling: How their number follows the load, or None.
        cpu: CPU that is set aside for a pod, as Kubernetes writes it.
        cpu_limit: CPU that a pod may not exceed, or None for no limit.
        memory: Memory that is set aside for a pod and that it may not exceed.
        environment: Names and values of environment variables, in the order of the names.
        secrets: Names of the Secrets whose keys become environment variables.
        pull_secrets: Names of the Secrets by which the image is pulled.
        exposure: How the world reaches the app, or None.
        network_policy: Whether connections are limited.
        egress: Networks and ports that pods may connect to, or None for any.
        monitored: Whether a ServiceMonitor tells Prometheus of the pods' metrics.
        monitor_labels: The ServiceMonitor's own labels, in the order of the names.
        annotations: The annotations of the ServiceAccount, in the order of the names.
        chosen: What depends on the version of Kubernetes.
        notes: What a reader must know of the values, a sentence each.
    """

    name: str
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
    pull_secrets: tuple[str, ...]
    exposure: Exposure | None
    network_policy: bool
    egress: tuple[tuple[str, int], ...] | None
    monitored: bool
    monitor_labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    chosen: Chosen
    notes: tuple[str, ...] = ()


def plan_values(project: Project) -> Values:
    """Return the values of a project.

    Raises:
        ConfigError: The project's name or version, or how its server is set up, cannot be
            used in a cluster.
    """
    options = project.section("k8s", KubernetesOptions)
    chosen, resources, front = choose(options), plan_resources(project), plan_front(project)
    ignored = [f"the rule {code} is ignored" for code in options.ignore]
    return Values(
        name=_service_name(project),
        version=project.fields.version,
        image=_image(project, options),
        front=front,
        flavour=options.flavour,
        namespace=options.namespace,
        replicas=options.replicas,
        scaling=Scaling(options.max_replicas, options.cpu_target) if options.max_replicas else None,
        cpu=resources.cpu,
        cpu_limit=options.cpu_limit,
        memory=resources.memory,
        environment=tuple(sorted(options.environment.items())),
        secrets=options.secrets,
        pull_secrets=options.pull_secrets,
        exposure=_exposure(options),
        network_policy=options.network_policy,
        egress=None if options.egress is None else tuple(map(_destination, options.egress)),
        monitored=options.service_monitor,
        monitor_labels=tuple(sorted(options.service_monitor_labels.items())),
        annotations=tuple(sorted(options.service_account_annotations.items())),
        chosen=chosen,
        notes=(*chosen.notes, *resources.notes, *ignored),
    )


def _image(project: Project, options: KubernetesOptions) -> str:
    image = options.image or _default_image(project)
    if options.strict and "@sha256:" not in image:
        origin = project.origins["k8s.image"]
        raise ConfigError(
            f"{'' if origin == 'default' else f'{origin}: '}the image {image} has no digest",
            cause="k8s.strict is set, and a tag may be pushed again with other contents",
            hint=f"set image in [tool.ferryman.k8s] to {image}@sha256:... as your registry has it",
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


def _destination(text: str) -> tuple[str, int]:
    network, _, rest = text.partition("/")
    length, _, port = rest.partition(":")
    return f"{network}/{length}", int(port)


def _service_name(project: Project) -> str:
    name = project.fields.name
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
