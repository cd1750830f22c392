"""The Kubernetes target, for the command line and `migrate`.

Importing it must not import the Kubernetes client or a YAML parser, which takes a second:
`ferryman targets` needs neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from ferryman.building.artifact import Artifact, describe, staged
from ferryman.building.import_lock import IMPORTING
from ferryman.core.capabilities import PLAIN_SERVER, Capabilities
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.deployment import VerbOption
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.protocols import RunsLike

if TYPE_CHECKING:
    from ferryman.targets.deployment import Choices, Deployment, Dialogue
    from ferryman.targets.k8s.rules.rule import Finding

__all__ = ("KubernetesTarget", "extra_installed")

_VERB_OPTIONS = (
    VerbOption(
        ("--context",),
        "The context of the kubeconfig; by default the current context.",
        metavar="NAME",
    ),
    VerbOption(
        ("-n", "--namespace"),
        "The namespace; by default the project's, or the context's if the project has none.",
        metavar="NAME",
    ),
    VerbOption(
        ("--force",),
        "Take over fields that other managers own.",
        verbs=("deploy", "rollback"),
        switch=True,
    ),
    VerbOption(
        ("--adopt",),
        "Take over objects that ferryman did not create.",
        verbs=("deploy", "diff"),
        switch=True,
    ),
    VerbOption(
        ("--rollback-on-failure",),
        "Roll back if the release fails.",
        verbs=("deploy",),
        switch=True,
    ),
    VerbOption(
        ("--patience",),
        "Seconds that pods may crash or fail to pull their image until the release counts as "
        "failed; by default 60.",
        verbs=("deploy", "rollback"),
        metavar="SECONDS",
    ),
    VerbOption(
        ("--process",),
        "The process whose pods are read; by default the web process.",
        verbs=("logs",),
        metavar="NAME",
    ),
    VerbOption(
        ("--previous",),
        "Read the log of the container before its last restart.",
        verbs=("logs",),
        switch=True,
    ),
)

_EXTRA = frozenset(
    {"jsonschema", "kubernetes", "kubernetes_validate", "referencing", "urllib3", "yaml"}
)


class KubernetesTarget:
    """The target of a Kubernetes cluster, which runs the server's image."""

    name: ClassVar[str] = "k8s"
    summary: ClassVar[str] = "a Kubernetes cluster, as a Deployment and what belongs to it"
    options: ClassVar[type[BaseModel]] = KubernetesOptions
    capabilities: ClassVar[Capabilities] = PLAIN_SERVER._replace(
        target="k8s",
        writable="/tmp",  # noqa: S108 - in the container
    )
    runs_like: ClassVar[RunsLike | None] = "server"

    verb_options: ClassVar[tuple[VerbOption, ...]] = _VERB_OPTIONS

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Check the manifests, then write them into the directory `out`.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema, or breaks a rule.
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
        described = describe(
            target=self.name,
            name=project.fields.name,
            version=project.fields.version,
            path=out,
            start=f"kubectl apply -k {quote(str(out))}",
        )
        image = project.section("k8s", KubernetesOptions).image or "REGISTRY/NAME:TAG"
        pushed = ("ferryman", "build", "-t", "server", "--image", "--push", image)
        return replace(described, next=(pushed, ("kubectl", "apply", "-k", str(out))))

    def render(self, project: Project, progress: Progress) -> str:
        """Return all objects as one YAML text, for `kubectl apply -f -`.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema, or breaks a rule.
        """
        with extra_installed():
            from ferryman.targets.k8s.planning import plan_text

        return plan_text(project, progress)

    def check(self, project: Project, choices: Choices, progress: Progress) -> list[Finding]:
        """Return the findings on the objects that a deploy would apply.

        Args:
            project: The project.
            choices: The switch `server` also asks the cluster of `context` and `namespace`.
            progress: Called with each step.

        Raises:
            ConfigError: A setting or a patch is wrong, or the extra `ferryman[k8s]` is not
                installed.
            FerrymanError: The cluster does not answer.
        """
        with extra_installed():
            from ferryman.targets.k8s.planning import find_findings, unchecked_objects

        findings = find_findings(project, progress)
        if not choices.switch("server"):
            return findings
        with extra_installed():
            from ferryman.targets.k8s.cluster.api import open_cluster
            from ferryman.targets.k8s.cluster.kubeconfig import Place
            from ferryman.targets.k8s.cluster.server_check import find_refused

        place = Place(choices.text("context"), choices.text("namespace"))
        cluster = open_cluster(place, project.section("k8s", KubernetesOptions).namespace)
        progress(f"asking {cluster.host}")
        return [*findings, *find_refused(cluster, unchecked_objects(project), findings)]

    def deployment(self, project: Project, choices: Choices, dialogue: Dialogue) -> Deployment[Any]:
        """Return the deployment of a project to the cluster of a kubeconfig's context.

        Raises:
            ConfigError: There is no kubeconfig, it has no such context, or the extra
                `ferryman[k8s]` is not installed.
        """
        with extra_installed():
            from ferryman.targets.k8s.cluster.deployment import open_deployment

        return open_deployment(project, choices, dialogue)

    def policy(
        self, project: Project, choices: Choices, verbs: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return the Role for some verbs on a project.

        Raises:
            ConfigError: A setting is wrong, or the extra `ferryman[k8s]` is not installed.
            BuildError: A manifest does not fit its schema, or breaks a rule.
        """
        with extra_installed():
            from ferryman.targets.k8s.cluster.role import project_role

        return project_role(project, choices, verbs)


@contextmanager
def extra_installed() -> Iterator[None]:
    """Explain what to install if the block imports a missing package of the extra.

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
