"""`ferryman check` of the app: finds what does not work on one of the targets."""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferryman.cli.terminal import working
from ferryman.core.errors import FerrymanError
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from ferryman.portability.finding import Finding, Level
    from ferryman.portability.survey import Survey
    from ferryman.project.project import Project

__all__ = ("check_portability", "gravest_lines")

_COLOURS: dict[Level, str] = {"error": "red", "warning": "yellow", "note": "blue"}


def check_portability(
    project: Project,
    targets: tuple[str, ...],
    requests: Path | None,
    form: str,
    strict: bool,
) -> int:
    """Print the findings, and return the exit status.

    Args:
        project: The project.
        targets: The targets; by default those of the settings, or all.
        requests: A table of requests or a HAR file.
        form: `text`, `json` or `sarif`.
        strict: Whether warnings make the command fail too.

    Returns:
        1 if something does not work on a target, else 0.

    Raises:
        AppError: The app could not be loaded or started.
        ConfigError: A setting, a target or the requests are wrong.
    """
    from ferryman.portability.sarif import sarif_log
    from ferryman.portability.survey import survey

    with working("checking the app") as progress:
        found = survey(project, targets, requests, progress)
    if form == "json":
        click.echo(json.dumps(_as_json(found), indent=2))
    elif form == "sarif":
        click.echo(json.dumps(sarif_log(found, version("ferryman")), indent=2))
    else:
        for finding in found.findings:
            _show(finding)
    for each in found.unused:
        click.echo(
            f"note: the setting that ignores {each.code} at {each.where} matches no finding",
            err=True,
        )
    if found.unsent:
        unsent = counted(found.unsent, "request")
        click.echo(f"note: the time limit was reached before {unsent} could be sent", err=True)
    click.echo(_summary(found), err=True)
    grave = [each for each in found.findings if strict and each.level == "warning"]
    return 1 if found.refused or grave else 0


def gravest_lines(
    project: Project, targets: Collection[str], reported: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return the errors of the app on each target, in a few lines; empty if it cannot be read.

    Args:
        project: The project, with the sections of all targets.
        targets: The targets.
        reported: Codes of findings that the caller reports itself.
    """
    from ferryman.portability.survey import gravest

    try:
        found = gravest(project, targets, reported)
    except FerrymanError:
        return dict.fromkeys(targets, ())  # starting the app reports its errors
    more = "`ferryman check` shows more, and the fixes"
    return {name: (*lines, more) if lines else () for name, lines in found.items()}


def _show(finding: Finding) -> None:
    level = click.style(finding.level, fg=_COLOURS[finding.level], bold=True)
    click.echo(f"{finding.place}: {finding.code} {level}: {finding.what}")
    width = max(map(len, finding.effects))
    for name, effect in finding.effects.items():
        click.echo(f"    {name:<{width}}  {effect.text}")
    click.echo(f"    fix: {finding.mend}")


def _as_json(found: Survey) -> dict[str, object]:
    return {
        "targets": list(found.targets),
        "moves": not found.refused,
        "findings": [each.to_json() for each in found.findings],
        "ignored": [
            {**finding.to_json(), "reason": setting.reason} for finding, setting in found.ignored
        ],
        "requests": {"sent": found.sent, "unsent": found.unsent},
    }


def _summary(found: Survey) -> str:
    counts = {
        level: sum(each.level == level for each in found.findings)
        for level in ("error", "warning", "note")
    }
    parts = [counted(n, level) for level, n in counts.items() if n]
    parts += [f"{len(found.ignored)} ignored"] if found.ignored else []
    targets = _listed(found.refused or found.targets)
    verdict = f"has errors on {targets}" if found.refused else f"has no errors on {targets}"
    sent = f"{counted(found.sent, 'request')} sent"
    return f"the app {verdict}: {', '.join(parts) or 'nothing found'}, {sent}"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
