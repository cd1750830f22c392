"""`ferryman migrate plan`: the time and cost of a migration, and whether it can work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.economy import Economy, open_economy, target_of
from ferryman.cli.migrate.session import read_project, side_options

if TYPE_CHECKING:
    from ferryman.core.capabilities import Capabilities
    from ferryman.migrate.options import MigrateOptions
    from ferryman.migrate.planning.facts import Side, Traffic
    from ferryman.project.project import Project

__all__ = ("command",)

_TELLING = ("base_path", "max_body", "max_in_flight", "overflow", "proxy", "trusted_proxies")
"""Settings of targets that change what clients receive."""


@click.command()
@side_options
@click.argument(
    "requests", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--rate",
    metavar="PER_SECOND",
    type=float,
    help="Requests a second at the quietest time; by default from [tool.ferryman.cost].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(
    old: str | None,
    new: str | None,
    requests: Path | None,
    rate: float | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Print how long a migration takes, what it may cost, and whether it can work.

    Traffic, durations and prices come from [tool.ferryman.cost] and from the file that `ferryman
    measure` wrote; the sizes of bodies come from a file of requests, TOML or HAR. The command moves
    nothing. It exits with 2 if the migration cannot work.

    \b
    Example:
      ferryman migrate plan --rate 20 > plan.md
    """
    from ferryman.migrate.planning.facts import Facts
    from ferryman.migrate.planning.markdown import as_markdown
    from ferryman.migrate.planning.plan import as_data, make_plan

    project, settings = read_project(**options)
    names = old or settings.old, new or settings.new
    economy = open_economy(project, settings, *names, options["overlay"], rate)
    sides = [
        _side(project, settings, name, load)
        for name, load in zip(names, (economy.old, economy.new), strict=True)
    ]
    traffic = _traffic(economy, rate, requests)
    known = getattr(project.sections.get("portability"), "database_connections", None)
    findings = _findings(project, settings, names)
    facts = Facts(sides[0], sides[1], traffic, findings, known)
    plan = make_plan(settings, facts)
    click.echo(json.dumps(as_data(plan), indent=2) if as_json else as_markdown(plan))
    return 2 if plan.refusals else 0


def _side(project: Project, settings: MigrateOptions, name: str, load: Any) -> Side:
    from ferryman.migrate.opening import side_of
    from ferryman.migrate.planning.facts import Side
    from ferryman.targets.registry import find_target

    target, told = find_target(target_of(settings, name)), side_of(settings, name)
    section: Any = project.sections[target.name]
    deploy = getattr(section, "deploy", None)
    held: Any = project.sections["server"] if target.name == "k8s" else section
    units = told.units if told.units is not None else getattr(deploy, "reserved_concurrency", None)
    return Side(
        name=name,
        capabilities=_offered(target.capabilities, section),
        load=load,
        units=units,
        connections=told.connections,
        streams=getattr(section, "streaming", False),
        settings={key: getattr(held, key) for key in _TELLING if getattr(held, key, None)},
        environment=_environment(deploy or section),
    )


def _findings(
    project: Project, settings: MigrateOptions, names: tuple[str, str]
) -> tuple[str, ...]:
    """Return the findings of `ferryman check`, from reading the code, for the new side."""
    from ferryman.cli.portability_check import gravest_lines

    targets = [target_of(settings, name) for name in names]
    if targets[0] == targets[1]:
        return ()
    # Drop the last line, which names a command that the plan names too.
    return gravest_lines(project, [targets[1]])[targets[1]][:-1]


def _environment(section: Any) -> Mapping[str, str] | None:
    """Return the variables that a deployment sets; None if they are not known."""
    secrets = getattr(section, "secrets", {})
    named = secrets if isinstance(secrets, Mapping) else {}
    return {**getattr(section, "environment", {}), **named} or None


def _offered(capabilities: Capabilities, section: Any) -> Capabilities:
    """Return a target's capabilities with the project's settings."""
    told = {"time_limit": "timeout", "streaming": "streaming"}
    values = {name: getattr(section, key) for name, key in told.items() if hasattr(section, key)}
    return capabilities._replace(**values)


def _traffic(economy: Economy, rate: float | None, requests: Path | None) -> Traffic:
    from ferryman.migrate.bodies import largest, measured_bodies, read_bodies
    from ferryman.migrate.planning.facts import Traffic

    quietest, silent = economy.quietest
    measured = economy.question.measured
    bodies = measured_bodies(measured.measurement) if measured else ()
    bodies += read_bodies(requests) if requests else ()
    most = largest(bodies)
    return Traffic(
        rate=quietest if rate is None else rate,
        largest_body=most.size if most else None,
        largest_of=most.request if most else "",
        streamed=tuple(dict.fromkeys(each.request for each in bodies if each.streamed)),
        silent_hours=silent if rate is None else 0,
        assumed=economy.assumed,
    )
