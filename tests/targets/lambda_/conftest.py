from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, runtime_api

from ferryman.core import freezing
from ferryman.core.loader import AppSource
from ferryman.targets.lambda_.runtime.handler import LambdaHandler


@dataclass
class Context:
    aws_request_id: str = "request-1"
    milliseconds: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


Call = Callable[..., dict[str, Any]]


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def event() -> Call:
    """Make a Function URL's event, of the shape that AWS documents."""

    def make(target: str = "/", method: str = "GET", **changes: Any) -> dict[str, Any]:
        path, _, query = target.partition("?")
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "abc.lambda-url.eu-west-1.on.aws", "x-forwarded-proto": "https"},
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": "abc.lambda-url.eu-west-1.on.aws",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "test",
                },
                "requestId": "request-1",
                "stage": "$default",
                "timeEpoch": 1763890000000,
            },
            "isBase64Encoded": False,
        } | changes

    return make


@pytest.fixture
def handler_of() -> Iterator[Callable[[AppSource], LambdaHandler]]:
    """Make handlers, and close what was made when the test ends."""
    made: list[LambdaHandler] = []

    def make(source: AppSource) -> LambdaHandler:
        handler = LambdaHandler(source)
        made.append(handler)
        return handler

    yield make
    for handler in made:
        handler.close()


@pytest.fixture
async def api() -> AsyncIterator[RuntimeApi]:
    """Serve a Runtime API."""
    async with runtime_api() as opened:
        yield opened


@pytest.fixture
async def run(api: RuntimeApi, tmp_path: Path) -> AsyncIterator[Callable[..., Runtime]]:
    """Start runtimes as processes of their own, with an app of the source that is given."""
    started: list[Runtime] = []
    numbers = itertools.count()

    def start(source: str, **options: object) -> Runtime:
        directory = tmp_path / str(next(numbers))
        directory.mkdir()
        started.append(Runtime(api, directory, source, **options))
        return started[-1]

    yield start
    for runtime in started:
        runtime.kill()


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no hooks before the freeze but those that the test registers."""
    fresh: list[Callable[[], object]] = []
    monkeypatch.setattr(freezing, "HOOKS", fresh)
    monkeypatch.setattr("ferryman.targets.lambda_.runtime.tasks.HOOKS", fresh)
