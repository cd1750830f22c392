"""Plans what a project is in a cluster: its objects, rendered, patched and checked.

Build, diff and deploy start here, so all of them speak of the same objects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ferryman.core.build.layers import overlay_layers, read_pyproject
from ferryman.core.build.project import Project
from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.target import Progress, installed_targets
from ferryman.core.errors import BuildError
from ferryman.core.serving import Timing
from ferryman.targets.k8s import rendering, schemas
from ferryman.targets.k8s.manifests.kustomization import added, kustomization, overlay, root
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.patching import patch_objects, read_patches
from ferryman.targets.k8s.rendering import KUSTOMIZATION, Document, ordered, to_yaml
from ferryman.targets.k8s.rules.book import check_codes, find_problems
from ferryman.targets.k8s.rules.rule import Manifest
from ferryman.targets.k8s.values import Values, plan_values

__all__ = ("Plan", "plan_directory", "plan_objects", "plan_text")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a project is in a cluster.

    Attributes:
        values: What it is made of.
        objects: Each object, by the name of its file.
    """

    values: Values
    objects: Mapping[str, Document]


def plan_objects(project: Project, progress: Progress) -> Plan:
    """Return the objects of a project, checked.

    Raises:
        ConfigError: A setting or the patch is wrong.
        BuildError: An object does not fit its schema, or breaks a rule.
    """
    options = project.section("k8s", KubernetesOptions)
    schemas.check_version(options.kube_version, project.origins["k8s.kube_version"])
    check_codes(options.ignore, project.origins["k8s.ignore"])
    values = plan_values(project)
    for note in values.notes:
        progress(note)
    objects = rendering.render_objects(values)
    if options.patch:
        patches = read_patches(project.root, options.patch, project.origins["k8s.patch"])
        objects = patch_objects(objects, patches, options.kube_version, options.patch)
    progress(f"checking the manifests against Kubernetes {options.kube_version}")
    _check(objects, options)
    _check_end(objects, values.front.timing)
    return Plan(values, objects)


def plan_directory(project: Project, progress: Progress) -> dict[str, str]:
    """Return the text of each file of a build: the base, an overlay for each environment.

    Raises:
        ConfigError: A setting or a patch is wrong.
        BuildError: An object does not fit its schema, or breaks a rule.
    """
    base = plan_objects(project, progress)
    files = {KUSTOMIZATION: to_yaml(ordered(root()))}
    files |= _directory("base", base, base.objects, kustomization(base.values, base.objects))
    for name in overlay_layers(read_pyproject(project.root)):
        progress(f"planning the environment {name}")
        plan = plan_objects(_environment(project, name), progress)
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
    """Return what was left out, replaced or measured, as comments."""
    return "".join(f"# {note}\n" for note in plan.values.notes)


def _environment(project: Project, name: str) -> Project:
    """Return the project as an overlay has it; what a flag said still counts."""
    sections = {target: model.options for target, model in installed_targets().items()}
    return resolve_project(project.root, sections, flags=_flags(project), overlay=name)


def _flags(project: Project) -> dict[str, object]:
    flags: dict[str, object] = {}
    for key, origin in project.origins.items():
        if origin.startswith("flag "):
            section, _, field = key.rpartition(".")
            holder = project.sections[section] if section else project.fields
            value = holder.model_dump(mode="json")[field]
            flags[key] = json.dumps(value) if isinstance(value, list | dict) else value
    return flags


def _check(objects: Mapping[str, Document], options: KubernetesOptions) -> None:
    for file, document in objects.items():
        schemas.check_document(document, options.kube_version, file)
    manifests = [Manifest(file, document) for file, document in objects.items()]
    findings = find_problems(manifests, strict=options.strict, ignored=options.ignore)
    if findings:
        raise BuildError(
            f"the manifests break {_count(findings)}",
            cause="\n  ".join(map(str, findings)),
            hint="docs/reference/k8s-rules.md tells each rule; is it the patch? A rule that is "
            "broken on purpose goes into ignore of [tool.ferryman.k8s]",
        )


def _check_end(objects: Mapping[str, Document], timing: Timing) -> None:
    """See that a patch leaves the server the time that it takes to stop.

    Raises:
        ConfigError: It does not.
    """
    for document in objects.values():
        if document["kind"] == "Deployment":
            pod = document["spec"]["template"]["spec"]
            hooks = pod["containers"][0].get("lifecycle") or {}
            sleep = (hooks.get("preStop") or {}).get("sleep") or {}
            own = replace(timing, pre_stop_delay=sleep.get("seconds", 0))
            own.check(pod.get("terminationGracePeriodSeconds", 30))


def _count(findings: Sequence[object]) -> str:
    return "a rule" if len(findings) == 1 else f"{len(findings)} rules"
