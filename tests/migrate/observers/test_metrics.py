"""A real server's own metrics: its answers, its failures, and its times."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.ports import free_port
from tests.targets.server.running import get, running

from ferryman.core.errors import FerrymanError
from ferryman.core.judge import Counts
from ferryman.migrate.observers import TwoSides, since
from ferryman.migrate.observers.metrics import Metrics, read_metrics

APP = """
import asyncio
from aiohttp import web

async def answer(request):
    await asyncio.sleep(float(request.query.get("for", 0)))
    return web.Response(status=int(request.match_info["status"]))

app = web.Application()
app.router.add_get("/{status}", answer)
"""


def test_answers_since_the_look_before_are_counted_by_kind(tmp_path: Path) -> None:
    admin = free_port()
    with running(tmp_path / "s", APP, plain=False, admin_bind=f"127.0.0.1:{admin}") as server:
        server.wait_until(lambda: get(server.port, "/200")[0] == 200)
        observer = Metrics(f"http://127.0.0.1:{admin}/metrics")
        for _ in range(150):
            get(server.port, "/200")
        first = observer.look(None, None)
        assert first.counts == Counts(), "what was before is not counted"
        limit = first.slow_limit
        assert limit is not None
        # With the limit the counting of slow answers begins.
        begun = observer.look(first.cursor, limit)
        for status in (200, 200, 404, 500, 503):
            get(server.port, f"/{status}")
        get(server.port, f"/200?for={limit * 4 + 0.05}")
        second = observer.look(begun.cursor, limit)
        assert (second.counts.answers, second.counts.failures, second.counts.rejections) == (
            6,
            2,
            1,
        )
        assert second.counts.slow >= 1
        both = TwoSides(observer, observer).look({"old": begun.cursor, "new": second.cursor}, limit)
    assert (both.old.answers, both.new.answers) == (6, 0)


def test_a_server_that_was_started_again_counts_from_nothing() -> None:
    def text(answers: int, failures: int) -> str:
        name = "http_server_request_duration_seconds_count"
        return "".join(
            f'{name}{{http_response_status_code="{status}"}} {count}\n'
            for status, count in ((200, answers), (500, failures))
        )

    before, after = (read_metrics(text(*each)).counts(None) for each in ((1000, 3), (20, 1)))
    assert since(after, before) == after


def test_a_server_without_metrics_is_named(unused_tcp_port: int) -> None:
    with pytest.raises(FerrymanError, match="gives no metrics") as raised:
        Metrics(f"http://127.0.0.1:{unused_tcp_port}/metrics").look(None, None)
    assert "admin port" in str(raised.value)
