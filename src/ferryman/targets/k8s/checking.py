"""Checks the manifests of a directory, whoever wrote them: schemas first, then the rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.k8s.options import NEWEST_VERSION
from ferryman.targets.k8s.rules.book import find_problems
from ferryman.targets.k8s.rules.rule import Finding, Manifest
from ferryman.targets.k8s.schemas import check_document, check_version

__all__ = ("check_directory", "read_manifests")

SCHEMA = "K001"
"""The code of what does not fit its schema."""

_SUFFIXES = (".yaml", ".yml", ".json")
_TOOLS = ("kustomize.config.k8s.io/",)  # what kubectl reads and never sends


def check_directory(
    path: Path, *, kube_version: str | None = None, strict: bool = False
) -> list[Finding]:
    """Return what is wrong with the manifests in a directory, or in one file.

    Args:
        path: The directory, which is searched with all below it, or a file.
        kube_version: The Kubernetes they are for, as major.minor; None is the newest.
        strict: Whether to hold them to the strict rules, too.

    Raises:
        ConfigError: There are none, one cannot be read, or there are no schemas for the
            version.
    """
    version = kube_version or NEWEST_VERSION
    check_version(version, "--kube-version" if kube_version else "default")
    manifests = read_manifests(path)
    misfits = [finding for m in manifests if (finding := _misfit(m, version))]
    broken = {(finding.file, finding.subject) for finding in misfits}
    # The rules read what fits: they need not know of every wrong type.
    fitting = [m for m in manifests if (m.file, f"{m.kind}/{m.name}") not in broken]
    findings = [*misfits, *find_problems(fitting, strict=strict)]
    return sorted(findings, key=lambda finding: (finding.file, finding.subject, finding.code))


def read_manifests(path: Path) -> list[Manifest]:
    """Return the objects in a directory's files, or in one file.

    Raises:
        ConfigError: There are none, or one cannot be read.
    """
    manifests = [manifest for file in _files(path) for manifest in _read(file, path)]
    if not manifests:
        raise ConfigError(f"there are no manifests in {path}", hint="they are .yaml, .yml or .json")
    return manifests


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(f"there is no file or directory {path}")
    return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def _read(file: Path, root: Path) -> Iterator[Manifest]:
    name = str(file.relative_to(root)) if root.is_dir() else file.name
    try:
        documents = list(yaml.load_all(file.read_bytes(), Loader=_loader()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is not valid YAML", cause=" ".join(str(error).split())) from None
    except OSError as error:
        raise ConfigError(f"{name} cannot be read", cause=error.strerror) from None
    for document in _objects(documents):
        if not isinstance(document, dict):
            raise ConfigError(f"{name} holds something that is no object", cause=repr(document))
        if not str(document.get("apiVersion", "")).startswith(_TOOLS):
            yield Manifest(name, document)


def _objects(documents: list[Any]) -> Iterator[Any]:
    """Yield each object, those of a List one by one."""
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "List":
            yield from document.get("items") or ()
        elif document is not None:
            yield document


def _loader() -> Any:
    # libyaml reads ten times as fast, where PyYAML was built with it.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _misfit(manifest: Manifest, version: str) -> Finding | None:
    try:
        check_document(manifest.document, version, manifest.file)
    except BuildError as error:
        message = error.message.removeprefix(f"{manifest.file}: ")
        path, _, _ = message.partition(" is not valid")
        subject = f"{manifest.kind}/{manifest.name}"
        return Finding(SCHEMA, manifest.file, subject, path, error.cause or message)
    return None
