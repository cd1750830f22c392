"""Creates a span for each request, and exports it through OpenTelemetry.

A worker imports it after the fork, only if `telemetry` is on, because exporters have threads that a
fork does not copy. The OTEL_* variables decide about sampling and export. Names and attributes
follow the HTTP semantic conventions, 1.23 and later. Spans leave out the query, as the access log
does, because it may hold a secret.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from threading import Thread
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy
from opentelemetry import context, propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

from ferryman.core.access import route_template
from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.admission import Handler
from ferryman.targets.server.runtime.metrics import known_method

__all__ = ("FLUSH_TIMEOUT", "Tracing", "exporter_names")

FLUSH_TIMEOUT = 2.0
"""Seconds for the export of the last spans, within the time of the app's cleanup."""

# aiohttp has typed request keys from 3.14 on.
_SPAN: Any = (
    web.RequestKey("ferryman.span", Span) if hasattr(web, "RequestKey") else "ferryman.span"
)
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class Tracing:
    """Creates the spans of a worker.

    Args:
        name: The project's name, which is the service's name unless the environment sets one.
        version: The project's version.

    Raises:
        ConfigError: The environment names an exporter that is not installed.
    """

    def __init__(self, name: str, version: str) -> None:
        self._provider = TracerProvider(resource=_resource(name, version), shutdown_on_exit=False)
        for exporter in exporter_names(os.environ):
            self._provider.add_span_processor(BatchSpanProcessor(_exporter(exporter)))
        trace.set_tracer_provider(self._provider)
        self._tracer = self._provider.get_tracer("ferryman.server")

    def begin(self, request: web.BaseRequest) -> str:
        """Start the span of a request, and return its `traceparent`.

        It is the current span for all code that handles this request. aiohttp runs each request in
        its own task, so the previous span need not be restored.
        """
        parent = propagate.extract(request.headers, context.Context(), _GETTER)
        span = self._tracer.start_span(
            _name(request.method, None), parent, SpanKind.SERVER, _attributes(request)
        )
        context.attach(trace.set_span_in_context(span, parent))
        request[_SPAN] = span
        found = span.get_span_context()
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"

    def watch(self, handler: Handler) -> Handler:
        """Return a handler that records its exceptions on the span."""

        async def watched(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await handler(request)
            except web.HTTPException:
                raise
            except BaseException as error:
                _fail(request, error)
                raise

        return watched

    def end(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """End the span of a request after its response."""
        span = request.get(_SPAN)
        if span is None or not span.is_recording():
            return  # rejected before the app, or not sampled
        route = route_template(request)
        if route:
            span.update_name(_name(request.method, route))
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", response.status)
        if response.status >= 500:
            if "error.type" not in (getattr(span, "attributes", None) or ()):
                span.set_attribute("error.type", str(response.status))
            span.set_status(StatusCode.ERROR)
        span.end()

    async def stop(self) -> None:
        """Export the remaining spans within `FLUSH_TIMEOUT`.

        An exporter may retry for longer; then its thread is abandoned.
        """
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, FLUSH_TIMEOUT)


class _Headers(Getter[CIMultiDictProxy[str]]):
    """Reads headers for propagators; `tracestate` may have several headers."""

    def get(self, carrier: CIMultiDictProxy[str], key: str) -> list[str] | None:
        return carrier.getall(key, None)

    def keys(self, carrier: CIMultiDictProxy[str]) -> list[str]:
        return list(carrier)


_GETTER = _Headers()


def exporter_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the required exporters, under the names that their packages register.

    Args:
        environment: The process's variables: `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER` and
            `OTEL_EXPORTER_OTLP_PROTOCOL`, as in OpenTelemetry's specification.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", ""
    )
    asked = (environment.get("OTEL_TRACES_EXPORTER") or "otlp").split(",")
    otlp = _PROTOCOLS.get(protocol or "http/protobuf", protocol)
    names = (otlp if name.strip() == "otlp" else name.strip() for name in asked)
    return tuple(name for name in names if name not in ("", "none"))


def _exporter(name: str) -> SpanExporter:
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        exporter: SpanExporter = found.load()()
        return exporter
    raise ConfigError(
        f"telemetry: there is no exporter {name!r}",
        cause="OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL asks for it",
        hint="add the package that has it to the project's dependencies, or unset the variable",
    )


def _resource(name: str, version: str) -> Resource:
    """Return the resource of the spans; the environment overrides it."""
    ours: dict[str, AttributeValue] = {
        "service.name": name,
        "service.version": version,
        "process.pid": os.getpid(),
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def _name(method: str, route: str | None) -> str:
    known = known_method(method)
    shown = "HTTP" if known == "_OTHER" else known
    return f"{shown} {route}" if route else shown


def _attributes(request: web.BaseRequest) -> dict[str, AttributeValue]:
    method = known_method(request.method)
    host = _HOST.fullmatch(request.host or "")
    version = request.version
    found = {
        "http.request.method": method,
        "http.request.method_original": request.method if method == "_OTHER" else None,
        "url.path": request.rel_url.raw_path,
        "url.scheme": request.scheme,
        "server.address": host[1] if host else None,
        "server.port": int(host[2]) if host and host[2] else None,
        "client.address": request.remote,
        "network.protocol.version": f"{version.major}.{version.minor}",
        "user_agent.original": request.headers.get("User-Agent"),
    }
    return {key: value for key, value in found.items() if value}


def _fail(request: web.BaseRequest, error: BaseException) -> None:
    span = request.get(_SPAN)
    if span is None:
        return
    span.record_exception(error)
    span.set_attribute("error.type", type(error).__qualname__)
    if isinstance(error, asyncio.CancelledError) or request.writer.output_size > 0:
        # No response signal follows, because the response is missing or incomplete.
        span.set_status(StatusCode.ERROR)
        span.end()
