"""`ferryman measure`: what a request costs the app, found by running it here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.project_options import open_project, project_options
from ferryman.cli.talk import announce, working
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.measurement_file import FILE_NAME

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.measurement import Measurement
    from ferryman.measure.request import Scenario

__all__ = ("command",)


_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    *("-t", "--target", "targets"),
    type=click.Choice(["server", "lambda"]),
    multiple=True,
    default=("server", "lambda"),
    show_default=True,
    help="Where to measure; repeat for several.",
)
@click.option("--scenario", type=_PATH, help="A table of weighted requests, TOML or JSON.")
@click.option("--har", type=_PATH, help="What a browser or proxy recorded.")
@click.option("--access-log", type=_PATH, help="What was asked for, and how often; may be gzip.")
@click.option("--host", "hosts", multiple=True, help="The app's own name in a scenario or HAR.")
@click.option("--quick", is_flag=True, help="Take a quarter of the time; the ranges are wider.")
@click.option(
    "--patience",
    type=click.FloatRange(0.1, 900),
    default=10.0,
    show_default=True,
    help="Seconds until an answer is given up.",
)
@click.option("--force", is_flag=True, help="Write the figures even if they are doubtful.")
@click.option("--json", "as_json", is_flag=True, help="Print the measurement as JSON.")
@click.option(
    *("-o", "--output"),
    type=_PATH,
    help=f"Where to write it; by default {FILE_NAME} in the project's directory.",
)
@project_options
def command(
    targets: tuple[str, ...],
    scenario: Path | None,
    har: Path | None,
    access_log: Path | None,
    hosts: tuple[str, ...],
    quick: bool,
    patience: float,
    force: bool,
    as_json: bool,
    output: Path | None,
    **options: Any,
) -> int:
    """Run the app here and measure what its requests cost, for each target.

    The app is started several times, unmodified, under gunicorn with one worker and in a
    local Lambda environment. A program of its own sends it requests, over loopback alone:
    one at a time for CPU time and duration, then more and more at once for the throughput.
    Every figure has an interval of 95 %. Where they are too wide, or the machine is too
    busy, nothing is written, and the exit status is 1.

    \b
    Example:
      ferryman measure --scenario traffic.toml
    """
    import asyncio
    import sys

    from ferryman.core.build.target import installed_targets
    from ferryman.core.measurement_file import to_json, write_measurement
    from ferryman.measure.observing import QUICK, USUAL
    from ferryman.measure.procedure import measure

    project = open_project(targets=installed_targets(), **options)
    chosen = _scenario(project, scenario, har, access_log, hosts)
    for note in chosen.notes:
        announce(f"note: {note}")
    with working("measuring") as progress:
        pace = QUICK if quick else USUAL
        found = asyncio.run(
            measure(project, chosen, tuple(dict.fromkeys(targets)), pace, patience, progress)
        )
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
    """Return the scenario of the one file that was given, or of the app's own routes."""
    from ferryman.measure.scenario import read_access, read_recorded, read_table

    given = [path for path in (table, har, access_log) if path is not None]
    if len(given) > 1:
        raise ConfigError(
            f"there are {len(given)} scenarios",
            hint="give one of --scenario, --har and --access-log",
        )
    if table is not None:
        return read_table(table, hosts)
    if har is not None:
        return read_recorded(har, hosts)
    if access_log is not None:
        return read_access(access_log)
    return _routes(project)


def _routes(project: Project) -> Scenario:
    import asyncio
    import sys

    from ferryman.core.build.sources import import_root
    from ferryman.core.loader import load_app
    from ferryman.measure.routes import find_routes

    sys.path.insert(0, str(import_root(project)))
    return find_routes(asyncio.run(load_app(project.app)))


def _show(found: Measurement) -> None:
    from ferryman.cli.tables import show
    from ferryman.measure.report import tables

    for table in tables(found):
        show(table)


def _conclude(found: Measurement, force: bool) -> None:
    """Refuse figures that are doubtful, unless they are wanted all the same.

    Raises:
        FerrymanError: There are doubts.
    """
    from ferryman.measure.doubts import QUIETEN

    if found.doubts and not force:
        raise FerrymanError(
            "the figures cannot be trusted, and nothing was written",
            cause="\n  ".join(found.doubts),
            hint=QUIETEN,
        )
    for doubt in found.doubts:
        announce(f"warning: {doubt}")
