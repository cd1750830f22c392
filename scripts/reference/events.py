"""The page of event sources, made from the tables that the tests use."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.reference.markdown import GENERATED, table

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.faults import FAULTS
from ferryman.local.gateway.losses import CANNOT_CARRY, Loss
from ferryman.targets.lambda_.runtime.events import SOURCES
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("events_page",)

_TITLES = {
    "function-url": "Lambda Function URL",
    "http-api": "HTTP API, payload format 2.0",
    "http-api-v1": "HTTP API, payload format 1.0",
    "rest-api": "REST API",
    "alb": "Application Load Balancer",
    "alb-multi-value": "Application Load Balancer with multi-value headers",
    "lattice-v1": "VPC Lattice, event structure V1",
    "lattice-v2": "VPC Lattice, event structure V2",
    "edge": "Lambda@Edge, viewer and origin requests",
}

_INTRODUCTION = f"""\
{GENERATED}# Event sources

ferryman recognizes the source of an event from the event itself. Each source carries whole HTTP
messages, with the exceptions on this page. The tests send generated requests and responses through
each source and back, and compare the result with this page.

No source carries the HTTP version, keep-alive, 100 Continue, upgrades such as WebSockets, trailers,
the reason after a status, or the order of headers with different names. Each source sets its own
Date and Server: ferryman sends neither, unless the app itself sets a Server.
"""

_ANSWERS = """\
## Responses of the source itself

The source sends these responses in place of the function, and the local Lambda imitates them. The
last column names AWS's documentation or a user's report; an issue is in the GitHub repository of
that name. The others are **unverified**, and so is a body if only the status has a source.

"""

_SILENT = """\
## Where AWS's documentation is silent

- **Two Set-Cookie headers without multi-value headers.** ferryman sends them to a load balancer
  and to VPC Lattice under names that differ in letter case.
- **The query behind VPC Lattice.** The path in the event contains the query, as the client sent it.
  If it does not, ferryman joins the query from its parameters, in their encoding.
- **The path of an HTTP API.** API Gateway decodes the path twice. An escape that remains is
  an escape for the app, so `/%252541` reaches the app as `/%41`.
- **The stage.** The path of an HTTP API begins with the stage, unless that is `$default`. The
  path of a REST API does not. ferryman removes a stage that is a whole segment. It does not
  remove a custom domain's mapping: set the base path to remove it.
- **The client behind a load balancer or VPC Lattice** is the last entry of X-Forwarded-For,
  which the balancer itself adds. ferryman uses earlier entries only behind trusted proxies.
- **The scheme** comes from X-Forwarded-Proto, which API Gateway, Function URLs and load
  balancers set; the default is `https`. CloudFront sends it in
  CloudFront-Forwarded-Proto, only for origin requests and only if their policy passes that header
  on, as the managed policy AllViewerAndCloudFrontHeaders does.
- **A REST API sends bytes that are not text** only if its binary media types are set to `*/*`;
  otherwise the client receives base64. So ferryman sends every UTF-8 body as text, of any type.
- **Headers that a Function URL renames.** AWS documents the list for REST APIs. For Function URLs
  users report WWW-Authenticate; ferryman assumes the whole list.
- **Events that do not come from AWS.** Tests and tools write events by hand. A REST event may lack
  its context, its two maps of headers may differ (ferryman merges them), a header or a version may
  be a number, and a list of values may be a string.
- **A body that CloudFront has truncated** is not readable: an app that reads it answers 413, as
  for a body above its own limit. CloudFront sends 40 KB of a viewer request's body, and
  1 MB of an origin request's.
"""


def events_page() -> str:
    """Return the page, as Markdown."""
    streams = {source.name: source.streams for source in SOURCES}
    rows = [
        (
            _TITLES[name],
            f"`{name}`",
            "yes" if streams[name] else "no",
            _size(gateway.limits.request_body) if name != "edge" else "1 MiB, then cut off",
            _size(gateway.limits.response_body),
            _size(gateway.limits.headers),
        )
        for name, gateway in GATEWAYS.items()
    ]
    header = ("source", "name", "streams", "request body", "response body", "request headers")
    requests = [loss for loss in CANNOT_CARRY if isinstance(loss.example, HttpRequest)]
    responses = [loss for loss in CANNOT_CARRY if loss not in requests]
    sections = (
        _INTRODUCTION,
        table(header, rows),
        "## What a request loses\n\n" + _losses(requests),
        "## What a response loses\n\n" + _losses(responses),
        _ANSWERS + _answers(),
        _SILENT,
    )
    return "\n".join(sections)


def _losses(losses: Iterable[Loss]) -> str:
    rows = [(loss.what, _names(loss.sources), loss.instead) for loss in losses]
    return table(("not carried", "by", "arrives instead"), rows)


def _answers() -> str:
    """Return a row for each answer, with all the sources that give it."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, answers in FAULTS.items():
        for fault, said in answers.items():
            body = f"`{said.body}`" if said.media.endswith("json") else "a page of HTML"
            row = (fault.value, str(said.status), body, said.source or "**unverified**")
            rows.setdefault(row, []).append(name)
    header = ("event source", "reason", "status", "body", "documented by")
    return table(header, [(_names(tuple(names)), *row) for row, names in rows.items()])


def _names(sources: tuple[str, ...]) -> str:
    if len(sources) == len(GATEWAYS):
        return "every source"
    if len(sources) > len(GATEWAYS) / 2:
        others = ", ".join(f"`{name}`" for name in GATEWAYS if name not in sources)
        return f"all but {others}"
    return ", ".join(f"`{name}`" for name in sources)


def _size(size: int | None) -> str:
    if size is None:
        return "not stated"
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size:,} bytes"
