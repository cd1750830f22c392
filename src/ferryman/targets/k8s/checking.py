"""Checks objects that go to a cluster together: schemas, the server's validation, the rules.

They are what a project makes, overlaid and patched, and the user's own. A finding names the
mistake, its place, and where it is known the mend.
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
"""The code of what does not fit its schema."""

UNKNOWN = "K002"
"""The code of a kind that there is no schema of."""

REFUSED = "K003"
"""The code of what fits its schema, and the API server refuses."""

_ACROSS = "K4"
"""How the codes of rules begin, the least of them, that look at several objects."""


def find_mistakes(
    objects: Mapping[str, Document],
    version: str,
    *,
    patches: Sequence[Source] = (),
    sources: Mapping[str, Source] | None = None,
    strict: bool = False,
    ignored: Collection[str] = (),
) -> list[Finding]:
    """Return what is wrong with objects that go to a cluster together.

    Args:
        objects: The objects, by the names of their files.
        version: The Kubernetes they are for, as major.minor.
        patches: What was merged into them, to name the place.
        sources: Where the user wrote those that are the user's own, by the same names.
        strict: Whether to hold them to the strict rules, too.
        ignored: Codes of what is not to be told.
    """
    findings: list[Finding] = []
    fitting: list[Manifest] = []
    for file, document in objects.items():
        manifest = Manifest(file, document)
        subject = f"{manifest.kind}/{manifest.name}"
        misfits = find_misfits(document, version)
        findings += [
            Finding(SCHEMA if m.path else UNKNOWN, file, subject, m.path or "kind", m.reason)
            for m in misfits
        ]
        if not misfits:  # the rules read what fits: they need not know of every wrong type
            fitting.append(manifest if described(document, version) else _head(manifest))
    problems = find_problems(fitting, strict=strict, ignored=ignored)
    if len(fitting) < len(objects):
        # A rule that looks across objects would miss those that do not fit.
        problems = [problem for problem in problems if problem.code < _ACROSS]
    told = {(finding.file, finding.path) for finding in problems}
    for manifest in fitting:
        subject = f"{manifest.kind}/{manifest.name}"
        findings += [
            Finding(REFUSED, manifest.file, subject, path, message)
            for path, message in find_refusals(manifest.document, version)
            if (manifest.file, path) not in told
        ]
    findings = [f for f in (*findings, *problems) if f.code not in ignored]
    placed = [_placed(finding, objects, patches, sources or {}) for finding in findings]
    return sorted(placed, key=lambda f: (f.file, f.subject, f.code, f.path))


def _head(manifest: Manifest) -> Manifest:
    """Return what the rules may read of an object whose fields are unknown."""
    head = {key: manifest.document[key] for key in ("apiVersion", "kind", "metadata")}
    return Manifest(manifest.file, head)


def _placed(
    finding: Finding,
    objects: Mapping[str, Document],
    patches: Sequence[Source],
    sources: Mapping[str, Source],
) -> Finding:
    """Return a finding with the place in the user's file that brought it, if one did."""
    place = patched_line(objects[finding.file], finding.path, patches)
    if place is None and finding.file in sources:
        place = written_line(sources[finding.file], finding.path)
    return replace(finding, place=place) if place else finding
