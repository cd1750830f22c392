"""`ferryman check --parity`: the same requests to each target, and where answers differ."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from aiohttp.test_utils import TestServer

    from ferryman.core.build.project import Project
    from ferryman.migrate.parity import Answer, Difference, ParityRequest

__all__ = ("check_parity",)


def check_parity(project: Project, path: Path, targets: tuple[str, ...], as_json: bool) -> int:
    """Print where targets answer a file of requests differently.

    Args:
        project: The project whose app answers, a fresh one for each target.
        path: A table of requests in TOML, or a HAR file.
        targets: The targets, such as `server` and `lambda:alb`.
        as_json: Whether the differences are printed as JSON.

    Returns:
        1 if some differ, else 0.

    Raises:
        ConfigError: The file cannot be read, or there is no such target.
        AppError: The app could not be loaded or started.
    """
    import asyncio

    from ferryman.core.build.sources import import_root
    from ferryman.migrate.har import read_har
    from ferryman.migrate.parity import compare, read_table

    # What the app logs comes once for each target; the answers are what is compared.
    logging.getLogger().addHandler(logging.NullHandler())
    requests = read_har(path) if path.suffix.lower() == ".har" else read_table(path)
    sys.path.insert(0, str(import_root(project)))
    answers = {name: asyncio.run(_ask(project, name, requests)) for name in targets}
    found = [
        difference
        for number, request in enumerate(requests)
        for difference in compare(request, {name: answers[name][number] for name in targets})
    ]
    _show(found, as_json)
    differing = len({each.request for each in found})
    told = f"{differing} answered differently" if found else "all answered alike"
    click.echo(f"{len(requests)} requests, {told}", err=True)
    return 1 if found else 0


async def _ask(project: Project, name: str, requests: tuple[ParityRequest, ...]) -> list[Answer]:
    """Return a target's answers, in order, from an app of its own."""
    from ferryman.core.loader import load_app
    from ferryman.migrate.parity import open_session, send

    server = _server(name)(await load_app(project.app))
    async with server, open_session() as session:
        base = str(server.make_url("")).rstrip("/")
        return [await send(session, base, request) for request in requests]


def _server(name: str) -> type[TestServer]:
    target, _, source = name.partition(":")
    if target == "lambda":
        from ferryman.targets.lambda_.local.in_process import event_server

        return event_server(source or "function-url")
    if name in ("server", "k8s"):
        from aiohttp.test_utils import TestServer

        return TestServer
    raise ConfigError(
        f"requests cannot be sent to '{name}' here",
        hint="there are server, k8s, lambda and lambda:SOURCE",
    )


def _show(found: list[Difference], as_json: bool) -> None:
    if as_json:
        differences = [{**asdict(each), "values": dict(each.values)} for each in found]
        click.echo(json.dumps(differences, indent=2))
        return
    before = None
    for each in found:
        if each.request != before:
            before = each.request
            click.secho(each.request, bold=True)
        click.echo(f"  {each.part}")
        width = max(len(name) for name in each.values)
        for name, value in each.values.items():
            click.echo(f"    {name:<{width}}  {value}")
