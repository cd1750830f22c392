"""Lists the rules, and runs them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.rules import (
    autoscaling,
    container_resources,
    names,
    probes,
    security,
    traffic,
    volumes,
    workloads,
)
from ferryman.targets.k8s.rules.manifest_reader import Manifest, ManifestSet
from ferryman.targets.k8s.rules.rule import Finding, Rule

__all__ = ("RULES", "check_codes", "find_problems")

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *container_resources.RULES,
    *probes.RULES,
    *volumes.RULES,
    *security.RULES,
    *workloads.RULES,
    *autoscaling.RULES,
    *traffic.RULES,
)
"""Every rule, sorted by code."""


def find_problems(
    manifests: Sequence[Manifest], *, strict: bool = False, ignored: Collection[str] = ()
) -> list[Finding]:
    """Return the problems of manifests, sorted by file.

    Args:
        manifests: All manifests that go to the cluster together; some rules compare them.
        strict: Whether the strict rules apply, too.
        ignored: The codes of rules that do not apply.
    """
    together = ManifestSet(manifests)
    findings = [
        Finding(rule.code, manifest.file, f"{manifest.kind}/{manifest.name}", path, message)
        for rule in RULES
        if (strict or not rule.strict) and rule.code not in ignored
        for manifest, path, message in rule.check(together)
    ]
    return sorted(findings, key=lambda f: (f.file, f.subject, f.code, f.path))


def check_codes(codes: Collection[str], origin: str, *others: str) -> None:
    """Check that each code belongs to a rule.

    Args:
        codes: The codes.
        origin: The setting that lists them, for the error.
        others: Further codes that are allowed.

    Raises:
        ConfigError: A code belongs to no rule.
    """
    known = {*(rule.code for rule in RULES), *others}
    if unknown := [code for code in codes if code not in known]:
        raise ConfigError(
            f"{origin}: there is no rule {unknown[0]}",
            hint="docs/reference/k8s-rules.md lists the rules",
        )
