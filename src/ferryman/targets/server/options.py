"""The settings of the server target, `[tool.ferryman.server]`: each with its reason.

The runtime's own defaults are the defaults here, so that the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ferryman.building.image.image_options import ImageOptions
from ferryman.core.serving import ADMIN_PORT, DRAIN_DELAY, PORT, Front
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("ServerOptions", "deployed", "local")

_DEFAULT = ServerSettings()
# What the build needs, and the runtime does not.
_BUILD_ONLY = {"base_image", "deploy", "image", "systemd"}

Seconds = Annotated[float, Field(ge=0, le=3600, json_schema_extra={"unit": "s"})]
Patience = Annotated[float, Field(gt=0, le=3600, json_schema_extra={"unit": "s"})]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Bytes = Annotated[int, Field(ge=1, json_schema_extra={"unit": "bytes"})]
Mebibytes = Annotated[int, Field(ge=1, json_schema_extra={"unit": "MiB"})]
ProxyKind = Literal["nginx", "alb", "cloudfront", "envoy", "traefik"]
Path = Annotated[str, Field(pattern="^/")]


class ServerOptions(BaseModel):
    """The keys of `[tool.ferryman.server]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int | None = Field(
        default=None,
        ge=0,
        le=1024,
        description="Worker processes, each an event loop that fills one CPU; 0 for as many as the "
        "cgroup's CPU quota and the affinity give. By default 1 in a container, whose copies are "
        "the way to more, 0 in a unit, and 1 under `ferryman serve`.",
    )
    share_connections: bool = Field(
        default=_DEFAULT.share_connections,
        description="Whether workers with a blocked event loop pass idle connections to the first "
        "free worker. It needs one more process if there are several workers; TLS connections are "
        "not shared.",
    )
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="The image to build on; by default `python:<python>-slim`.",
    )
    systemd: bool = Field(
        default=False,
        description="Whether to write a systemd unit, for a machine without containers, in place "
        "of a Dockerfile.",
    )
    image: ImageOptions = Field(
        default=ImageOptions(),
        description="The image, where one is built in place of a Dockerfile.",
    )
    deploy: ServiceOptions = Field(
        default=ServiceOptions(), description="The service on Amazon ECS, and what belongs to it."
    )
    bind: str | None = Field(
        default=None,
        min_length=1,
        description="HOST:PORT or unix:/path to listen to; by default port 8000, of every address "
        "in an image and of loopback elsewhere. `ferryman serve` takes --bind instead.",
    )
    socket_mode: str = Field(
        default=_DEFAULT.socket_mode,
        pattern="^0?[0-7]{3}$",
        description="The permissions of a UNIX socket's file, in octal digits: who may connect.",
    )
    backlog: Count = Field(
        default=_DEFAULT.backlog,
        description="Connections that the kernel holds until a worker takes them. aiohttp's own "
        "worker cuts it to 128.",
    )
    admin_bind: str | None = Field(
        default=None,
        description="HOST:PORT of health checks and metrics, separate from the app so that no "
        'client reaches them; "" for none. By default port 8001, of every address in an image and '
        "of loopback in a unit; none under `ferryman serve`.",
    )
    health_on_app_port: bool = Field(
        default=_DEFAULT.health_on_app_port,
        description="Whether the app's port also answers health checks, for a load balancer that "
        "can only check this port. They come before the app: its middlewares and routes do not see "
        "them.",
    )
    liveness_path: Path = Field(
        default=_DEFAULT.liveness_path,
        description="The path that answers 200 as long as the event loop runs.",
    )
    readiness_path: Path = Field(
        default=_DEFAULT.readiness_path,
        description="The path that answers 200 while the server is ready: from the app's start "
        "until SIGTERM.",
    )
    debug_tasks: bool = Field(
        default=_DEFAULT.debug_tasks,
        description="Whether the admin port lists the running tasks. Off, because it shows code.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="json, text, or auto: text on a terminal and else JSON."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The lowest level that is logged."
    )
    access_log: bool = Field(
        default=_DEFAULT.access_log, description="Whether each request gets a log line."
    )
    record: float = Field(
        default=_DEFAULT.record,
        ge=0,
        le=1,
        description="The part of the requests that is kept in the log with a digest of the "
        "answer, for `ferryman migrate verify --from-logs`, such as 0.01. Of most headers the "
        "name alone is kept.",
    )
    record_bodies: bool = Field(
        default=_DEFAULT.record_bodies,
        description="Whether recorded requests keep the bodies, up to 64 KiB, where all "
        "readers of the log see them.",
    )
    telemetry: bool = Field(
        default=_DEFAULT.telemetry,
        description="Whether each request becomes a span that OpenTelemetry exports, as the "
        "`OTEL_*` variables say. Off, because it needs packages and time; `ferryman[otel]` has "
        "them.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=_DEFAULT.trusted_proxies,
        description="Networks (CIDR) of the proxies in front whose headers the server trusts; "
        "`unix` for every client of a UNIX socket. None, because a client can send these headers "
        "too.",
    )
    proxy: ProxyKind | tuple[str, ...] | None = Field(
        default=None,
        description="What the trusted proxies are: nginx, alb, cloudfront, envoy or traefik; or a "
        "list of the headers that they set themselves. Other headers that tell of a client are "
        "taken out of requests.",
    )
    proxy_protocol: bool = Field(
        default=_DEFAULT.proxy_protocol,
        description="Whether connections of the trusted proxies begin with a header of the PROXY "
        "protocol, version 1 or 2, as a Network Load Balancer can send it. Others' must not.",
    )
    drain_delay: Seconds | None = Field(
        default=None,
        description="The time from not ready to the closed port; by default "
        f"{DRAIN_DELAY}, and 0 under `ferryman serve`. Longer than a load balancer takes "
        "to notice: its interval times its threshold.",
    )
    graceful_timeout: Patience = Field(
        default=_DEFAULT.graceful_timeout,
        description="The time for requests in flight after the port is closed.",
    )
    keep_alive: Patience = Field(
        default=_DEFAULT.keep_alive,
        description="How long an idle connection is kept: longer than the load balancer keeps it, "
        "or the server closes one that is about to be used, and the client gets a 502.",
    )
    load_balancer_idle_timeout: Seconds = Field(
        default=_DEFAULT.load_balancer_idle_timeout,
        description="How long the load balancer keeps an idle connection (60 on AWS's ALB); "
        "0 where there is none. keep_alive is checked against it.",
    )
    max_in_flight: Count | None = Field(
        default=_DEFAULT.max_in_flight,
        description="Requests that a worker answers at once; further ones go to `overflow`, or get "
        "503 with Retry-After. No limit by default, because only the app's owner knows what a "
        "request costs.",
    )
    overflow: str | None = Field(
        default=_DEFAULT.overflow,
        description="The address of another release of the app, such as a Function URL, that "
        "answers the requests beyond max_in_flight.",
    )
    overflow_share: float = Field(
        default=_DEFAULT.overflow_share,
        gt=0,
        le=1,
        description="The largest share of all requests, over the last 10 to 20 s, that goes there, "
        "because each costs money; beyond it, 503.",
    )
    overflow_timeout: Patience = Field(
        default=_DEFAULT.overflow_timeout,
        description="The time until an answer from there begins; then 504. The function's own "
        "timeout.",
    )
    overflow_signed: bool = Field(
        default=_DEFAULT.overflow_signed,
        description="Whether requests to a Function URL or to API Gateway are signed (SigV4) with "
        "the credentials of the environment. Off for one that anybody may call.",
    )
    max_connections: Count | None = Field(
        default=_DEFAULT.max_connections,
        description="Connections that a worker holds; a further one gets 503 and is closed.",
    )
    max_request_line: Bytes = Field(
        default=_DEFAULT.max_request_line, description="The longest URL; beyond it, 414."
    )
    max_header: Bytes = Field(
        default=_DEFAULT.max_header, description="The longest header; beyond it, 431."
    )
    max_headers: Count = Field(
        default=_DEFAULT.max_headers, description="The most headers; beyond it, 431."
    )
    max_body: Bytes | None = Field(
        default=_DEFAULT.max_body,
        description="The largest body, streamed or not; beyond it, 413. What the app reads whole "
        "is bound by its own client_max_size, 1 MiB by default.",
    )
    header_timeout: Patience = Field(
        default=_DEFAULT.header_timeout,
        description="The time from the first byte of a request to the end of its headers; then "
        "408. Also the limit of a TLS handshake.",
    )
    body_timeout: Patience = Field(
        default=_DEFAULT.body_timeout,
        description="The time between two pieces of a body while the app waits for it; then 408.",
    )
    write_timeout: Patience = Field(
        default=_DEFAULT.write_timeout,
        description="How long a client may read nothing of its answer; then its connection is "
        "closed. A client that reads slowly but steadily is served.",
    )
    handler_cancellation: bool = Field(
        default=_DEFAULT.handler_cancellation,
        description="Whether a handler is cancelled when its client disconnects. Off as in "
        "aiohttp: few handlers are safe to cancel at every await.",
    )
    max_requests: int = Field(
        default=_DEFAULT.max_requests,
        ge=0,
        description="Requests after which a worker is replaced; 0: never. For an app that leaks.",
    )
    max_requests_jitter: int = Field(
        default=_DEFAULT.max_requests_jitter,
        ge=0,
        description="A random addition of up to this number, so that workers are not replaced at "
        "the same time.",
    )
    max_rss: Mebibytes | None = Field(
        default=_DEFAULT.max_rss,
        description="Memory of a worker beyond which it is replaced. Off: find the leak first.",
    )
    worker_timeout: Annotated[int, Field(ge=0, le=3600, json_schema_extra={"unit": "s"})] = Field(
        default=_DEFAULT.worker_timeout,
        description="How long the event loop may be blocked before its worker is killed, with a "
        "traceback of where it was; 0 for no limit.",
    )
    start_timeout: Patience = Field(
        default=_DEFAULT.start_timeout,
        description="How long the app may take to start in a worker; then the worker is killed, "
        "and the log says where the start was.",
    )
    certificate: str | None = Field(
        default=_DEFAULT.certificate,
        description="The file of a certificate and its chain (PEM), to serve TLS. Read again on "
        "SIGHUP.",
    )
    private_key: str | None = Field(
        default=_DEFAULT.private_key, description="The file of the certificate's key (PEM)."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> ServerOptions:
        deployed(self)
        return self

    def front(self) -> Front:
        """Return the ports, paths and times of a server in a container."""
        return ServerSettings.read(deployed(self)).front


def deployed(options: ServerOptions, *, contained: bool = True) -> Mapping[str, object]:
    """Return what an artifact bakes for the runtime.

    Args:
        options: What the project says.
        contained: Whether it runs in a container, whose ports are published on purpose,
            and which is one of several.

    Raises:
        ConfigError: Settings contradict each other.
    """
    values = _plain(options)
    host = "0.0.0.0" if contained else "127.0.0.1"  # noqa: S104
    if options.bind is None:
        values["bind"] = f"{host}:{PORT}"
    if options.admin_bind is None:
        values["admin_bind"] = f"{host}:{ADMIN_PORT}"
    if options.drain_delay is None:
        values["drain_delay"] = DRAIN_DELAY
    if not contained and options.workers is None:
        values["workers"] = 0
    ServerSettings.read(values)
    return values


def local(options: ServerOptions, bind: str) -> Mapping[str, object]:
    """Return the runtime's settings under `ferryman serve`, where no balancer waits for a drain.

    Args:
        options: What the project says.
        bind: Where to listen.
    """
    return {**_plain(options), "bind": bind}


def _plain(options: ServerOptions) -> dict[str, object]:
    """Return what differs from the runtime's own defaults, as JSON values."""
    values = options.model_dump(mode="json", exclude=_BUILD_ONLY, exclude_defaults=True)
    return {key: value for key, value in values.items() if value is not None}
