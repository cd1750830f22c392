"""`ferryman measure`: measures the time and memory of the app's requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.completed_values import complete_targets
from ferryman.cli.project_options import open_project, project_options
from ferryman.cli.terminal import announce, working
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.records.measurement_file import FILE_NAME

if TYPE_CHECKING:
    from ferryman.measure.request import Scenario
    from ferryman.project.project import Project
    from ferryman.records.measurement import Measurement

__all__ = ("command",)


_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    *("-t", "--target", "targets"),
    metavar="TARGET",
    shell_complete=complete_targets,
    multiple=True,
    default=("server", "lambda"),
    show_default=True,
    help="The target to measure; repeat for several. k8s runs the server.",
)
@click.option("--scenario", type=_PATH, help="A table of weighted requests, TOML or JSON.")
@click.option("--har", type=_PATH, help="A HAR file, recorded by a browser or proxy.")
@click.option(
    "--access-log",
    type=_PATH,
    help="An access log, also gzip, from which the paths and their frequencies are taken.",
)
@click.option(
    "--host",
    "hosts",
    metavar="HOST",
    multiple=True,
    help="The app's host name in a scenario or HAR; repeat for several.",
)
@click.option("--quick", is_flag=True, help="Take a quarter of the time; the intervals are wider.")
@click.option(
    "--time",
    "seconds",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="The most seconds for all targets together; at least 10 for each.",
)
@click.option(
    "--patience",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 900),
    default=10.0,
    show_default=True,
    help="How long to wait for a response.",
)
@click.option("--force", is_flag=True, help="Write the figures even if they are doubtful.")
@click.option("--json", "as_json", is_flag=True, help="Print the measurement as JSON.")
@click.option(
    *("-o", "--output"),
    type=_PATH,
    help=f"Where to write the measurement; by default {FILE_NAME} in the project's directory.",
)
@project_options
def command(
    targets: tuple[str, ...],
    scenario: Path | None,
    har: Path | None,
    access_log: Path | None,
    hosts: tuple[str, ...],
    quick: bool,
    seconds: float | None,
    patience: float,
    force: bool,
    as_json: bool,
    output: Path | None,
    **options: Any,
) -> int:
    """Run the app on this machine and measure the time and memory of its requests on each target.

    The command starts the unmodified app several times, under gunicorn with one worker and in a
    local Lambda environment. A separate program sends requests, over loopback only: first each
    request once, and if one fails, the command ends, except with --force; then one at a time for
    CPU time and duration; then more and more at once for the throughput. Every figure has a 95 %
    confidence interval. If intervals are too wide, or the machine is too busy, the command writes
    nothing and exits with 1.

    \b
    Example:
      ferryman measure --scenario traffic.toml --time 60
    """
    import asyncio
    import sys

    from ferryman.measure.measuring import measure
    from ferryman.measure.rounds import QUICK, USUAL, pace_within
    from ferryman.records.measurement_file import to_json, write_measurement
    from ferryman.targets.registry import find_target, installed_targets, runs_like

    kinds = tuple(dict.fromkeys(runs_like(find_target(name)) for name in targets))
    project = open_project(targets=installed_targets(), **options)
    chosen = _scenario(project, scenario, har, access_log, hosts)
    for note in chosen.notes:
        announce(f"note: {note}")
    pace = QUICK if quick else USUAL
    if seconds is not None:
        if quick:
            raise ConfigError("--quick and --time both set the duration", hint="pass one of them")
        pace = pace_within(seconds / len(kinds))
    with working("measuring") as progress:
        found = asyncio.run(measure(project, chosen, kinds, pace, patience, progress, insist=force))
    if as_json:
        sys.stdout.write(f"{to_json(found)}\n")
    else:
        _show(found)
    for note in found.notes[len(chosen.notes) :]:
        announce(f"note: {note}")
    _conclude(found, force)
    path = output or project.root / FILE_NAME
    write_measurement(path, found)
    announce(f"wrote {path}")
    return 0


def _scenario(
    project: Project,
    table: Path | None,
    har: Path | None,
    access_log: Path | None,
    hosts: tuple[str, ...],
) -> Scenario:
    """Return the scenario from the given file, or from the app's own routes."""
    from ferryman.measure.scenario import read_access, read_recorded, read_table

    given = [path for path in (table, har, access_log) if path is not None]
    if len(given) > 1:
        raise ConfigError(
            f"there are {len(given)} scenarios",
            hint="give one of --scenario, --har and --access-log",
        )
    if hosts and not (table or har):
        raise ConfigError(
            "--host has no effect without --scenario or --har", hint="pass one of them too"
        )
    if table is not None:
        return read_table(table, hosts)
    if har is not None:
        return read_recorded(har, hosts)
    if access_log is not None:
        return read_access(access_log)
    return _routes(project)


def _routes(project: Project) -> Scenario:
    import sys
    from contextlib import redirect_stdout

    from ferryman.building.app_files import import_root
    from ferryman.core.loader import load_app, run_with_app
    from ferryman.measure.routes import find_routes

    sys.path.insert(0, str(import_root(project)))
    with redirect_stdout(sys.stderr):  # keep the app's output out of --json
        app = run_with_app(project.app, load_app)
    return find_routes(app)


def _show(found: Measurement) -> None:
    from ferryman.cli.printing import show
    from ferryman.measure.measurement_tables import tables

    for table in tables(found):
        show(table)


def _conclude(found: Measurement, force: bool) -> None:
    """Refuse doubtful figures, except with --force.

    Raises:
        FerrymanError: The figures are doubtful.
    """
    from ferryman.measure.reliability import QUIETEN

    if found.doubts and not force:
        raise FerrymanError(
            "the figures cannot be trusted, and nothing was written",
            cause="\n  ".join(found.doubts),
            hint=QUIETEN,
        )
    for doubt in found.doubts:
        announce(f"warning: {doubt}")
