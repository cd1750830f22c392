"""All rules there are, and the running of them."""

from __future__ import annotations

from collections.abc import Sequence

from ferryman.targets.k8s.rules import names, pod, security, traffic, workload
from ferryman.targets.k8s.rules.rule import Finding, Manifest, Rule

__all__ = ("RULES", "find_problems")

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *pod.RULES,
    *security.RULES,
    *workload.RULES,
    *traffic.RULES,
)
"""Every rule, in the order of the codes."""


def find_problems(manifests: Sequence[Manifest], *, strict: bool = False) -> list[Finding]:
    """Return where manifests break the rules, in the order of the files.

    Args:
        manifests: All that go to the cluster together, for some rules look across them.
        strict: Whether to hold them to the strict rules, too.
    """
    findings = [
        Finding(rule.code, manifest.file, f"{manifest.kind}/{manifest.name}", path, message)
        for rule in RULES
        if strict or not rule.strict
        for manifest, path, message in rule.check(manifests)
    ]
    return sorted(findings, key=lambda f: (f.file, f.subject, f.code, f.path))
