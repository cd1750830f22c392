"""Checks objects that go to a cluster together: schemas, the server's validation, the rules.

A finding names the mistake and its place, and often suggests a fix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ferryman.targets.k8s.documents import Source
from ferryman.targets.k8s.misfits import find_misfits
from ferryman.targets.k8s.patching import patched_line, written_line
from ferryman.targets.k8s.rendering import Document
from ferryman.targets.k8s.rules.all_rules import find_problems
from ferryman.targets.k8s.rules.manifest_reader import Manifest
from ferryman.targets.k8s.rules.rule import Finding
from ferryman.targets.k8s.schemas import described
from ferryman.targets.k8s.validation.server_refusals import find_refusals

__all__ = ("REFUSED", "SCHEMA", "UNKNOWN", "find_mistakes")

SCHEMA = "K001"
"""The code for an object that does not fit its schema."""

UNKNOWN = "K002"
"""The code for a kind that Kubernetes does not have."""

REFUSED = "K003"
"""The code for an object that fits its schema, but that the API server refuses."""

_ACROSS = "K4"
"""Rules with this code or a higher one compare several objects."""


def find_mistakes(
    objects: Mapping[str, Document],
    version: str,
    *,
    patches: Sequence[Source] = (),
    sources: Mapping[str, Source] | None = None,
    strict: bool = False,
    ignored: Collection[str] = (),
) -> list[Finding]:
    """Return the mistakes in objects that go to a cluster together.

    Args:
        objects: The objects, by the names of their files.
        version: The version of Kubernetes, as major.minor.
        patches: The patches that were merged into the objects, to find the place of a mistake.
        sources: The sources of the user's own objects, by the same names.
        strict: Whether the strict rules apply, too.
        ignored: The codes of checks that do not apply.
    """
    findings: list[Finding] = []
    fitting: list[Manifest] = []
    for file, document in objects.items():
        manifest = Manifest(file, document)
        subject = f"{manifest.kind}/{manifest.name}"
        misfits = find_misfits(document, version)
        findings += [
            Finding(SCHEMA if path else UNKNOWN, file, subject, path or "kind", reason)
            for path, reason in misfits
        ]
        if not misfits:  # the rules rely on the types of the schemas
            fitting.append(manifest if described(document, version) else _head(manifest))
    problems = find_problems(fitting, strict=strict, ignored=ignored)
    if len(fitting) < len(objects):
        # A rule that compares objects would miss the objects that do not fit.
        problems = [problem for problem in problems if problem.code < _ACROSS]
    reported = {(finding.file, finding.path) for finding in problems}
    for manifest in fitting:
        subject = f"{manifest.kind}/{manifest.name}"
        findings += [
            Finding(REFUSED, manifest.file, subject, path, message)
            for path, message in find_refusals(manifest.document, version)
            if (manifest.file, path) not in reported
        ]
    findings = [f for f in (*findings, *problems) if f.code not in ignored]
    placed = [_placed(finding, objects, patches, sources or {}) for finding in findings]
    return sorted(placed, key=lambda f: (f.file, f.subject, f.code, f.path))


def _head(manifest: Manifest) -> Manifest:
    """Return an object of an unknown kind with only the fields that the rules may read."""
    head = {key: manifest.document[key] for key in ("apiVersion", "kind", "metadata")}
    return Manifest(manifest.file, head)


def _placed(
    finding: Finding,
    objects: Mapping[str, Document],
    patches: Sequence[Source],
    sources: Mapping[str, Source],
) -> Finding:
    """Return a finding with its place in the user's file, if it comes from one."""
    place = patched_line(objects[finding.file], finding.path, patches)
    if place is None and finding.file in sources:
        place = written_line(sources[finding.file], finding.path)
    return replace(finding, place=place) if place else finding
