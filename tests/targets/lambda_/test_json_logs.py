"""Log records on Lambda in the shape that a server gives them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

Event = Callable[..., dict[str, Any]]
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


async def answer(request: web.Request) -> web.Response:
    logging.getLogger("shop").warning("no\nstock")
    return web.Response(text="four", status=201)


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/cards/{number}", answer)
    return app


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Stand where awslambdaric's handler stands."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    stream = io.StringIO()
    root, access = logging.getLogger(), logging.getLogger("ferryman.access")
    before, level = root.handlers[:], access.level
    root.handlers[:] = [logging.StreamHandler(stream)]
    yield stream
    root.handlers[:] = before
    access.setLevel(level)


def test_a_request_and_what_the_app_logs_are_lines_of_the_same_request(
    written: io.StringIO, event: Event, context: Any
) -> None:
    handler = LambdaHandler(make_app, EnvironmentOptions(json_logs=True))
    handler(event("/cards/7?token=s3cret"), context)
    handler(event("/cards/8"), context)
    handler.close()
    own, first, _, second = [json.loads(line) for line in written.getvalue().splitlines()]
    assert own["message"] == "no\nstock"
    assert own["request_id"] == first["request_id"] == context.aws_request_id
    assert own["trace_id"] == first["trace_id"] == "5759e988bd862e3fe1be46a994272793"
    assert (first["method"], first["path"], first["status"]) == ("GET", "/cards/7", 201)
    assert first["route"] == second["route"] == "/cards/{number}"
    assert first["duration"] >= 0
    assert first["cold_start"] is True
    assert "cold_start" not in second
    assert "s3cret" not in written.getvalue()


def test_without_the_setting_nothing_is_written_and_no_shape_is_changed(
    written: io.StringIO, event: Event, context: Any
) -> None:
    handler = LambdaHandler(make_app, EnvironmentOptions())
    handler(event("/cards/7"), context)
    handler.close()
    assert written.getvalue() == "no\nstock\n"


@pytest.mark.parametrize(
    ("sent", "trace"),
    [
        (f"00-{'ab' * 16}-{'cd' * 8}-01", "ab" * 16),
        ("00-malformed", "5759e988bd862e3fe1be46a994272793"),
    ],
)
def test_the_trace_that_a_caller_names_goes_before_x_rays(
    written: io.StringIO, event: Event, context: Any, sent: str, trace: str
) -> None:
    handler = LambdaHandler(make_app, EnvironmentOptions(json_logs=True))
    handler(event("/cards/7", headers={"host": "a", "traceparent": sent}), context)
    handler.close()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["trace_id"] for line in lines] == [trace, trace]
