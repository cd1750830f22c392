"""The Kubernetes target, as the command line and `migrate` see it.

Importing it imports neither the Kubernetes client nor a YAML parser: `ferryman targets`
must not wait a second for them, nor fail without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, NoReturn

from pydantic import BaseModel

from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.project import Project
from ferryman.core.build.target import Address, Progress
from ferryman.core.capabilities import Capabilities
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.values import plan_values

__all__ = ("KubernetesTarget",)

_EXTRA = frozenset({"kubernetes", "kubernetes_validate", "yaml"})


class KubernetesTarget:
    """A Kubernetes cluster, which runs the server's image."""

    name: ClassVar[str] = "k8s"
    summary: ClassVar[str] = "a Kubernetes cluster, as a Deployment and a Service"
    options: ClassVar[type[BaseModel]] = KubernetesOptions
    capabilities: ClassVar[Capabilities] = Capabilities(
        target="k8s",
        concurrency=None,
        streaming=True,
        websockets=True,
        work_after_response=True,
        request_limit=None,
        response_limit=None,
        time_limit=None,
        writable="/tmp",  # noqa: S108 - in the container
    )

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the manifests into `out`, once they fit the schemas.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema.
        """
        progress("rendering the manifests")
        documents = _checked_documents(project, progress)
        with staged(out) as stage:
            for file, text in documents.items():
                (stage / file).write_text(text, encoding="utf-8")
        return describe(
            target=self.name,
            name=project.fields.name,
            version=project.fields.version,
            path=out,
            start=f"kubectl apply -k {out}",
        )

    def serve(self, project: Project, address: Address, progress: Progress) -> NoReturn:
        """Refuse: there is no cluster to run the app in.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "there is no cluster on this machine",
            hint="use `ferryman serve -t server`, which runs what the pods run",
        )


def _checked_documents(project: Project, progress: Progress) -> dict[str, str]:
    with _extra_installed():
        from ferryman.targets.k8s import rendering, schemas

    version = project.section("k8s", KubernetesOptions).kube_version
    schemas.check_version(version, project.origins["k8s.kube_version"])
    values = plan_values(project)
    objects = rendering.render_objects(values)
    progress(f"checking the manifests against Kubernetes {version}")
    for file, document in objects.items():
        schemas.check_document(document, version, file)
    documents = {
        **objects,
        rendering.KUSTOMIZATION: rendering.render_kustomization(values, objects),
    }
    return {file: rendering.to_yaml(document) for file, document in documents.items()}


@contextmanager
def _extra_installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        raise ConfigError(
            "the k8s target needs packages that are not installed",
            cause=f"there is no module {package}",
            hint="pip install 'ferryman[k8s]'",
        ) from None
