"""Surveys a project: runs its app, reads its code, and judges the facts on each target."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferryman.building.app_files import import_root
from ferryman.core.errors import ConfigError
from ferryman.portability.destinations import Destination, destinations
from ferryman.portability.finding import Fact, Finding, Place
from ferryman.portability.judgement import ignored_by, judge
from ferryman.portability.observed_facts import app_place, joined, second_process
from ferryman.portability.options import Ignored, PortabilityOptions
from ferryman.portability.probing import run_probe
from ferryman.portability.reading.code_facts import code_facts
from ferryman.portability.reading.entry_points import read_alone
from ferryman.portability.reading.running_code import RunningCode, running_code
from ferryman.portability.reading.syntax_trees import Function, read_code
from ferryman.portability.ruff_rules import ruff_facts
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.registry import installed_targets

__all__ = ("SECTION", "Survey", "gravest", "survey")

SECTION = "portability"
"""The section of the settings."""

_SECONDS = 3.0
"""How long to send requests, so that a check takes only seconds."""

_GRAVEST = 3

_NOWHERE = Place("pyproject.toml", 1)


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of a survey.

    Attributes:
        targets: The surveyed targets.
        findings: The findings, the most serious first.
        ignored: The ignored findings, each with its setting.
        unused: Settings that match no finding.
        sent: How many requests the survey sent.
        unsent: How many requests the survey did not send, because the time was over.
    """

    targets: tuple[str, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, Ignored], ...]
    unused: tuple[Ignored, ...]
    sent: int
    unsent: int

    @property
    def refused(self) -> tuple[str, ...]:
        """The targets with an error."""
        return tuple(
            name
            for name in self.targets
            if any(
                name in each.effects and each.effects[name].level == "error"
                for each in self.findings
            )
        )


def survey(
    project: Project,
    targets: Sequence[str],
    requests: Path | None,
    progress: Progress,
) -> Survey:
    """Run a project's app, read its code, and judge the facts.

    Args:
        project: The project, with the sections of all targets and `portability`.
        targets: The targets; by default those of the settings, or all.
        requests: A table of requests or a HAR file; by default that of the settings.
        progress: Called with each step.

    Raises:
        AppError: The app could not be loaded or started.
        ConfigError: A target or the requests are wrong.
    """
    options = project.section(SECTION, PortabilityOptions)
    on = _destinations(project, targets, options)
    table = requests or _table(project, options)
    if table:
        _check_requests(table)
    progress("running the app")
    found = run_probe(project, table, _SECONDS, {})
    progress("reading the code")
    running = _read(project, found)
    facts = list(joined(running, code_facts(running, os.environ), found))
    facts += ruff_facts(project.root, running)
    facts += _signed_in(project, table, running, facts, found)
    return _sorted_out(judge(facts, on, options.database_connections), on, options, found)


def gravest(
    project: Project, targets: Collection[str], told: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return a line for each of the three most serious errors, by target, from the code only.

    It does not run the app, so a build can call it at its end.

    Args:
        project: The project, with the sections of all targets.
        targets: The targets.
        told: Codes of findings that the caller has reported already.

    Raises:
        FerrymanError: The app's module is missing, or a setting is wrong.
    """
    options = project.sections.get(SECTION, PortabilityOptions())
    assert isinstance(options, PortabilityOptions)
    running = read_alone(project.root, import_root(project), project.app.module, _NOWHERE)
    facts = code_facts(running, os.environ)
    facts = tuple(each for each in facts if each.code not in told)
    lines = {}
    for target in targets:
        found = judge(facts, destinations(project, [target]), options.database_connections)
        lines[target] = tuple(
            f"{each.place}: {each.code} {each.what}: {each.effects[target].text}"
            for each in found
            if each.level == "error" and not ignored_by(each, options.ignore)
        )[:_GRAVEST]
    return lines


def _destinations(
    project: Project, targets: Sequence[str], options: PortabilityOptions
) -> tuple[Destination, ...]:
    if targets or not options.targets:
        return destinations(project, targets or tuple(installed_targets()))
    try:
        return destinations(project, options.targets)
    except ConfigError as error:
        place = project.origins.get(f"{SECTION}.targets", f"{SECTION}.targets")
        raise ConfigError(f"{place}: {error.message}", cause=error.cause, hint=error.hint) from None


def _table(project: Project, options: PortabilityOptions) -> Path | None:
    if options.requests:
        return project.root / options.requests
    usual = project.root / "requests.toml"
    return usual if usual.is_file() else None


def _check_requests(path: Path) -> None:
    """Report mistakes in a file of requests before the app runs."""
    from ferryman.migrate.har import read_har
    from ferryman.migrate.parity import read_table

    requests = read_har(path) if path.suffix.lower() == ".har" else read_table(path)
    if not requests:
        raise ConfigError(
            f"{path} contains no request", hint="add requests, or leave out the option"
        )
    for request in requests:
        if not request.target.startswith("/"):
            raise ConfigError(
                f"{path}: {request.name}: the target is not a path",
                cause=f"the target is {request.target!r}",
                hint="begin the target with /",
            )


def _read(project: Project, found: Mapping[str, Any]) -> RunningCode:
    """Read the modules that the app loaded, from their entry points."""
    code = read_code(project.root, {name: Path(file) for name, file in found["modules"].items()})

    def functions(places: Sequence[Sequence[Any]]) -> list[Function]:
        known = (code.functions.get((file, line)) for file, line in places)
        return [each for each in known if each]

    handlers, starters = functions(found["handlers"]), functions(found["starters"])
    running = running_code(code, handlers, starters, frozenset(found["containers"]), _NOWHERE)
    return replace(running, app=app_place(running, project.app.module))


def _signed_in(
    project: Project,
    table: Path | None,
    running: RunningCode,
    facts: Sequence[Fact],
    found: Mapping[str, Any],
) -> list[Fact]:
    """Run a second process with the first one's cookies, and return a fact if it refuses them.

    A finding about sessions makes the second process unnecessary.
    """
    if not found.get("cookies") or any(fact.code in ("M303", "M304") for fact in facts):
        return []
    second = run_probe(project, table, _SECONDS, found["cookies"])
    return list(second_process(running, found["statuses"], second["statuses"]))


def _sorted_out(
    findings: Sequence[Finding],
    on: Sequence[Destination],
    options: PortabilityOptions,
    found: Mapping[str, Any],
) -> Survey:
    by = [(each, ignored_by(each, options.ignore)) for each in findings]
    used = {id(setting) for _, setting in by if setting}
    return Survey(
        targets=tuple(each.name for each in on),
        findings=tuple(each for each, setting in by if setting is None),
        ignored=tuple((each, setting) for each, setting in by if setting),
        unused=tuple(each for each in options.ignore if id(each) not in used),
        sent=found["sent"],
        unsent=found["unsent"],
    )
