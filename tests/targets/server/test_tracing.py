"""The spans that reach a collector, from real workers through OpenTelemetry's own exporter."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status
from tests.targets.server.running import APP, Server, running

from ferryman.core.errors import ConfigError
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.image import server_requirements
from ferryman.targets.server.options import ServerOptions
from ferryman.targets.server.runtime.application import ServerApplication
from ferryman.targets.server.runtime.tracing import exporter_names

TRACED = (
    APP
    + """
import time
from opentelemetry import trace

async def card(request):
    time.sleep(0.02)  # so that another worker takes what comes meanwhile
    return web.Response()

async def fail(request):
    raise LookupError("no such card")

async def inner(request):
    with trace.get_tracer("shop").start_as_current_span("query"):
        return web.Response(text=trace.format_span_id(trace.get_current_span().parent.span_id))

app.router.add_get("/cards/{number}", card)
app.router.add_get("/fail", fail)
app.router.add_get("/inner", inner)
"""
)
Request = tuple[str, str, dict[str, str]]

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


class Collector:
    """What an OTLP receiver has been sent."""

    def __init__(self) -> None:
        self.batches: list[ResourceSpans] = []
        self.address = ""
        self.answers = True

    @property
    def spans(self) -> list[Span]:
        return [
            span for batch in self.batches for scope in batch.scope_spans for span in scope.spans
        ]

    async def receive(self, request: web.Request) -> web.Response:
        if not self.answers:
            await asyncio.sleep(3600)
        assert request.content_type == "application/x-protobuf"
        sent = ExportTraceServiceRequest.FromString(await request.read())
        self.batches.extend(sent.resource_spans)
        return web.Response(content_type="application/x-protobuf")


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.receive)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
    # Nothing is sent before the end, so that what arrives was flushed by it.
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    yield collector
    await runner.cleanup()


def attributes(span: Span | Any) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


def access_lines(server: Server) -> list[dict[str, Any]]:
    lines = (line for line in server.log.read_text().splitlines() if line.startswith("{"))
    return [line for line in map(json.loads, lines) if line["logger"] == "ferryman.access"]


async def ask(root: Path, *requests: Request, **options: Any) -> Server:
    """Send requests to a server, each on a connection of its own, and end it."""
    options = {"telemetry": True, "access_log": True, "log_format": "json", **options}
    with running(root, TRACED, plain=False, **options) as server:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while not await answers(session, server):
                assert server.process.poll() is None, server.log.read_text()
                await asyncio.sleep(0.05)
            await asyncio.to_thread(
                server.wait_until, lambda: "workers are ready" in server.log.read_text()
            )

            async def send(method: str, path: str, headers: dict[str, str]) -> None:
                url = f"http://127.0.0.1:{server.port}{path}"
                headers = {"Connection": "close", **headers}
                async with session.request(method, url, headers=headers) as answer:
                    await answer.read()

            # Those that come together are taken by all workers.
            await asyncio.gather(*(send(*request) for request in requests))
            server.process.terminate()
            assert await asyncio.to_thread(server.process.wait) == 0
    return server


async def answers(session: aiohttp.ClientSession, server: Server) -> bool:
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-00"}  # not to be sampled
    try:
        async with session.get(f"http://127.0.0.1:{server.port}/echo?n=0", headers=headers):
            return True
    except aiohttp.ClientConnectionError:
        return False


async def test_each_request_is_one_span_from_whichever_worker(
    collector: Collector, tmp_path: Path
) -> None:
    requests: list[Request] = [("GET", f"/cards/{n}?n=1&token=s3cret", {}) for n in range(40)]
    server = await ask(tmp_path, *requests, workers=2)
    spans = collector.spans
    assert sorted(attributes(span)["url.path"] for span in spans) == sorted(
        f"/cards/{n}" for n in range(40)
    )
    assert {span.name for span in spans} == {"GET /cards/{number}"}
    assert len({span.trace_id for span in spans}) == 40
    workers = {attributes(batch.resource)["process.pid"] for batch in collector.batches}
    assert len(workers) == 2
    lines = {(line["trace_id"], line["span_id"]) for line in access_lines(server)[-40:]}
    assert lines == {(span.trace_id.hex(), span.span_id.hex()) for span in spans}
    assert b"s3cret" not in b"".join(span.SerializeToString() for span in spans)


async def test_a_span_says_what_the_conventions_ask_for(
    collector: Collector, tmp_path: Path
) -> None:
    await ask(
        tmp_path,
        ("GET", "/cards/7?n=1", {"User-Agent": "me", "X-Forwarded-For": "192.0.2.7"}),
        ("GET", "/nowhere", {}),
        ("PROPFIND", "/cards/7", {}),
        trusted_proxies=["127.0.0.0/8"],
        proxy="nginx",
    )
    found, unknown, unusual = collector.spans
    port = attributes(found).pop("server.port")
    assert found.kind == Span.SPAN_KIND_SERVER
    assert found.start_time_unix_nano < found.end_time_unix_nano
    assert attributes(found) == {
        "http.request.method": "GET",
        "http.route": "/cards/{number}",
        "http.response.status_code": 200,
        "url.path": "/cards/7",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": port,
        "client.address": "192.0.2.7",
        "network.protocol.version": "1.1",
        "user_agent.original": "me",
    }
    assert (unknown.name, unknown.status.code) == ("GET", Status.STATUS_CODE_UNSET)
    assert attributes(unknown)["http.response.status_code"] == 404
    assert "http.route" not in attributes(unknown)
    assert unusual.name == "HTTP"
    assert attributes(unusual)["http.request.method_original"] == "PROPFIND"


async def test_the_callers_trace_goes_on_and_its_word_on_sampling_holds(
    collector: Collector, tmp_path: Path
) -> None:
    server = await ask(
        tmp_path,
        ("GET", "/inner", {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1"}),
        ("GET", "/cards/1?n=1", {"traceparent": f"00-{TRACE[::-1]}-{CALLER}-00"}),
    )
    inner, ours = collector.spans
    assert (ours.name, inner.name) == ("GET /inner", "query")
    assert {inner.trace_id.hex(), ours.trace_id.hex()} == {TRACE}
    assert (ours.parent_span_id.hex(), ours.trace_state) == (CALLER, "a=1")
    assert inner.parent_span_id == ours.span_id
    # Its line still says to which trace it belongs.
    assert access_lines(server)[-1]["trace_id"] == TRACE[::-1]


async def test_an_error_of_the_app_is_on_its_span(collector: Collector, tmp_path: Path) -> None:
    await ask(tmp_path, ("GET", "/fail", {}))
    (span,) = collector.spans
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "LookupError"
    assert attributes(span)["http.response.status_code"] == 500
    assert attributes(span.events[0])["exception.message"] == "no such card"


async def test_the_service_is_called_as_the_project_unless_the_environment_names_it(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request: Request = ("GET", "/cards/1?n=1", {})
    await ask(tmp_path, request)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    await ask(tmp_path, request)
    ours, named = (attributes(batch.resource) for batch in collector.batches)
    assert (ours["service.name"], ours["service.version"]) == ("s", "1")
    assert (named["service.name"], named["deployment.environment.name"]) == ("shop", "test")


async def test_a_collector_that_does_not_answer_holds_nobody_up(
    collector: Collector, tmp_path: Path
) -> None:
    collector.answers = False
    loop = asyncio.get_running_loop()
    began = loop.time()
    server = await ask(tmp_path, ("GET", "/cards/1?n=1", {}), graceful_timeout=1)
    assert loop.time() - began < 20
    assert "cleaned up" in server.log.read_text()
    assert collector.spans == []


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ("otlp_proto_http",)),
        ({"OTEL_TRACES_EXPORTER": "console,otlp"}, ("console", "otlp_proto_http")),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ("otlp_proto_grpc",)),
        ({"OTEL_TRACES_EXPORTER": "none"}, ()),
        ({"OTEL_SDK_DISABLED": "true"}, ()),
    ],
)
def test_the_environment_says_where_spans_go(
    environment: dict[str, str], names: tuple[str, ...]
) -> None:
    assert exporter_names(environment) == names


def test_an_exporter_that_is_not_there_ends_the_server_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with running(tmp_path, plain=False, telemetry=True) as server:
        assert server.process.wait(30) == 3
    assert "there is no exporter 'zipkin'" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_without_the_packages_the_install_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {"opentelemetry", *(each for each in sys.modules if "opentelemetry." in each)}:
        monkeypatch.setitem(sys.modules, name, None)
    settings = RuntimeSettings("shop:app", "shop", "1", "server", {"telemetry": True})
    with pytest.raises(ConfigError, match=r"pip install 'ferryman\[otel\]'"):
        ServerApplication(settings)


def test_an_artifact_has_the_packages_where_it_is_on_and_else_not() -> None:
    assert [line for line in server_requirements(ServerOptions()) if "opentele" in line] == []
    asked = server_requirements(ServerOptions(telemetry=True))
    assert any(line.startswith("opentelemetry-exporter-otlp-proto-http") for line in asked)
