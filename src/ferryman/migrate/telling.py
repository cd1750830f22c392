"""Formats the state of a migration: one line for a terminal, a table, and JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from ferryman.core.judge import Judgement, judge
from ferryman.migrate.shifters import Live
from ferryman.migrate.state import Migration, encode

__all__ = ("as_data", "as_text", "judgement_of", "one_line")


def judgement_of(migration: Migration) -> Judgement:
    """Return the judgement on all answers so far, also those not yet judged."""
    seen = migration.weighed()
    return judge(seen.trial, seen.answers, seen.needed)


def one_line(migration: Migration) -> str:
    """Return the state in one line."""
    if migration.phase == "joining":
        return f"{migration.new} joins at 0 %: waiting until it is healthy and durations are known"
    judgement = judgement_of(migration)
    most = max(judgement.findings, key=lambda finding: finding.evidence / finding.threshold)
    return (
        f"{migration.new} has {migration.weight:g} %: {judgement.answers} of {judgement.needed} "
        f"answers, {most.stream} {most.new} against {most.old}, evidence {most.evidence:.2g} of "
        f"{most.threshold:g}"
    )


def as_text(migration: Migration, live: Live | None) -> str:
    """Return the state as text.

    Args:
        migration: The migration.
        live: The live state of the balancer; None if it cannot be read.
    """
    judgement = judgement_of(migration)
    shown = "unknown" if live is None or live.weight is None else f"{live.weight:.4g} %"
    lines = [
        f"{migration.old} to {migration.new}: {migration.phase}",
        f"{migration.new} has {migration.weight:g} % (live: {shown}); steps "
        + ", ".join(f"{step} %" for step in migration.steps),
    ]
    if migration.reason:
        lines.append(migration.reason)
    if migration.move:
        lines.append(
            f"decided, not yet confirmed: {migration.move.start:g} to {migration.move.end:g} %"
        )
    lines.append(
        f"{judgement.verdict}: {judgement.answers} of {judgement.needed} answers in this step"
    )
    for finding in judgement.findings:
        lines.append(
            f"  {finding.stream:10}  {migration.old} {finding.old}, {migration.new} {finding.new}, "
            f"evidence {finding.evidence:.3g} of {finding.threshold:g}"
        )
    if migration.slow_limit:
        lines.append(f"slow is above {migration.slow_limit:.3f} s")
    lines += [
        f"{_clock(entry.done_at)}  {entry.move.start:g} % to {entry.move.end:g} %: "
        f"{entry.move.reason}"
        for entry in migration.log
    ]
    host = migration.owner.rpartition(":")[0]
    lines.append(
        f"run by a process on {host}, last seen {_clock(migration.at)}"
        if host
        else "no process runs it"
    )
    return "\n".join(lines)


def as_data(migration: Migration, live: Live | None) -> Mapping[str, Any]:
    """Return the state as JSON data."""
    judgement = judgement_of(migration)
    return {
        **json.loads(encode(migration)),
        "live": None if live is None else live.weight,
        "healthy": None
        if live is None
        else {migration.old: live.old_healthy, migration.new: live.new_healthy},
        "verdict": judgement.verdict,
        "findings": [
            {
                "stream": finding.stream,
                "old": finding.old,
                "new": finding.new,
                "evidence": finding.evidence,
                "threshold": finding.threshold,
            }
            for finding in judgement.findings
        ],
    }


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))
