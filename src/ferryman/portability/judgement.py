"""Judges facts on the targets of a project, and marks the findings that settings ignore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ferryman.portability.destinations import Destination
from ferryman.portability.finding import LEVELS, Fact, Finding
from ferryman.portability.options import Ignored
from ferryman.portability.ruff_rules import ruff_rule
from ferryman.portability.rule_catalog import RULES

__all__ = ("by_gravity", "ignored_by", "judge")


def judge(
    facts: Iterable[Fact], on: Sequence[Destination], database_connections: int | None
) -> list[Finding]:
    """Return the findings, the most serious first.

    Args:
        facts: What the app does.
        on: The targets.
        database_connections: Connections that the database accepts; None skips this check.
    """
    facts = tuple(facts)
    pools = [fact for fact in facts if fact.code == "M601"]
    rest = [fact for fact in facts if fact.code != "M601"]
    rest += _too_large(pools, on, database_connections)
    lost = {fact.place for fact in rest if fact.code == "M203"}
    findings = []
    for fact in rest:
        if fact.code == "RUF006" and fact.place in lost:
            continue
        rule = RULES.get(fact.code) or ruff_rule(fact.code, fact.what)
        effects = {target.name: effect for target in on if (effect := rule.judge(fact, target))}
        if effects:
            finding = Finding(fact.code, rule.title, fact.place, fact.what, effects, rule.mend)
            findings.append(finding)
    return by_gravity(findings)


def by_gravity(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, the most serious first, and those of a level by place."""
    return sorted(findings, key=lambda each: (-LEVELS.index(each.level), each.place, each.code))


def ignored_by(finding: Finding, ignored: Sequence[Ignored]) -> Ignored | None:
    """Return the setting that ignores a finding, or None."""
    names = (finding.place.file, str(finding.place))
    for each in ignored:
        if each.code == finding.code and any(fnmatchcase(name, each.where) for name in names):
            return each
    return None


def _too_large(
    pools: Sequence[Fact], on: Sequence[Destination], limit: int | None
) -> Iterator[Fact]:
    """Yield the pools that may open more connections than the database accepts.

    During a migration the processes of two targets run at once.
    """
    size = sum(fact.amount or 0 for fact in pools)
    known = sorted((each for each in on if each.processes), key=_processes, reverse=True)[:2]
    total = size * sum(map(_processes, known))
    if limit is None or total <= limit:
        return
    sides = " and ".join(f"{each.name} {size * _processes(each):,.0f}" for each in known)
    for fact in pools:
        yield replace(fact, what=f"{fact.what}: {sides}, and the database accepts {limit:,}")


def _processes(on: Destination) -> int:
    return on.processes or 0
