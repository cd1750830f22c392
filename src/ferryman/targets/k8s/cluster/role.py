"""The smallest Role with which each verb works, from the kinds of a project's objects. Pure.

The tests compare it with recorded requests: every verb works with these rights alone, and uses each
of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ferryman.project.project import Project
from ferryman.targets.deployment import Choices
from ferryman.targets.k8s.cluster.kinds import KINDS, LEASE, Kind, kind_of
from ferryman.targets.k8s.cluster.operations import workload_kind
from ferryman.targets.k8s.cluster.references import references
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.planning import plan_objects
from ferryman.targets.k8s.values import instance_of

__all__ = ("project_role", "role_of")

Right = tuple[str, str, str]
"""An API group, a resource and a verb."""

_CHANGES = ("deploy", "rollback")
_WITH_PODS = {KINDS["Deployment"], KINDS["Job"]}


def project_role(project: Project, choices: Choices, verbs: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the Role for some verbs on a project.

    Args:
        project: The project.
        choices: The namespace, and whether a deploy waits.
        verbs: The verbs, such as `deploy` and `status`.

    Raises:
        ConfigError: A setting is wrong.
        BuildError: A manifest does not fit its schema, or breaks a rule.
    """
    options = project.section("k8s", KubernetesOptions)
    objects = plan_objects(project, lambda _: None).objects.values()
    kinds = [kind_of(document) for document in objects]
    namespace = choices.text("namespace") or options.namespace
    watched = {workload_kind(project), *kinds} & {KINDS["Deployment"], KINDS["Knative"]}
    rights = {right for verb in verbs for right in _rights(verb, kinds, watched, wait=choices.wait)}
    secrets: set[str] = set()
    if options.reload and {*verbs} & {"deploy", "diff"}:
        secrets = {name for kind, name in references(objects) if kind == KINDS["Secret"]}
    return role_of(f"ferryman-{instance_of(project)}", namespace, rights, secrets)


def role_of(
    name: str, namespace: str | None, rights: Iterable[Right], secrets: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return a Role with some rights.

    Args:
        name: The name of the Role.
        namespace: The namespace of the Role, or None to omit it.
        rights: The rights.
        secrets: The names of the Secrets that the Role may also read.
    """
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in sorted(rights):
        verbs.setdefault((group, resource), []).append(verb)
    resources_with: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), granted in verbs.items():
        resources_with.setdefault((group, tuple(granted)), []).append(resource)
    rules: list[dict[str, list[str]]] = [
        {"apiGroups": [group], "resources": resources, "verbs": list(granted)}
        for (group, granted), resources in resources_with.items()
    ]
    if secrets:
        secret = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": sorted(secrets)}
        rules.append({**secret, "verbs": ["get"]})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "rules": rules,
    }


def _rights(
    verb: str, own: Collection[Kind], watched: Collection[Kind], *, wait: bool
) -> Iterable[Right]:
    """Yield the rights of a verb on a project with objects of some kinds."""
    kinds = dict.fromkeys((*own, KINDS["ConfigMap"]))
    if verb in (*_CHANGES, "diff", "delete"):
        yield from (_right(kind, "list") for kind in kinds)
    if verb in (*_CHANGES, "diff"):
        # An apply or its dry run is a patch, or a creation if the object does not exist.
        yield from (_right(kind, v) for kind in kinds for v in ("create", "patch"))
        # An object with the same name but without ferryman's labels is read, then refused.
        yield from (_right(kind, "get") for kind in kinds)
    if verb in (*_CHANGES, "delete"):
        yield from (_right(kind, "delete") for kind in kinds)
    if verb in _CHANGES:
        yield from (_right(LEASE, v) for v in ("create", "get", "update", "delete"))
        waited = {*(watched if wait else ()), *({KINDS["Job"]} & {*own})}
        yield from _watching(waited)
        yield from (_right(kind, "watch") for kind in waited)
        if waited:
            yield ("", "pods/log", "get")
    if verb == "status":
        yield from _watching(watched)
        yield _right(KINDS["ConfigMap"], "list")
    if verb == "logs":
        yield from (_right(kind, "get") for kind in watched)
        yield from _pods(watched)
        yield ("", "pods/log", "get")


def _watching(watched: Collection[Kind]) -> Iterable[Right]:
    yield from (_right(kind, "get") for kind in watched)
    yield from _pods(watched)
    if {*watched} & _WITH_PODS:
        yield _right(KINDS["Event"], "list")


def _pods(watched: Collection[Kind]) -> Iterable[Right]:
    if KINDS["Deployment"] in watched:
        yield _right(KINDS["ReplicaSet"], "list")
    if {*watched} & _WITH_PODS:
        yield _right(KINDS["Pod"], "list")


def _right(kind: Kind, verb: str) -> Right:
    return kind.group, kind.plural, verb
