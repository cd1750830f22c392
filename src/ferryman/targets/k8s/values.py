"""What the manifests are made of: the project, boiled down to plain values.

Everything a manifest shows is in here or is a constant beside it, so rendering needs
neither the project nor the options.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferryman.core.build.project import Project
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.syntax import image_reference

__all__ = ("Values", "plan_values")


@dataclass(frozen=True, slots=True)
class Values:
    """What the manifests are made of.

    Attributes:
        name: The project's name, which every object bears.
        version: The project's version.
        image: The reference of the image.
        namespace: The namespace, or None to write none.
        replicas: How many pods run.
        cpu: CPU that is set aside for a pod, as Kubernetes writes it.
        cpu_limit: CPU that a pod may not exceed, or None for no limit.
        memory: Memory that is set aside for a pod and that it may not exceed.
        environment: Names and values of environment variables, in the order of the names.
        secrets: Names of the Secrets whose keys become environment variables.
    """

    name: str
    version: str
    image: str
    namespace: str | None
    replicas: int
    cpu: str
    cpu_limit: str | None
    memory: str
    environment: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]


def plan_values(project: Project) -> Values:
    """Return the values of a project.

    Raises:
        ConfigError: The project's name or version cannot be used in a cluster.
    """
    options = project.section("k8s", KubernetesOptions)
    return Values(
        name=_service_name(project),
        version=project.fields.version,
        image=options.image or _default_image(project),
        namespace=options.namespace,
        replicas=options.replicas,
        cpu=options.cpu,
        cpu_limit=options.cpu_limit,
        memory=options.memory,
        environment=tuple(sorted(options.environment.items())),
        secrets=options.secrets,
    )


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
