"""Renders values as documents, and documents as YAML. Pure: it writes no file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ferryman.targets.k8s.manifests.autoscaler import autoscaler
from ferryman.targets.k8s.manifests.config_map import config_map
from ferryman.targets.k8s.manifests.deployment import deployment
from ferryman.targets.k8s.manifests.disruption_budget import disruption_budget
from ferryman.targets.k8s.manifests.ingress import ingress
from ferryman.targets.k8s.manifests.interceptor_route import interceptor_route
from ferryman.targets.k8s.manifests.knative import knative_service
from ferryman.targets.k8s.manifests.network_policy import network_policy, process_policy
from ferryman.targets.k8s.manifests.processes import cron_job, migration, worker
from ferryman.targets.k8s.manifests.route import http_route
from ferryman.targets.k8s.manifests.scaled_object import scaled_object
from ferryman.targets.k8s.manifests.service import service
from ferryman.targets.k8s.manifests.service_account import service_account
from ferryman.targets.k8s.manifests.service_monitor import service_monitor
from ferryman.targets.k8s.values import Values

__all__ = ("KUSTOMIZATION", "MIGRATION", "Document", "ordered", "render_objects", "to_yaml")

KUSTOMIZATION = "kustomization.yaml"
"""The file name of a kustomization."""

MIGRATION = "migration.yaml"
"""The file of the Job that a deploy runs before anything else."""

Document = dict[str, Any]
"""A manifest of dicts, lists, texts, numbers and booleans."""

# These keys come first, and the others follow in alphabetical order.
_FIRST = ("apiVersion", "kind", "metadata", "name", "spec")

# PyYAML reads the plain scalars `1e3` and `y` as texts, kubectl's parser as a number and a boolean.
# So every text that some parser may read as another type gets quotes.
_PLAIN = re.compile(r"(?!(?:y|n)\Z)[a-z/][a-z0-9._/@:-]*", re.IGNORECASE)


def render_objects(values: Values) -> dict[str, Document]:
    """Return the objects of a project, by the names of their files."""
    web = _knative(values) if values.flavour == "knative" else _deployment(values)
    # The web process comes first, so that a patch without a name applies to its Deployment.
    return {f"{file}.yaml": ordered(document) for file, document in (*web, *_processes(values))}


def _knative(values: Values) -> Iterator[tuple[str, Document]]:
    yield from _common(values)
    yield "knative-service", knative_service(values)


def _deployment(values: Values) -> Iterator[tuple[str, Document]]:
    yield from _common(values)
    yield "deployment", deployment(values)
    yield "service", service(values)
    if values.scaling and values.scaling.by_keda:
        yield "scaled-object", scaled_object(values, values.scaling)
    elif values.scaling:
        yield "horizontal-pod-autoscaler", autoscaler(values, values.scaling)
    if values.scaling and values.exposure and values.scaling.in_flight:
        route = interceptor_route(values, values.exposure, values.scaling.in_flight)
        yield "interceptor-route", route
    if values.replicas > 1:
        yield "pod-disruption-budget", disruption_budget(values)
    if values.network_policy:
        yield "network-policy", network_policy(values)
    if values.monitored:
        yield "service-monitor", service_monitor(values)
    if values.exposure and values.exposure.gateway:
        yield "http-route", http_route(values, values.exposure)
    elif values.exposure:
        yield "ingress", ingress(values, values.exposure)


def _common(values: Values) -> Iterator[tuple[str, Document]]:
    yield "service-account", service_account(values)
    if values.environment:
        yield "config-map", config_map(values)


def _processes(values: Values) -> Iterator[tuple[str, Document]]:
    if (values.processes or values.migration) and values.network_policy:
        yield "process-network-policy", process_policy(values)
    for process in values.processes:
        make = cron_job if process.schedule else worker
        yield f"process-{process.name}", make(values, process)
    if values.migration:
        yield MIGRATION.removesuffix(".yaml"), migration(values, values.migration)


def to_yaml(document: Document) -> str:
    """Return a document as YAML. Equal documents give equal texts."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**16)


class _Dumper(yaml.SafeDumper):
    """The safe dumper, which quotes texts by `_PLAIN`."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else "|" if "\n" in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def ordered(node: Any) -> Any:
    """Return a node with the keys of every mapping in the order of a manifest."""
    if isinstance(node, Mapping):
        return {key: ordered(node[key]) for key in sorted(node, key=_rank)}
    if isinstance(node, list):
        return [ordered(item) for item in node]
    return node


def _rank(key: str) -> tuple[int, str]:
    return (_FIRST.index(key) if key in _FIRST else len(_FIRST), key)
