"""Renders values into documents, and documents into YAML. Pure: it writes no file.

Importing it imports the Kubernetes client, so only a build does that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from kubernetes import client
from pydantic import BaseModel

from ferryman.targets.k8s.manifests.deployment import deployment
from ferryman.targets.k8s.manifests.kustomization import kustomization
from ferryman.targets.k8s.manifests.service import service
from ferryman.targets.k8s.values import Values

__all__ = ("KUSTOMIZATION", "Document", "render_kustomization", "render_objects", "to_yaml")

KUSTOMIZATION = "kustomization.yaml"
"""The name by which kubectl finds a kustomization."""

Document = dict[str, Any]
"""A manifest of nothing but dicts, lists, texts, numbers and booleans."""

# What a reader looks for first; the rest follows in alphabetical order.
_FIRST = ("apiVersion", "kind", "metadata", "name", "spec")

# PyYAML and kubectl's parser disagree on which plain scalars are texts: `1e3` and `y` are
# to the one, a number and a boolean to the other. Whatever may be either is quoted.
_PLAIN = re.compile(r"(?!(?:y|n)\Z)[a-z/][a-z0-9._/@:-]*", re.IGNORECASE)


def render_objects(values: Values) -> dict[str, Document]:
    """Return what is sent to the cluster: each object, by the name of its file."""
    models: dict[str, BaseModel] = {
        "deployment.yaml": deployment(values),
        "service.yaml": service(values),
    }
    return {file: _document(model) for file, model in models.items()}


def render_kustomization(values: Values, objects: Mapping[str, Document]) -> Document:
    """Return the kustomization of these objects."""
    ordered: Document = _ordered(kustomization(values, objects))
    return ordered


def to_yaml(document: Document) -> str:
    """Return a document as YAML; equal documents give equal text."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**16)


class _Dumper(yaml.SafeDumper):
    """The safe dumper, with quotes of our own choice."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _document(model: BaseModel) -> Document:
    # to_dict() of a model gives Python's names and a None for every field that is not set.
    with client.ApiClient() as api:
        document: Document = _ordered(api.sanitize_for_serialization(model))
    return document


def _ordered(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _ordered(node[key]) for key in sorted(node, key=_rank)}
    if isinstance(node, list):
        return [_ordered(item) for item in node]
    return node


def _rank(key: str) -> tuple[int, str]:
    return (_FIRST.index(key) if key in _FIRST else len(_FIRST), key)
