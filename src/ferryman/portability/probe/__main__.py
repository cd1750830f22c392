"""What the parent runs: loads the app, starts it, sends requests, and writes what was noted.

The arguments are a file to write to, and what to do as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
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
"""Seconds after the last request, for what its handlers have left behind."""

_STOP = 0.5
"""Seconds that the app's cleanup gets: what it leaves is not looked at."""

_SECRET = 8
"""Letters from which on a cookie's value may be the name of a session."""

_NOWHERE = Place("", 0)


class _Observer:
    """One run of the app."""

    def __init__(self, how: Mapping[str, Any]) -> None:
        self._how = how
        self._code = UserCode(Path(how["root"]))
        self._audit = Audit(self._code)
        self._work = RunningWork(self._code, self._audit)
        self._sender = Sender(self._audit, lambda each: handler_place(self._code, each))
        self._signals = _signals()
        self.found: dict[str, Any] = {"facts": [], "failure": None}

    def run(self) -> None:
        """Run the app and note what it does."""
        with asyncio.Runner() as runner:
            runner.get_loop()  # it becomes the current one, which the app may ask for
            loaded = load_source(AppReference.parse(self._how["app"]))
            self.found["made"] = list(made_at_import(self._code))
            # A factory may be async, and then is awaited on the loop.
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
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._sender.base = site.name
        host, port = runner.addresses[0][:2]
        self._sender.base = f"http://{host}:{port}"
        self._started(app, loaded)
        await self._requests(app)
        self._audit.stop()
        await run_within("the app's cleanup", runner.cleanup(), _STOP)

    def _started(self, app: web.Application, loaded: object) -> None:
        note = self.found["facts"].append
        for place, _ in self._work.alive():
            note(Fact("M201", place, "a task runs from the start on"))
        for thread, place, _ in self._audit.threads:
            if thread.is_alive():
                note(Fact("M202", place, "a thread runs from the start on"))
        for name, handled in _signals().items():
            if handled != self._signals[name]:
                note(Fact("M513", _NOWHERE, f"{name} is handled by the app"))
        self._audit.threads.clear()
        size = app._client_max_size
        note(Fact("M103", _NOWHERE, f"the app takes bodies up to {size_text(size)}", float(size)))
        apps = all_apps(app)
        self.found |= {
            "handlers": [_pair(each) for each in handlers(self._code, app)],
            "starters": [_pair(each) for each in starters(self._code, app, loaded)],
            "containers": containers(apps),
            "modules": {name: module.__file__ for name, module in self._code.modules().items()},
        }

    async def _requests(self, app: web.Application) -> None:
        note = self.found["facts"].append
        requests = _read_requests(self._how["requests"]) or plain_requests(app)
        if self._how["cookies"]:
            again = with_cookies(requests, self._how["cookies"])
            self.found["statuses"] = await self._statuses(again)
            return
        memory = Memory(self._code, all_apps(app), held_by_handlers(self._code, app))
        before = memory.snapshot()
        sent = await self._sender.send(requests, self._how["seconds"])
        for place, handler in self._work.alive():
            note(Fact("M203", place, "a task outlives its answer", handler=handler))
        await asyncio.sleep(_SETTLE)
        for thread, place, handler in self._audit.threads:
            if thread.is_alive():
                note(Fact("M204", place, "a thread outlives its answer", float("inf"), "", handler))
        changes = differing(before, memory.snapshot())
        self.found["changes"] = [_change(each, self._sender.cookies) for each in changes]
        self.found["sent"] = [each.to_json() for each in sent]
        self.found["unsent"] = len(requests) - len(sent)
        for fact in (*self._sender.facts, *self._audit.facts, *self._audit.left_files()):
            note(fact)
        if self._sender.cookies:
            again = with_cookies(requests, self._sender.cookies)
            self.found["cookies"] = dict(self._sender.cookies)
            self.found["statuses"] = await self._statuses(again)

    async def _statuses(self, requests: Sequence[ParityRequest]) -> dict[str, Any]:
        """Return what each request was answered with, and by which handler."""
        sent = await self._sender.send(requests, self._how["seconds"] / 4)
        return {each.name: [each.status, _pair(each.handler)] for each in sent if each.handler}


def _pair(place: Place | None) -> list[Any] | None:
    return [place.file, place.line] if place else None


def _change(change: Change, cookies: Mapping[str, str]) -> dict[str, Any]:
    """Return a change as JSON has it, and whether it is of sessions."""
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
    """Return what handles each signal, but asyncio's own handler of Ctrl-C."""
    handled = {
        number.name: repr(signal.getsignal(number))
        for number in signal.Signals
        if number in signal.valid_signals()
    }
    if "_on_sigint" in handled["SIGINT"]:
        handled["SIGINT"] = repr(signal.default_int_handler)
    return handled


def _read_requests(file: str | None) -> tuple[ParityRequest, ...]:
    if file is None:
        return ()
    path = Path(file)
    return read_har(path) if path.suffix.lower() == ".har" else read_table(path)


def main() -> None:
    """Run the app as the arguments say, and write what was found as JSON."""
    answer, told = sys.argv[1:]
    how = json.loads(told)
    sys.argv[:] = sys.argv[:1]
    sys.path[:] = [how["imported_from"], *(path for path in sys.path if path != str(Path.cwd()))]
    sys.dont_write_bytecode = True
    # What the app logs is for those who run it.
    logging.getLogger().addHandler(logging.NullHandler())
    observer = _Observer(how)
    try:
        observer.run()
    except FerrymanError as error:
        observer.found["failure"] = error.as_dict()
    found = observer.found
    found["facts"] = [each.to_json() for each in found["facts"]]
    Path(answer).write_text(json.dumps(found), encoding="utf-8")
    # The process ends even if the app has left threads behind.
    os._exit(0)


if __name__ == "__main__":
    main()
