"""The probe's process: starts the app, sends requests to it, and writes a record of its actions.

`probing.run_probe` starts it. The arguments are the file for the record, and the task as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from ferryman.core.app_reference import AppReference
from ferryman.core.errors import FerrymanError
from ferryman.core.lifecycle import run_within, start_app
from ferryman.core.loader import call_source, load_app, load_source
from ferryman.migrate.har import read_har
from ferryman.migrate.parity import ParityRequest, read_table
from ferryman.portability.finding import Fact, Place
from ferryman.portability.probe.audit import Audit
from ferryman.portability.probe.made_at_import import made_at_import
from ferryman.portability.probe.memory_walk import Change, Memory, containers, differing
from ferryman.portability.probe.routes_found import (
    all_apps,
    handler_place,
    handlers,
    held_by_handlers,
    starters,
)
from ferryman.portability.probe.running_work import RunningWork
from ferryman.portability.probe.sending import Sender, plain_requests, with_cookies
from ferryman.portability.probe.user_code import UserCode
from ferryman.records.wording import size_text

_SETTLE = 0.03
"""Seconds after the last request, in which short-lived threads may end."""

_STOP = 0.5
"""Seconds that the app's cleanup may take. The record ends before it."""

_SECRET = 8
"""The fewest characters of a cookie's value that may identify a session."""

_NOWHERE = Place("", 0)


class _Observer:
    """Runs the app once, and records what it does in `found`."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task = task
        self._code = UserCode(Path(task["root"]))
        self._audit = Audit(self._code)
        self._work = RunningWork(self._code, self._audit)
        self._sender = Sender(self._audit, lambda each: handler_place(self._code, each))
        self._signals = _signals()
        self.found: dict[str, Any] = {"facts": [], "failure": None}

    def run(self) -> None:
        """Run the app and record what it does."""
        with asyncio.Runner() as runner:
            runner.get_loop()  # sets the current loop, which the app may ask for at import
            loaded = load_source(AppReference.parse(self._task["app"]))
            self.found["made"] = list(made_at_import(self._code))
            # A factory may be async: load_app then awaits it on the loop.
            runner.run(self._observe(loaded, call_source(loaded)))

    async def _observe(self, loaded: object, source: Any) -> None:
        self._work.watch(asyncio.get_running_loop())
        made: list[web.Application] = []

        async def make() -> web.Application:
            made.append(await load_app(source))
            made[0].on_response_prepare.append(self._sender.prepared)
            return made[0]

        runner = await start_app(make, shutdown_timeout=0.1)
        app = made[0]
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self._sender.base = f"http://{host}:{port}"
        self._started(app, loaded)
        await self._requests(app)
        self._audit.stop()
        await run_within("the app's cleanup", runner.cleanup(), _STOP)

    def _started(self, app: web.Application, loaded: object) -> None:
        note = self.found["facts"].append
        for place, _ in self._work.alive():
            note(Fact("M201", place, "a task starts with the app"))
        for thread, place, _ in self._audit.threads:
            if thread.is_alive():
                note(Fact("M202", place, "a thread starts with the app"))
        for name, handler in _signals().items():
            if handler != self._signals[name]:
                note(Fact("M513", _NOWHERE, f"the app handles {name}"))
        self._audit.threads.clear()
        size = app._client_max_size
        note(Fact("M103", _NOWHERE, f"the app accepts bodies up to {size_text(size)}", float(size)))
        apps = all_apps(app)
        self.found |= {
            "handlers": [_pair(each) for each in handlers(self._code, app)],
            "starters": [_pair(each) for each in starters(self._code, app, loaded)],
            "containers": containers(apps),
            "modules": {name: module.__file__ for name, module in self._code.modules().items()},
        }

    async def _requests(self, app: web.Application) -> None:
        note = self.found["facts"].append
        requests = _read_requests(self._task["requests"]) or plain_requests(app)
        if self._task["cookies"]:
            again = with_cookies(requests, self._task["cookies"])
            self.found["statuses"] = await self._statuses(again)
            return
        memory = Memory(self._code, all_apps(app), held_by_handlers(self._code, app))
        before = memory.snapshot()
        sent = await self._sender.send(requests, self._task["seconds"])
        for place, handler in self._work.alive():
            note(Fact("M203", place, "a task outlives its response", handler=handler))
        await asyncio.sleep(_SETTLE)
        for thread, place, handler in self._audit.threads:
            if thread.is_alive():
                what = "a thread outlives its response"
                note(Fact("M204", place, what, math.inf, handler=handler))
        changes = differing(before, memory.snapshot())
        self.found["changes"] = [_change(each, self._sender.cookies) for each in changes]
        self.found["sent"] = len(sent)
        self.found["unsent"] = len(requests) - len(sent)
        for fact in (*self._sender.facts, *self._audit.facts, *self._audit.left_files()):
            note(fact)
        if self._sender.cookies:
            again = with_cookies(requests, self._sender.cookies)
            self.found["cookies"] = dict(self._sender.cookies)
            self.found["statuses"] = await self._statuses(again)

    async def _statuses(self, requests: Sequence[ParityRequest]) -> dict[str, Any]:
        """Send requests, and return the status and the handler of each, by its name."""
        sent = await self._sender.send(requests, self._task["seconds"] / 4)
        return {each.name: [each.status, _pair(each.handler)] for each in sent if each.handler}


def _pair(place: Place | None) -> list[Any] | None:
    return [place.file, place.line] if place else None


def _change(change: Change, cookies: Mapping[str, str]) -> dict[str, Any]:
    """Return a change as JSON data. A key that resembles a cookie's value is a session's."""
    values = [value for value in cookies.values() if len(value) >= _SECRET]
    of_session = any(
        key in value or value in key
        for key in change.added
        for value in values
        if len(key) >= _SECRET
    )
    node = change.node
    return {
        "path": change.path,
        "root": node.root,
        "owner": node.owner,
        "name": node.name,
        "session": of_session,
    }


def _signals() -> dict[str, str]:
    """Return a text for the handler of each signal, by the signal's name.

    asyncio's own handler of Ctrl-C counts as Python's default.
    """
    by_name = {
        number.name: repr(signal.getsignal(number))
        for number in signal.Signals
        if number in signal.valid_signals()
    }
    if "_on_sigint" in by_name["SIGINT"]:
        by_name["SIGINT"] = repr(signal.default_int_handler)
    return by_name


def _read_requests(file: str | None) -> tuple[ParityRequest, ...]:
    if file is None:
        return ()
    path = Path(file)
    return read_har(path) if path.suffix.lower() == ".har" else read_table(path)


def main() -> None:
    """Run the app as the arguments say, and write the record as JSON."""
    record, task = sys.argv[1], json.loads(sys.argv[2])
    sys.argv[:] = sys.argv[:1]
    sys.path[:] = [task["imported_from"], *(path for path in sys.path if path != str(Path.cwd()))]
    sys.dont_write_bytecode = True
    logging.getLogger().addHandler(logging.NullHandler())  # drops the app's log
    observer = _Observer(task)
    try:
        observer.run()
    except FerrymanError as error:
        observer.found["failure"] = error.as_dict()
    found = observer.found
    found["facts"] = [each.to_json() for each in found["facts"]]
    Path(record).write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)  # ends the process even if the app left threads behind


if __name__ == "__main__":
    main()
