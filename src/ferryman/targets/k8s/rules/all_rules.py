"""Lists the rules in the order of their codes, and runs them."""

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
from ferryman.targets.k8s.rules.manifest_reader import ManifestSet
from ferryman.targets.k8s.rules.rule import Finding, Manifest, Rule

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
"""Every rule, in the order of the codes."""


def find_problems(
    manifests: Sequence[Manifest], *, strict: bool = False, ignored: Collection[str] = ()
) -> list[Finding]:
    """Return where manifests break the rules, in the order of the files.

    Args:
        manifests: All that go to the cluster together, for some rules look across them.
        strict: Whether to hold them to the strict rules, too.
        ignored: The codes of rules that they are not held to.
    """
    manifests = ManifestSet(manifests)
    findings = [
        Finding(rule.code, manifest.file, f"{manifest.kind}/{manifest.name}", path, message)
        for rule in RULES
        if (strict or not rule.strict) and rule.code not in ignored
        for manifest, path, message in rule.check(manifests)
    ]
    return sorted(findings, key=lambda f: (f.file, f.subject, f.code, f.path))


def check_codes(codes: Collection[str], origin: str, *others: str) -> None:
    """Check that codes are those of rules.

    Args:
        codes: The codes.
        origin: Where they were written, for the error.
        others: Codes that are no rules' and may stand there, too.

    Raises:
        ConfigError: One is not.
    """
    known = {*(rule.code for rule in RULES), *others}
    if unknown := [code for code in codes if code not in known]:
        raise ConfigError(
            f"{origin}: there is no rule {unknown[0]}",
            hint="docs/reference/k8s-rules.md has them all",
        )
