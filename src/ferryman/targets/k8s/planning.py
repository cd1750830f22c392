"""Plans the objects of a project: renders, patches and checks them.

Build, diff and deploy all start here, so they work with the same objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ferryman.core.errors import BuildError
from ferryman.project.project import Project
from ferryman.project.resolution import in_overlay
from ferryman.records.progress import Progress
from ferryman.records.wording import counted
from ferryman.targets.k8s import rendering, schemas
from ferryman.targets.k8s.documents import Source
from ferryman.targets.k8s.manifests.kustomization import added, kustomization, overlay, root
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.own_objects import read_objects
from ferryman.targets.k8s.patching import patch_objects, read_patches
from ferryman.targets.k8s.rendering import KUSTOMIZATION, Document, ordered, to_yaml
from ferryman.targets.k8s.schemas import described
from ferryman.targets.k8s.sound_before import unless_sound_before
from ferryman.targets.k8s.values import Values, plan_values

if TYPE_CHECKING:
    from ferryman.targets.k8s.rules.rule import Finding

__all__ = (
    "Plan",
    "find_findings",
    "plan_directory",
    "plan_objects",
    "plan_text",
    "unchecked_objects",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The objects of a project.

    Attributes:
        values: The values that they are made from.
        objects: The objects, by the names of their files.
        patches: The user's patches that were merged into them.
        sources: The sources of the user's own objects, by the names of their files.
    """

    values: Values
    objects: Mapping[str, Document]
    patches: tuple[Source, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)


def plan_objects(project: Project, progress: Progress) -> Plan:
    """Return the objects of a project, checked against the schemas and the rules.

    Raises:
        ConfigError: A setting or the patch is wrong.
        BuildError: An object does not fit its schema, or breaks a rule.
    """
    plan = _rendered(project, progress)
    options = project.section("k8s", KubernetesOptions)
    inputs = (options.kube_version, options.strict, options.ignore, plan.objects)
    if findings := unless_sound_before(inputs, lambda: _findings(project, plan)):
        raise BuildError(
            f"the manifests have {counted(len(findings), 'mistake')}",
            cause="\n  ".join(map(str, findings)),
            hint="docs/reference/k8s-rules.md explains each rule. To break a rule on purpose, add "
            "its code to ignore of [tool.ferryman.k8s]",
        )
    _check_grace_period(plan)
    return plan


def find_findings(project: Project, progress: Progress) -> list[Finding]:
    """Return the mistakes in the objects of a project, in each of its environments.

    Raises:
        ConfigError: A setting or a patch is wrong.
    """
    plan = _rendered(project, progress)
    findings = _findings(project, plan)
    _check_grace_period(plan)
    for name in project.overlays:
        other = in_overlay(project, name)
        own = _findings(other, _rendered(other, progress))
        findings += [replace(f, file=f"{name}: {f.file}") for f in own if f not in findings]
    return findings


def unchecked_objects(project: Project) -> Mapping[str, Document]:
    """Return the objects of a project, without checking them.

    Raises:
        ConfigError: A setting or a patch is wrong.
    """
    return _rendered(project, lambda _: None).objects


def _rendered(project: Project, progress: Progress) -> Plan:
    """Return the patched objects of a project, unchecked."""
    options = project.section("k8s", KubernetesOptions)
    schemas.check_version(options.kube_version, project.origins["k8s.kube_version"])
    _check_ignored(options.ignore, project.origins["k8s.ignore"])
    values = plan_values(project)
    for note in values.notes:
        progress(note)
    own = read_objects(project.root, options.objects, values, project.origins["k8s.objects"])
    objects = {
        **rendering.render_objects(values),
        **{file: document for file, (document, _) in own.items()},
    }
    patches: list[Source] = []
    if options.patch:
        patches = read_patches(project.root, options.patch, project.origins["k8s.patch"])
        objects = patch_objects(objects, patches, options.kube_version, options.patch)
    if unknown := {d["kind"] for d in objects.values() if not described(d, options.kube_version)}:
        progress(
            f"note: ferryman has no schema for {', '.join(sorted(unknown))}; "
            "`ferryman check -t k8s --server` asks the cluster"
        )
    progress(f"checking the manifests against Kubernetes {options.kube_version}")
    return Plan(
        values, objects, tuple(patches), {file: source for file, (_, source) in own.items()}
    )


def _check_ignored(codes: Sequence[str], origin: str) -> None:
    if codes:
        from ferryman.targets.k8s.checking import REFUSED
        from ferryman.targets.k8s.rules.all_rules import check_codes

        check_codes(codes, origin, REFUSED)


def _findings(project: Project, plan: Plan) -> list[Finding]:
    # Imported here, because a build that was checked before does not need it.
    from ferryman.targets.k8s.checking import find_mistakes

    options = project.section("k8s", KubernetesOptions)
    return find_mistakes(
        plan.objects,
        options.kube_version,
        patches=plan.patches,
        sources=plan.sources,
        strict=options.strict,
        ignored=options.ignore,
    )


def plan_directory(project: Project, progress: Progress) -> dict[str, str]:
    """Return the text of each file of a build: the base, and an overlay for each environment.

    Raises:
        ConfigError: A setting or a patch is wrong.
        BuildError: An object does not fit its schema, or breaks a rule.
    """
    base = plan_objects(project, progress)
    files = {KUSTOMIZATION: to_yaml(ordered(root()))}
    files |= _directory("base", base, base.objects, kustomization(base.values, base.objects))
    for name in project.overlays:
        progress(f"planning the environment {name}")
        plan = plan_objects(in_overlay(project, name), progress)
        own = {file: plan.objects[file] for file in added(base.objects, plan.objects)}
        files |= _directory(f"overlays/{name}", plan, own, overlay(base.objects, plan.objects))
    return files


def plan_text(project: Project, progress: Progress) -> str:
    """Return all objects as one YAML text.

    Raises:
        ConfigError: A setting or the patch is wrong.
        BuildError: An object does not fit its schema, or breaks a rule.
    """
    plan = plan_objects(project, progress)
    return _notes(plan) + "---\n".join(map(to_yaml, plan.objects.values()))


def _directory(
    place: str, plan: Plan, objects: Mapping[str, Document], kustomized: Document
) -> dict[str, str]:
    files = {f"{place}/{file}": to_yaml(document) for file, document in objects.items()}
    return {**files, f"{place}/{KUSTOMIZATION}": _notes(plan) + to_yaml(ordered(kustomized))}


def _notes(plan: Plan) -> str:
    """Return the notes of a plan as YAML comments."""
    return "".join(f"# {note}\n" for note in plan.values.notes)


def _check_grace_period(plan: Plan) -> None:
    """Check that the pod's grace period, which a patch may change, lets the server stop.

    Raises:
        ConfigError: It is too short.
    """
    if document := plan.objects.get("deployment.yaml"):
        pod = document["spec"]["template"]["spec"]
        hooks = pod["containers"][0].get("lifecycle") or {}
        sleep = (hooks.get("preStop") or {}).get("sleep") or {}
        own = replace(plan.values.front.timing, pre_stop_delay=sleep.get("seconds", 0))
        own.check(pod.get("terminationGracePeriodSeconds", 30))
