"""Loads, starts and stops an app from a finished artifact, in a process of its own.

It runs by its path, in an interpreter that only sees the artifact and the standard library, so it
imports the ferryman that ships. It writes its findings as JSON to a file; the app's output is left
alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_START_LIMIT = 10.0
"""Seconds: a function's init gets no more from Lambda, and a server should not need them."""

_STOP_LIMIT = 5.0

# These errors mean that the app needs something that exists only where it runs.
_UNREACHABLE = (ConnectionError, TimeoutError, asyncio.TimeoutError, socket.gaierror)
_UNREACHABLE_BY_NAME = {
    *("EndpointConnectionError", "NoCredentialsError", "NoRegionError", "OperationalError"),
    *("ServerSelectionTimeoutError", "ClientConnectorError", "KafkaConnectionError"),
}


class Unset:
    """Records unset variables that the app reads from the environment."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        environment = type(os.environ)
        ask: Callable[[Any, str], str] = environment.__getitem__

        def asked(mapping: Any, name: str) -> str:
            try:
                return ask(mapping, name)
            except KeyError:
                self.names[name] = None
                raise

        environment.__getitem__ = asked  # type: ignore[method-assign]


class Absent:
    """Records missing files below a directory that the app tries to open."""

    def __init__(self, directory: str) -> None:
        self.places: dict[str, None] = {}
        self._directory = directory
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.listdir", "os.scandir") or not arguments:
            return
        path = arguments[0]
        if isinstance(path, (str, bytes, os.PathLike)):
            self.note(os.fsdecode(path))

    def note(self, path: str) -> None:
        """Record a path, if it is below the directory and does not exist."""
        whole = os.path.normpath(Path(self._directory, path))
        below = whole.startswith(self._directory + os.sep)
        if below and "__pycache__" not in whole and not os.path.lexists(whole):
            self.places[os.path.relpath(whole, self._directory)] = None


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, its causes, and the members of groups."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def need_of(error: BaseException, unset: Unset, provided: list[str]) -> str:
    """Return the missing need that made the app fail, in words, or None."""
    for one in chain(error):
        kind = type(one)
        if isinstance(one, ModuleNotFoundError) and f"{one.name}".partition(".")[0] in provided:
            return f"{one.name}, which the target's runtime provides and this machine does not"
        for name in unset.names:
            if name in str(one):
                return f"the variable {name}, which is not set here"
        if kind.__name__ == "ValidationError" and kind.__module__.startswith("pydantic"):
            missing = [each["loc"] for each in one.errors() if each["type"] == "missing"]  # type: ignore[attr-defined]
            if missing and len(missing) == len(one.errors()):  # type: ignore[attr-defined]
                names = ", ".join(str(place[0]).upper() for place in missing if place)
                return f"settings that are not here ({names})"
        if kind.__module__.startswith("dynaconf") and "is required in env" in str(one):
            return f"settings that are not here ({one})"
        if isinstance(one, _UNREACHABLE) or kind.__name__ in _UNREACHABLE_BY_NAME:
            return f"what cannot be reached from here ({kind.__name__}: {one})"
    return ""


async def start_and_stop(source: Any, found: dict[str, Any]) -> None:
    """Load the app, start it and stop it, recording each stage."""
    from aiohttp import web

    from ferryman.core.lifecycle import start_failure
    from ferryman.core.loader import load_app

    app = await load_app(source)
    found["stage"] = "start"
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    try:
        async with asyncio.timeout(_START_LIMIT):
            await runner.setup()
    except BaseException as error:
        raise start_failure(error) from error
    found["stage"] = "stop"
    async with asyncio.timeout(_STOP_LIMIT):
        await runner.cleanup()


def try_app(how: dict[str, Any], found: dict[str, Any], directory: str) -> None:
    """Try the app as far as asked, recording each stage and what the target does not support."""
    from importlib import import_module

    from ferryman.core import capabilities
    from ferryman.core.loader import AppReference, call_source, load_source

    misfits = import_misfits()
    for module in how["modules"]:
        import_module(module)
    offered = import_module(how["capability"]).CAPABILITIES
    capabilities.declare(offered)
    reference = AppReference.parse(how["app"])
    for name, value in how["settings"].items():
        os.environ.setdefault(name, value)

    heard = misfits.Heard(directory, offered.writable)
    found["stage"] = "import"
    with asyncio.Runner() as runner:
        runner.get_loop()  # as the runtimes do, for an app that asks at import
        try:
            with heard.importing():
                load_source(reference)
            look(misfits.clients_made(directory), found)
            if how["start"]:
                runner.run(start_and_stop(call_source(reference), found))
        finally:
            found["misfits"] += heard.notes
    found["stage"] = "done"


def import_misfits() -> Any:
    """Return the module `target_misfits`, which is beside this file and not in the artifact."""
    import ferryman

    ferryman.__path__.append(str(Path(__file__).parents[1]))
    try:
        from ferryman.building import target_misfits
    finally:
        ferryman.__path__.pop()
    return target_misfits


def look(notes: Iterator[str], found: dict[str, Any]) -> None:
    """Record notes on an app; its objects may raise when they are inspected."""
    with suppress(Exception):
        for note in notes:
            found["misfits"].append(note)


def main() -> None:
    """Try the app that the settings name, and write the findings.

    The arguments are the output file, the task as JSON, and the artifact's directories, its own
    files first.
    """
    answer, told, *paths = sys.argv[1:]
    how = json.loads(told)
    here = str(Path(__file__).parent)
    sys.path[:] = [*paths, *(path for path in sys.path if path != here)]
    found: dict[str, Any] = {"stage": "runtime", "failure": None, "need": "", "misfits": []}
    unset, absent = Unset(), Absent(paths[0])
    try:
        try_app(how, found, paths[0])
    except BaseException as error:
        from ferryman.core.errors import FerrymanError

        if not isinstance(error, FerrymanError) and found["stage"] != "stop":
            raise
        shown = error if isinstance(error, FerrymanError) else FerrymanError(repr(error))
        if type(error).__name__ == "AppFactoryFailed":
            found["stage"] = "make"
        found["failure"] = [type(error).__name__, shown.message, shown.cause, shown.hint]
        found["need"] = need_of(error, unset, how["provided"])
        for word in f"{shown.cause}".replace("'", '"').split('"'):
            absent.note(word)
    found["absent"] = list(absent.places)
    found["misfits"] += import_misfits().invalid_files(Path(paths[0]))
    Path(answer).write_text(json.dumps(found), encoding="utf-8")
    # Threads that the app left running must not delay the exit.
    os._exit(0)


if __name__ == "__main__":
    main()
