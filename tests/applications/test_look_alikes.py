"""Applications as strangers write them run from what is built of them, on Lambda and on a server.

`make test-applications` tries all ten; here are the oldest aiohttp that is built for, and Poetry's
project.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from tests.applications.running import answering
from tests.cache.servers import redis_server

from ferryman.migrate.parity import Difference, compare, open_session, read_table, send
from ferryman.project.keys import flatten
from ferryman.project.setting_sources import read_pyproject

PLACE = Path(__file__).parent / "look_alikes"
ALL = sorted(path.name for path in PLACE.iterdir() if path.is_dir())


def settings_of(name: str) -> Sequence[str]:
    return [*flatten(read_pyproject(PLACE / name)["tool"]["ferryman"])]


@pytest.mark.parametrize("name", ALL)
def test_two_settings_are_enough(name: str) -> None:
    assert 1 <= len(settings_of(name)) <= 2


# aiohttp 3.9 has no wheels from Python 3.13 on, and 3.10 has.
OLDEST = "bot" if sys.version_info < (3, 13) else "uploads"


@pytest.mark.parametrize("name", [OLDEST, "poetry"])
def test_what_was_built_answers_on_lambda_and_on_a_server(name: str, tmp_path: Path) -> None:
    assert try_it(name, tmp_path) == []


def try_it(name: str, scratch: Path) -> list[Difference | str]:
    """Return where the built targets of a look-alike differ from its table, or from each other."""
    with ExitStack() as services:
        variables = {"SESSION_KEY": "c" * 43 + "="}
        if name == "shortener":
            port = services.enter_context(redis_server(scratch))
            variables["REDIS_URL"] = f"redis://127.0.0.1:{port}"
        return asyncio.run(_ask(name, scratch, variables))


async def _ask(name: str, scratch: Path, variables: dict[str, str]) -> list[Difference | str]:
    found: list[Difference | str] = []
    async with answering(PLACE / name, scratch, variables) as targets, open_session() as session:
        for request in read_table(PLACE / f"{name}.toml"):
            answers = {target: await send(session, url, request) for target, url in targets.items()}
            found += compare(request, answers)
        if name == "chat":
            found += await _talk(targets["server"])
    return found


async def _talk(url: str) -> list[str]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws") as socket:
        await socket.send_str("ahoy")
        answer = await socket.receive_json(timeout=30)
    return [] if answer == {"action": "sent", "text": "ahoy"} else [f"the server said {answer}"]


def main(names: Sequence[str]) -> int:
    """Try the look-alikes that are named, or all; print how each did; return the exit status."""
    failed = 0
    for name in names or ALL:
        before = sum(os.times()[:4])
        with tempfile.TemporaryDirectory() as scratch:
            found = try_it(name, Path(scratch))
        for difference in found:
            print(f"{name}: {difference}")
        failed += bool(found)
        how = "FAILED" if found else "answers on both"
        settings, took = ", ".join(settings_of(name)), sum(os.times()[:4]) - before
        print(f"{name}: {how}, settings: {settings}, {took:.0f} s of CPU time", flush=True)
    print(f"{len(names or ALL) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
