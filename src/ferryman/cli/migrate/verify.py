"""`ferryman migrate verify`: checks that both deployed sides respond alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.session import read_project, side_options
from ferryman.cli.terminal import working
from ferryman.core.errors import ConfigError
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from ferryman.migrate.options import MigrateOptions

__all__ = ("command",)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@side_options
@click.argument("requests", required=False, type=_FILE)
@click.option(
    "--from-logs",
    "logs",
    multiple=True,
    type=_FILE,
    help="A log of the old side with recorded requests; repeat for several.",
)
@click.option(
    "--cookie",
    "cookies",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --from-logs: a session cookie for requests that had cookies; repeat for several.",
)
@click.option("--unsafe", is_flag=True, help="Also send requests that may change something.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(
    old: str | None,
    new: str | None,
    requests: Path | None,
    logs: tuple[Path, ...],
    cookies: tuple[str, ...],
    unsafe: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send the same requests to both sides, and show where the responses differ.

    The requests come from a file, TOML or HAR; both sides share the cookies of one session. With
    --from-logs they are the requests that the old side recorded (record = 0.01 in its target's
    settings): the command sends them to the new side, and compares its responses with the recorded
    ones. The addresses of both sides are in [tool.ferryman.migrate.sides]. Exits with 0 if nothing
    differs, otherwise with 1.

    \b
    Examples:
      ferryman migrate verify requests.toml
      ferryman migrate verify --from-logs server.log
    """
    _, settings = read_project(**options)
    names = old or settings.old, new or settings.new
    if logs:
        if requests:
            raise ConfigError(
                "a file of requests and --from-logs are both given", hint="give one of them"
            )
        return _from_logs(settings, names[1], logs, cookies, unsafe, as_json)
    if cookies:
        raise ConfigError(
            "--cookie has no effect without --from-logs", hint="leave it out, or pass --from-logs"
        )
    if requests is None:
        raise ConfigError("there are no requests", hint="name a file of them, or --from-logs")
    return _from_file(settings, names, requests, unsafe, as_json)


def _from_file(
    settings: MigrateOptions, names: tuple[str, str], path: Path, unsafe: bool, as_json: bool
) -> int:
    from ferryman.migrate.har import read_har
    from ferryman.migrate.parity import read_table
    from ferryman.migrate.verify import verify

    sides = {name: _address(settings, name) for name in names}
    table = read_har(path) if path.suffix == ".har" else read_table(path)
    found = asyncio.run(verify(table, sides, unsafe=unsafe))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found.differences], indent=2, default=dict))
    else:
        for difference in found.differences:
            click.echo(str(difference))
    left = f"; not sent, without --unsafe: {found.left_out} that may change something"
    click.echo(
        f"{counted(found.sent, 'request')} sent" + (left if found.left_out else ""), err=True
    )
    return 1 if found.differences else 0


def _from_logs(
    settings: MigrateOptions,
    new: str,
    logs: tuple[Path, ...],
    cookies: tuple[str, ...],
    unsafe: bool,
    as_json: bool,
) -> int:
    from ferryman.migrate.golden import read_golden
    from ferryman.migrate.replay import replay

    address = _address(settings, new)
    session = dict(map(_cookie, cookies)) or None
    recorded = read_golden(logs)
    with working("sending") as show:
        found = asyncio.run(replay(recorded, address, cookies=session, unsafe=unsafe, show=show))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, default=dict))
    else:
        for group in found.groups:
            click.echo(str(group))
    click.echo(f"{counted(found.sent, 'request')} sent", err=True)
    if found.changing:
        changing = counted(found.changing, "request")
        click.echo(f"answered differently each time: {changing}", err=True)
    for reason, count in found.left_out.items():
        click.echo(f"not sent, {counted(count, 'recorded request')}: {reason}", err=True)
    return 1 if found.groups else 0


def _address(settings: MigrateOptions, name: str) -> str:
    from ferryman.migrate.opening import side_of

    address = side_of(settings, name).address
    if not address:
        raise ConfigError(
            f"[tool.ferryman.migrate.sides.{name}] has no address",
            hint="set the address at which that side answers by itself",
        )
    return address


def _cookie(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"--cookie {text}: it is not NAME=VALUE")
    return name, value
