"""The least Role with which each verb works, from the kinds that a project makes. Pure.

The tests hold it to the calls that are recorded: a cluster that grants nothing else serves
every verb, and each right of it is used.
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
        choices: Whether a deploy waits, and the namespace.
        verbs: The verbs, such as `deploy` and `status`.

    Raises:
        ConfigError: A setting is wrong.
        BuildError: A manifest does not fit its schema, or breaks a rule.
    """
    options = project.section("k8s", KubernetesOptions)
    objects = plan_objects(project, lambda _: None).objects.values()
    made = [kind_of(document) for document in objects]
    namespace = choices.text("namespace") or options.namespace
    watched = {workload_kind(project), *made} & {KINDS["Deployment"], KINDS["Knative"]}
    rights = {right for verb in verbs for right in _rights(verb, made, watched, wait=choices.wait)}
    read = {name for kind, name in references(objects) if kind == KINDS["Secret"]}
    reading = options.reload and {*verbs} & {"deploy", "diff"}
    return role_of(f"ferryman-{instance_of(project)}", namespace, rights, read if reading else ())


def role_of(
    name: str, namespace: str | None, rights: Iterable[Right], secrets: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return a Role with some rights.

    Args:
        name: Its name.
        namespace: Its namespace; None writes none.
        rights: The rights.
        secrets: The names of the Secrets that may be read, besides.
    """
    named = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": sorted(secrets)}
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in sorted(rights):
        verbs.setdefault((group, resource), []).append(verb)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), granted in verbs.items():
        together.setdefault((group, tuple(granted)), []).append(resource)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "rules": [
            {"apiGroups": [group], "resources": resources, "verbs": list(granted)}
            for (group, granted), resources in together.items()
        ]
        + ([{**named, "verbs": ["get"]}] if secrets else []),
    }


def _rights(
    verb: str, made: Collection[Kind], watched: Collection[Kind], *, wait: bool
) -> Iterable[Right]:
    kinds = dict.fromkeys((*made, KINDS["ConfigMap"]))
    if verb in (*_CHANGES, "diff", "delete"):
        yield from (_right(kind, "list") for kind in kinds)
    if verb in (*_CHANGES, "diff"):
        # An apply, its dry run too, is a patch; of what is not there yet, a creation.
        yield from (_right(kind, v) for kind in kinds for v in ("create", "patch"))
        # What bears a name of ours and no label of ours is looked at before it is refused.
        yield from (_right(kind, "get") for kind in kinds)
    if verb in (*_CHANGES, "delete"):
        yield from (_right(kind, "delete") for kind in kinds)
    if verb in _CHANGES:
        yield from (_right(LEASE, v) for v in ("create", "get", "update", "delete"))
        waited = {*(watched if wait else ()), *({KINDS["Job"]} & {*made})}
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
