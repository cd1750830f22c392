"""Decorators and senders of other libraries around the handler, as the pages show them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sentry_sdk
from aiohttp import web
from aws_lambda_powertools import Logger
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sentry_sdk.integrations.aiohttp import AioHttpIntegration

import ferryman
from ferryman.targets.lambda_.runtime.handler import HandlerFunction, made_handlers

Event = Callable[..., dict[str, Any]]


async def answer(request: web.Request) -> web.Response:
    if "fail" in request.query:
        raise ValueError("no such order")
    return web.Response(text="hello")


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", answer)
    return app


@pytest.fixture
def handler() -> Iterator[HandlerFunction]:
    yield ferryman.lambda_handler(make_app)
    for made in made_handlers():
        made.close()


def audited(handler: HandlerFunction) -> HandlerFunction:
    @lambda_handler_decorator
    def audit(handler: Any, event: Any, context: Any) -> Any:
        return handler(event, context) | {"audited": True}

    wrapped: HandlerFunction = audit(handler)
    return wrapped


def asked(handler: HandlerFunction) -> HandlerFunction:
    @event_source(data_class=APIGatewayProxyEventV2)
    def handle(event: Any, context: Any) -> Any:
        return handler(event.raw_event, context)

    wrapped: Any = handle
    return lambda event, context: wrapped(event, context)


WRAPPERS: dict[str, Callable[[HandlerFunction], HandlerFunction]] = {
    "a middleware of Powertools": audited,
    "Powertools' event source": asked,
    "Powertools' logger": lambda handler: Logger(service="shop").inject_lambda_context(handler),
}


@pytest.mark.parametrize("way", WRAPPERS)
def test_decorators_take_the_handler(
    way: str, handler: HandlerFunction, event: Event, context: Any
) -> None:
    context.function_name = context.function_version = context.invoked_function_arn = "shop"
    context.memory_limit_in_mb = "512"
    result = WRAPPERS[way](handler)(event(), context)
    assert (result["statusCode"], result["body"]) == (200, "hello")


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Take what is sent over HTTP."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            taken.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("hooks")
def test_sentry_has_sent_an_error_before_the_freeze(
    handler: HandlerFunction,
    collector: tuple[str, list[tuple[str, bytes]]],
    event: Event,
    context: Any,
) -> None:
    place, taken = collector
    sentry_sdk.init(f"http://key@{place}/1", integrations=[AioHttpIntegration()])

    @ferryman.before_freeze
    def send_to_sentry() -> None:
        sentry_sdk.flush(timeout=2)

    try:
        sentry_sdk.capture_message("an order was taken")
        assert handler(event("/"), context)["statusCode"] == 200
        assert any(b"an order was taken" in body for _, body in taken)
        sentry_sdk.capture_exception(ValueError("no such order"))
        handler(event("/?fail=1"), context)
        assert any(b"no such order" in body for _, body in taken)
    finally:
        sentry_sdk.get_client().close(timeout=0)
        sentry_sdk.init()


@pytest.mark.usefixtures("hooks")
def test_opentelemetry_has_sent_a_span_before_the_freeze(
    handler: HandlerFunction,
    collector: tuple[str, list[tuple[str, bytes]]],
    event: Event,
    context: Any,
) -> None:
    place, taken = collector
    provider = TracerProvider()
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"http://{place}/v1/traces"))
    )

    @ferryman.before_freeze
    def send_spans() -> None:
        provider.force_flush(2000)

    with provider.get_tracer("shop").start_as_current_span("take order"):
        handler(event("/"), context)
    handler(event("/"), context)
    provider.shutdown()
    assert [path for path, _ in taken] == ["/v1/traces"]
    assert b"take order" in taken[0][1]
