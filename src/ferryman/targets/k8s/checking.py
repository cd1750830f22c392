"""Checks the manifests of a directory, whoever wrote them: schemas first, then the rules."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.k8s.documents import read_documents
from ferryman.targets.k8s.kustomizing import FILE_NAMES, KUSTOMIZE, manifest_sets
from ferryman.targets.k8s.options import NEWEST_VERSION
from ferryman.targets.k8s.rules.book import check_codes, find_problems
from ferryman.targets.k8s.rules.rule import Finding, Manifest
from ferryman.targets.k8s.schemas import check_document, check_version, without_nulls

__all__ = ("check_directory", "read_manifests")

SCHEMA = "K001"
"""The code of what does not fit its schema."""

UNKNOWN = "K002"
"""The code of a kind that there is no schema of."""

_SUFFIXES = (".yaml", ".yml", ".json")


def check_directory(
    path: Path,
    *,
    kube_version: str | None = None,
    strict: bool = False,
    ignored: Collection[str] = (),
) -> list[Finding]:
    """Return what is wrong with the manifests in a directory, or in one file.

    Args:
        path: The directory, which is searched with all below it, or a file.
        kube_version: The Kubernetes they are for, as major.minor; None is the newest.
        strict: Whether to hold them to the strict rules, too.
        ignored: Codes of what is not to be told.

    Raises:
        ConfigError: There are none, one cannot be read, there are no schemas for the
            version, or a code is none.
    """
    check_codes(ignored, "--ignore", SCHEMA, UNKNOWN)
    version = kube_version or NEWEST_VERSION
    check_version(version, "--kube-version" if kube_version else "default")
    findings: list[Finding] = []
    for manifests in _read_sets(path, version):
        held = [(manifest, _misfit(manifest, version)) for manifest in manifests]
        misfits = [misfit for _, misfit in held if misfit and misfit.code not in ignored]
        # The rules read what fits: they need not know of every wrong type.
        fitting = [manifest for manifest, misfit in held if misfit is None]
        problems = find_problems(fitting, strict=strict, ignored=ignored)
        told = set(findings)  # what an environment does not change is told once
        findings += [finding for finding in (*misfits, *problems) if finding not in told]
    return sorted(findings, key=lambda finding: (finding.file, finding.subject, finding.code))


def _read_sets(path: Path, version: str) -> list[list[Manifest]]:
    """Return the objects in a directory's files, or in one file, by what goes together."""
    if not path.is_dir():
        return [read_manifests(path)]
    places = [file for file in _relative(path) if file.rpartition("/")[2] in FILE_NAMES]
    manifests = read_manifests(path, found=bool(places))

    def read(name: str) -> Sequence[Manifest] | None:
        file = path / name
        if not file.exists():
            raise FileNotFoundError(name)
        return None if file.is_dir() else list(_read(file, path))

    return manifest_sets(manifests, places, version, read)


def _relative(path: Path) -> list[str]:
    return [file.relative_to(path).as_posix() for file in _files(path)]


def read_manifests(path: Path, *, found: bool = False) -> list[Manifest]:
    """Return the objects in a directory's files, or in one file.

    Args:
        path: The directory or file.
        found: Whether there may be none, for something else was found.

    Raises:
        ConfigError: There are none, or one cannot be read.
    """
    documents = [manifest for file in _files(path) for manifest in _read(file, path)]
    manifests = [document for document in documents if not _is_kustomization(document)]
    if not manifests and not found:
        raise ConfigError(f"there are no manifests in {path}", hint="they are .yaml, .yml or .json")
    return manifests


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(f"there is no file or directory {path}")
    return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def _read(file: Path, root: Path) -> Iterator[Manifest]:
    name = Path(os.path.relpath(file, root)).as_posix() if root.is_dir() else file.name
    try:
        documents = list(read_documents(file.read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is not valid YAML", cause=" ".join(str(error).split())) from None
    except OSError as error:
        raise ConfigError(f"{name} cannot be read", cause=error.strerror) from None
    for document, doubled in documents:
        for item in _objects(document):
            if not isinstance(item, dict):
                raise ConfigError(f"{name} holds something that is no object", cause=repr(item))
            yield Manifest(name, without_nulls(item), doubled)
            doubled = ()  # of a List they are told once


def _is_kustomization(manifest: Manifest) -> bool:
    """Say whether a document is what kubectl reads and never sends."""
    version = str(manifest.document.get("apiVersion", ""))
    return version.startswith(KUSTOMIZE) or manifest.file.rpartition("/")[2] in FILE_NAMES


def _objects(document: Any) -> Iterator[Any]:
    """Yield the object that a document is, or those of a List one by one."""
    if isinstance(document, dict) and document.get("kind") == "List":
        items = document.get("items")
        yield from items if isinstance(items, list) else ()
    elif document is not None:
        yield document


def _misfit(manifest: Manifest, version: str) -> Finding | None:
    try:
        check_document(manifest.document, version, manifest.file)
    except BuildError as error:
        message = error.message.removeprefix(f"{manifest.file}: ")
        path, _, _ = message.partition(" is not valid")
        subject = f"{manifest.kind}/{manifest.name}"
        code = UNKNOWN if error.cause is None else SCHEMA
        return Finding(code, manifest.file, subject, path, error.cause or message)
    return None
