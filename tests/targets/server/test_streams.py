"""The handlers of `docs/how-to/streams.md` end by themselves when the server does."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from pathlib import Path

import aiohttp
import pytest
from tests.targets.server.running import FAREWELLS, running

import ferryman

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "streams.md").read_text(encoding="utf-8")
SOURCE = re.findall(r'^```python title="streams.py"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)[0]
GRACE = 30.0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
async def test_the_documented_handlers_end_with_the_server(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with running(tmp_path, SOURCE, plain=False, graceful_timeout=GRACE) as server:
        server.wait_until(lambda: "Booting worker" in server.log.read_text())
        base = f"http://127.0.0.1:{server.port}"
        async with (
            aiohttp.ClientSession(base) as session,
            session.get("/events") as events,
            session.ws_connect("/talk") as talk,
            session.ws_connect("/clock") as clock,
        ):
            assert await events.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
            assert (await session.post("/publish", data="news")).status == 202
            assert await events.content.readuntil(b"\n\n") == b"data: news\n\n"
            await talk.send_str("hello")
            assert await talk.receive_str() == "hello"
            assert await clock.receive_str() == "1"
            old = server.workers()
            began = time.monotonic()
            server.signal(sent)
            async with asyncio.timeout(GRACE / 2):
                assert await events.content.read() == b""
                for socket in (talk, clock):
                    while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                        pass
                    assert socket.close_code in FAREWELLS
        await asyncio.to_thread(server.wait_until_gone, old)
        assert time.monotonic() - began < GRACE / 2
        assert "cut short" not in server.log.read_text()


async def test_where_no_server_runs_the_event_is_there_and_a_test_may_set_it() -> None:
    assert not ferryman.draining().is_set()
    assert ferryman.draining() is ferryman.draining()
    waiting = asyncio.create_task(ferryman.draining().wait())
    await asyncio.sleep(0)
    ferryman.draining().set()
    assert await waiting


def test_each_event_loop_has_an_event_of_its_own() -> None:
    async def is_set() -> bool:
        found = ferryman.draining().is_set()
        ferryman.draining().set()
        return found

    assert [asyncio.run(is_set()) for _ in range(2)] == [False, False]
    with pytest.raises(RuntimeError, match="no running event loop"):
        ferryman.draining()
