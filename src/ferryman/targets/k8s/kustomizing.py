"""Builds kustomizations, as far as ferryman writes them: resources, labels, a namespace, patches.

An environment is then checked as what it is: the base with what it has otherwise. A
kustomization that uses more is not built, and its files are checked as they stand.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import yaml

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.patching import Unmergeable, merge
from ferryman.targets.k8s.rules.rule import Manifest
from ferryman.targets.k8s.schemas import resource_schema

__all__ = ("FILE_NAMES", "KUSTOMIZE", "manifest_sets")

KUSTOMIZE = "kustomize.config.k8s.io/"
"""How the apiVersion of a kustomization begins."""

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names by which kustomize finds one."""

_FIELDS = {"apiVersion", "kind", "metadata", "resources", "labels", "namespace", "patches"}
_TARGET = {"group", "version", "kind", "name", "namespace"}

Read = Callable[[str], Sequence[Manifest] | None]
"""Returns the documents of a file, by its path from what is checked; None of a directory.

Raises FileNotFoundError where there is neither.
"""


# What a step of a JSON patch runs into that is for another object.
_MISFITS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class _NotBuilt(Exception):
    """A kustomization uses what is not known here."""


def manifest_sets(
    manifests: Sequence[Manifest], places: Collection[str], version: str, read: Read
) -> list[list[Manifest]]:
    """Return which manifests go to a cluster together.

    Args:
        manifests: All that are checked, kustomizations apart.
        places: The paths of the kustomizations.
        version: The Kubernetes they are for.
        read: Reads a file that a kustomization names.

    Raises:
        ConfigError: A kustomization cannot be built.
    """
    sets, used = [], set()
    for place in places:
        read_here: set[str] = set()
        try:
            built = _Builder(version, _noting(read, read_here)).build(posixpath.dirname(place))
        except _NotBuilt:
            continue
        sets.append(built)
        used |= read_here
    return [[manifest for manifest in manifests if manifest.file not in used], *sets]


def _noting(read: Read, names: set[str]) -> Read:
    def noted(name: str) -> Sequence[Manifest] | None:
        names.add(name)
        return read(name)

    return noted


class _Builder:
    """Builds one kustomization, and those it is built upon."""

    def __init__(self, version: str, read: Read) -> None:
        self._version = version
        self._read = read

    def build(self, directory: str, above: tuple[str, ...] = ()) -> list[Manifest]:
        file, document = self._find(directory)
        if file in above:
            raise ConfigError(f"{file}: it is built upon itself", cause=" upon ".join(above))
        if document.keys() - _FIELDS:
            raise _NotBuilt
        built: list[Manifest] = []
        for resource in _listed(document, "resources", str, file):
            built += self._resource(directory, resource, (*above, file))
        labels = _listed(document, "labels", dict, file)
        built = [_described(manifest, labels, document.get("namespace")) for manifest in built]
        for patch in _listed(document, "patches", dict, file):
            built = list(self._patched(built, patch, file))
        return built

    def _find(self, directory: str) -> tuple[str, dict[str, Any]]:
        for name in FILE_NAMES:
            file = posixpath.join(directory, name)
            with suppress(FileNotFoundError):
                if found := self._read(file):
                    return file, found[0].document
        raise ConfigError(f"{directory}: there is no kustomization", hint="is a resource misspelt?")

    def _resource(
        self, directory: str, resource: str, above: tuple[str, ...]
    ) -> Sequence[Manifest]:
        if "://" in resource or resource.startswith(("github.com", "git@")):
            raise _NotBuilt
        place = posixpath.normpath(posixpath.join(directory, resource))
        try:
            found = self._read(place)
        except FileNotFoundError:
            said = f"{above[-1]}: there is no file or directory {resource}"
            raise ConfigError(said) from None
        return self.build(place, above) if found is None else found

    def _patched(
        self, built: Sequence[Manifest], patch: Mapping[str, Any], file: str
    ) -> Iterator[Manifest]:
        text, target = patch.get("patch"), patch.get("target") or {}
        if not isinstance(text, str) or not isinstance(target, dict) or target.keys() - _TARGET:
            raise _NotBuilt
        try:
            body = yaml.safe_load(text)
        except yaml.YAMLError as error:
            cause = " ".join(str(error).split())
            raise ConfigError(f"{file}: a patch is not valid YAML", cause=cause) from None
        wanted = target or _identity(body)
        if not wanted or not any(_fits(wanted, manifest) for manifest in built):
            raise ConfigError(f"{file}: a patch is for {wanted}, and there is no such object")
        for manifest in built:
            if not _fits(wanted, manifest):
                yield manifest
            elif (changed := self._changed(manifest, body, file)) is not None:
                yield replace(manifest, file=file, document=changed)

    def _changed(self, manifest: Manifest, body: Any, file: str) -> dict[str, Any] | None:
        if isinstance(body, dict) and body.get("$patch") == "delete":
            return None
        document: dict[str, Any] = copy.deepcopy(manifest.document)
        kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
        try:
            if isinstance(body, dict):
                schema = resource_schema(api_version, kind, self._version) or {}
                return dict(merge(document, body, schema, self._version))
            for step in body:
                _step(document, step)
        except (Unmergeable, *_MISFITS) as error:
            cause = f"{type(error).__name__}: {error}"
            what = f"{file}: a patch does not fit {kind}/{manifest.name}"
            raise ConfigError(what, cause=cause) from None
        return document


def _listed(document: Mapping[str, Any], key: str, kind: type, file: str) -> list[Any]:
    found = document.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise ConfigError(f"{file}: {key} is not what kustomize takes", cause=repr(found)[:200])
    return found


def _described(manifest: Manifest, labels: Sequence[Any], namespace: object) -> Manifest:
    """Return an object with the labels and the namespace that a kustomization gives to all."""
    described = copy.deepcopy(manifest.metadata)
    for each in labels:
        pairs = each.get("pairs") or {}
        if each.keys() - {"pairs", "includeSelectors"} or each.get("includeSelectors"):
            raise _NotBuilt
        described["labels"] = {**(described.get("labels") or {}), **pairs}
    if namespace:
        described["namespace"] = namespace
    if described == manifest.metadata:
        return manifest
    return replace(manifest, document={**manifest.document, "metadata": described})


def _identity(body: Any) -> dict[str, Any]:
    """Return which object a patch says that it is for."""
    if not isinstance(body, dict):
        return {}
    return {**_type(body), "name": (body.get("metadata") or {}).get("name")}


def _fits(wanted: Mapping[str, Any], manifest: Manifest) -> bool:
    has = {**_type(manifest.document), "name": manifest.name, "namespace": manifest.namespace}
    return all(has[key] == value for key, value in wanted.items() if value)


def _type(document: Mapping[str, Any]) -> dict[str, Any]:
    group, _, version = str(document.get("apiVersion", "")).rpartition("/")
    return {"group": group, "version": version, "kind": document.get("kind")}


def _step(document: Any, step: Mapping[str, Any]) -> None:
    """Take a step of a JSON patch (RFC 6902)."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
    node = document
    for part in parts[:-1]:
        node = node[int(part) if isinstance(node, list) else part]
    last: Any = parts[-1]
    if isinstance(node, list):
        last = len(node) if last == "-" else int(last)
    if step["op"] == "remove":
        del node[last]
    elif step["op"] == "add" and isinstance(node, list):
        node.insert(last, step["value"])
    elif step["op"] == "add" or (step["op"] == "replace" and node[last] is not None):
        node[last] = step["value"]
    else:
        raise _NotBuilt
