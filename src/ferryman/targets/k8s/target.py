"""The Kubernetes target, as the command line and `migrate` see it.

Importing it imports neither the Kubernetes client nor a YAML parser: `ferryman targets`
must not wait a second for them, nor fail without them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

from pydantic import BaseModel

from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.importing import IMPORTING
from ferryman.core.build.project import Project
from ferryman.core.build.target import Address, Progress
from ferryman.core.capabilities import PLAIN_SERVER, Capabilities
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.options import KubernetesOptions

if TYPE_CHECKING:
    from ferryman.targets.k8s.cluster.operations import Operations
    from ferryman.targets.k8s.rules.rule import Finding

__all__ = ("KubernetesTarget", "extra_installed")

_EXTRA = frozenset({"jsonschema", "kubernetes", "kubernetes_validate", "referencing", "yaml"})


class KubernetesTarget:
    """A Kubernetes cluster, which runs the server's image."""

    name: ClassVar[str] = "k8s"
    summary: ClassVar[str] = "a Kubernetes cluster, as a Deployment and what belongs to it"
    options: ClassVar[type[BaseModel]] = KubernetesOptions
    capabilities: ClassVar[Capabilities] = PLAIN_SERVER._replace(
        target="k8s",
        writable="/tmp",  # noqa: S108 - in the container
    )

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the manifests into `out`, once they fit the schemas.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema.
        """
        progress("rendering the manifests")
        with extra_installed():
            from ferryman.targets.k8s.planning import plan_directory

        files = plan_directory(project, progress)
        with staged(out) as stage:
            for file, text in files.items():
                path = stage / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return describe(
            target=self.name,
            name=project.fields.name,
            version=project.fields.version,
            path=out,
            start=f"kubectl apply -k {out}",
        )

    def render(self, project: Project, progress: Progress) -> str:
        """Return all objects as one YAML text, for `kubectl apply -f -`.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema, or breaks a rule.
        """
        with extra_installed():
            from ferryman.targets.k8s.planning import plan_text

        return plan_text(project, progress)

    def check(
        self,
        path: Path,
        *,
        kube_version: str | None = None,
        strict: bool = False,
        ignored: Collection[str] = (),
    ) -> list[Finding]:
        """Return what is wrong with the manifests in a directory, whoever wrote them.

        Raises:
            ConfigError: There are none, one cannot be read, or a code is none.
        """
        with extra_installed():
            from ferryman.targets.k8s.checking import check_directory

        return check_directory(path, kube_version=kube_version, strict=strict, ignored=ignored)

    def operations(
        self, project: Project, context: str | None, namespace: str | None, tell: Progress
    ) -> Operations:
        """Return what can be done with a project on the cluster of a kubeconfig's context.

        Raises:
            ConfigError: There is no kubeconfig, it has no such context, or the extra
                `ferryman[k8s]` is not installed.
        """
        with extra_installed():
            from ferryman.targets.k8s.cluster.connection import Place
            from ferryman.targets.k8s.cluster.operations import open_operations

        return open_operations(project, Place(context, namespace), tell)

    def serve(self, project: Project, address: Address, progress: Progress) -> NoReturn:
        """Refuse: there is no cluster to run the app in.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "there is no cluster on this machine",
            hint="use `ferryman serve -t server`, which runs what the pods run",
        )


@contextmanager
def extra_installed() -> Iterator[None]:
    """Say what to install where the block imports a package of the extra that is not there.

    Raises:
        ConfigError: A package is missing.
    """
    try:
        with IMPORTING:
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
