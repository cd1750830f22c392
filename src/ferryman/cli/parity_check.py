"""`ferryman check --parity`: sends the same requests to each target and compares responses."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import AppError, ConfigError
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from aiohttp.test_utils import TestServer

    from ferryman.core.app_reference import AppReference
    from ferryman.core.loader import AppSource
    from ferryman.migrate.parity import Answer, Difference, ParityRequest
    from ferryman.project.project import Project

    Setup = str | tuple[ParityRequest, ...]

__all__ = ("check_parity",)


def check_parity(project: Project, path: Path, targets: tuple[str, ...], as_json: bool) -> int:
    """Print the differences between the targets' responses to a file of requests.

    Args:
        project: The project; its app starts in a new process for each target.
        path: A table of requests in TOML, or a HAR file.
        targets: The targets, such as `server` and `lambda:alb`.
        as_json: Whether the differences are printed as JSON.

    Returns: 1 if responses differ, else 0.

    Raises:
        ConfigError: The file cannot be read, or there is no such target.
        AppError: The app could not be loaded or started.
    """
    from ferryman.building.app_files import import_root
    from ferryman.migrate.har import read_har
    from ferryman.migrate.parity import agreed_errors, compare, read_setup, read_table

    # The app's log would appear once for each target; only responses are compared.
    logging.getLogger().addHandler(logging.NullHandler())
    recorded = path.suffix.lower() == ".har"
    requests = read_har(path) if recorded else read_table(path)
    setup = () if recorded else read_setup(path)
    sys.path.insert(0, str(import_root(project)))
    answers = {name: _answers(project, name, requests, setup) for name in targets}
    found = [
        difference
        for number, request in enumerate(requests)
        for difference in compare(request, {name: answers[name][number] for name in targets})
    ]
    _show(found, as_json)
    differing = len({each.request for each in found})
    verdict = f"{differing} answered differently" if found else "all answered alike"
    click.echo(f"{counted(len(requests), 'request')}, {verdict}", err=True)
    for status, count in sorted(agreed_errors(requests, answers).items()):
        where = "both" if len(targets) == 2 else f"all {len(targets)}"
        click.echo(
            f"warning: {count} of {len(requests)} get {status} on {where}, perhaps not what you "
            "mean; set the `status` that you expect in the table",
            err=True,
        )
    return 1 if found else 0


def _answers(
    project: Project, name: str, requests: tuple[ParityRequest, ...], setup: Setup
) -> list[Answer]:
    """Return a target's responses, in order, from an app in a process of its own.

    An app at its module's top level exists once in a process, and can start only once.
    """
    if isinstance(setup, str):
        _run(setup, project.root)
        setup = ()
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, fork, initializer=_speak_to_stderr) as process:
        try:
            return process.submit(_ask_in_process, project.app, name, requests, setup).result()
        except BrokenProcessPool:
            raise AppError(
                f"the application ended its process while it ran as {name}",
                hint="look for os._exit or a crash of an extension in what it printed",
            ) from None


def _speak_to_stderr() -> None:
    """Redirect the app's output to standard error; the differences go to standard output."""
    os.dup2(2, 1)


def _run(command: str, root: Path) -> None:
    done = subprocess.run(("/bin/sh", "-c", command), cwd=root, stdout=2, check=False)
    if done.returncode:
        raise ConfigError(
            f"the setup command ended with {done.returncode}: {command}",
            hint="it runs in the project's directory, before each target",
        )


def _ask_in_process(
    app: AppReference,
    name: str,
    requests: tuple[ParityRequest, ...],
    setup: tuple[ParityRequest, ...],
) -> list[Answer]:
    from ferryman.core.loader import run_with_app

    return run_with_app(app, partial(_ask, name, requests, setup))


async def _ask(
    name: str,
    requests: tuple[ParityRequest, ...],
    setup: tuple[ParityRequest, ...],
    source: AppSource,
) -> list[Answer]:
    """Return a target's responses, in order."""
    from ferryman.core.loader import load_app
    from ferryman.migrate.parity import open_session, send

    server = _server(name)(await load_app(source))
    async with server, open_session() as session:
        base = str(server.make_url("")).rstrip("/")
        for request in setup:
            status = (await send(session, base, request)).status
            if status != request.status and not 200 <= status < 400:
                raise ConfigError(
                    f"the setup request {request.name} is answered with {status} on {name}",
                    hint="give the `status` that it should have, or fix the request",
                )
        return [await send(session, base, request) for request in requests]


def _server(name: str) -> type[TestServer]:
    from ferryman.targets.registry import find_target, runs_like

    target, _, source = name.partition(":")
    kind = runs_like(find_target(target))
    if kind == "lambda":
        from ferryman.local.lambda_.event_server import event_server

        return event_server(source or "function-url")
    if source:
        raise ConfigError(
            f"{name}: the target {target} has no event sources", hint="lambda:SOURCE does"
        )
    from ferryman.local.plain_server import PlainServer

    return PlainServer


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
