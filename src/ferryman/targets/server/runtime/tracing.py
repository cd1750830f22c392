"""A span for each request, sent elsewhere by OpenTelemetry.

Imported where `telemetry` is on and nowhere else, in a worker after the fork: exporters
have threads, which a fork leaves behind. What is sampled and where it goes is said by the
OTEL_* variables; names and attributes are those of the HTTP semantic conventions 1.23 and
later. The query is not among them, as in the access log: it may hold a secret.
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
"""Seconds that the last spans get to be sent, of those that the app's cleanup may take."""

# aiohttp has typed request keys from 3.14 on.
_SPAN: Any = (
    web.RequestKey("ferryman.span", Span) if hasattr(web, "RequestKey") else "ferryman.span"
)
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class Tracing:
    """Makes the spans of one worker.

    Args:
        name: The project's, which the service is called by unless the environment names it.
        version: The project's.

    Raises:
        ConfigError: The environment asks for an exporter that is not installed.
    """

    def __init__(self, name: str, version: str) -> None:
        self._provider = TracerProvider(resource=_resource(name, version), shutdown_on_exit=False)
        for exporter in exporter_names(os.environ):
            self._provider.add_span_processor(BatchSpanProcessor(_exporter(exporter)))
        trace.set_tracer_provider(self._provider)
        self._tracer = self._provider.get_tracer("ferryman.server")

    def begin(self, request: web.BaseRequest) -> str:
        """Start the span of a request, and return its `traceparent`.

        It is the current one for all that the app does for this request: aiohttp answers
        each in a task of its own, so that nothing has to be put back.
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
        """Return a handler that leaves what it raised on the span."""

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
        """End the span of a request, whose response has been sent."""
        span = request.get(_SPAN)
        if span is None or not span.is_recording():
            return  # refused before it reached the app, or not sampled
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
        """Send what has not been sent, within `FLUSH_TIMEOUT`.

        An exporter may try again for longer than anybody waits: its thread is left behind.
        """
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, FLUSH_TIMEOUT)


class _Headers(Getter[CIMultiDictProxy[str]]):
    """Reads headers as propagators do; `tracestate` may come in several."""

    def get(self, carrier: CIMultiDictProxy[str], key: str) -> list[str] | None:
        return carrier.getall(key, None)

    def keys(self, carrier: CIMultiDictProxy[str]) -> list[str]:
        return list(carrier)


_GETTER = _Headers()


def exporter_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return which exporters are asked for, as their packages register them.

    Args:
        environment: The process's: `OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER` and
            `OTEL_EXPORTER_OTLP_PROTOCOL`, as OpenTelemetry's specification has them.
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
    """Return what the spans come from; the environment has the last word."""
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
        # No response signal follows: there is no response, or it broke off.
        span.set_status(StatusCode.ERROR)
        span.end()
