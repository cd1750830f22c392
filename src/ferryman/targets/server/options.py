"""The settings of the server target, `[tool.ferryman.server]`, each with its reason.

Their defaults are those of the runtime, so that the two cannot differ.
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
# Settings of the build, which the runtime does not have.
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
        description="Number of worker processes. Each is an event loop that can use one CPU. 0 "
        "means one for each CPU that the cgroup's quota and the affinity allow. By default 1 in a "
        "container, because more containers scale better, 0 in a systemd unit, and 1 under "
        "`ferryman serve`.",
    )
    share_connections: bool = Field(
        default=_DEFAULT.share_connections,
        description="Let a worker whose event loop is blocked pass its idle connections to a free "
        "worker. With several workers this needs one more process. TLS connections are not "
        "shared.",
    )
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="The base image; by default `python:<python>-slim`.",
    )
    systemd: bool = Field(
        default=False,
        description="Write a systemd unit instead of a Dockerfile, for a machine without "
        "containers.",
    )
    image: ImageOptions = Field(
        default=ImageOptions(),
        description="The image, if one is built instead of a Dockerfile.",
    )
    deploy: ServiceOptions = Field(
        default=ServiceOptions(), description="The service on Amazon ECS, and what belongs to it."
    )
    bind: str | None = Field(
        default=None,
        min_length=1,
        description="HOST:PORT or unix:/path to listen on; by default port 8000, in an image on "
        "all addresses and elsewhere on loopback. `ferryman serve` uses --bind instead.",
    )
    socket_mode: str = Field(
        default=_DEFAULT.socket_mode,
        pattern="^0?[0-7]{3}$",
        description="The permissions of a UNIX socket's file, in octal. They decide who may "
        "connect.",
    )
    backlog: Count = Field(
        default=_DEFAULT.backlog,
        description="How many connections the kernel holds until a worker accepts them. aiohttp's "
        "own worker reduces this to 128.",
    )
    admin_bind: str | None = Field(
        default=None,
        description="HOST:PORT of health checks and metrics, separate from the app so that clients "
        'cannot reach them; "" for none. By default port 8001, in an image on all addresses and in '
        "a systemd unit on loopback; none under `ferryman serve`.",
    )
    health_on_app_port: bool = Field(
        default=_DEFAULT.health_on_app_port,
        description="Answer health checks on the app's port too, for a load balancer that can only "
        "check this port. The app's middlewares and routes do not see them.",
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
        description="List the running tasks on the admin port. Off by default, because the list "
        "shows code.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="json, text, or auto: text on a terminal, otherwise JSON."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The lowest level that is logged."
    )
    access_log: bool = Field(
        default=_DEFAULT.access_log, description="Write a log line for each request."
    )
    record: float = Field(
        default=_DEFAULT.record,
        ge=0,
        le=1,
        description="The share of the requests that the log records with a digest of the response, "
        "such as 0.01, for `ferryman migrate verify --from-logs`. Of most headers it records only "
        "the name.",
    )
    record_bodies: bool = Field(
        default=_DEFAULT.record_bodies,
        description="Record the bodies of these requests too, up to 64 KiB each. All readers of "
        "the log can see them.",
    )
    telemetry: bool = Field(
        default=_DEFAULT.telemetry,
        description="Export each request as an OpenTelemetry span; the `OTEL_*` variables "
        "configure the export. Off by default, because it takes time and needs the packages of "
        "`ferryman[otel]`.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=_DEFAULT.trusted_proxies,
        description="Networks (CIDR) of the proxies in front whose headers the server trusts; "
        "`unix` for all clients of a UNIX socket. Empty by default, because clients can send these "
        "headers too.",
    )
    proxy: ProxyKind | tuple[str, ...] | None = Field(
        default=None,
        description="The kind of the trusted proxies: nginx, alb, cloudfront, envoy or traefik; or "
        "a list of the headers that they set themselves. All other headers that describe a client "
        "are removed from requests.",
    )
    proxy_protocol: bool = Field(
        default=_DEFAULT.proxy_protocol,
        description="Expect a header of the PROXY protocol, version 1 or 2, at the start of "
        "connections from the trusted proxies, as a Network Load Balancer can send it. Other "
        "connections must not begin with one.",
    )
    drain_delay: Seconds | None = Field(
        default=None,
        description="How long the server still accepts connections after it reports that it is not "
        f"ready; by default {DRAIN_DELAY}, and 0 under `ferryman serve`. It must be longer than a "
        "load balancer takes to notice: its check interval times its threshold.",
    )
    graceful_timeout: Patience = Field(
        default=_DEFAULT.graceful_timeout,
        description="How long in-flight requests may take after the port is closed.",
    )
    keep_alive: Patience = Field(
        default=_DEFAULT.keep_alive,
        description="How long the server keeps an idle connection. It must be longer than the load "
        "balancer keeps it. Otherwise the server may close a connection that the load balancer is "
        "about to use, and the client gets a 502.",
    )
    load_balancer_idle_timeout: Seconds = Field(
        default=_DEFAULT.load_balancer_idle_timeout,
        description="How long the load balancer keeps an idle connection (60 on AWS's ALB); 0 if "
        "there is none. ferryman checks keep_alive against it.",
    )
    max_in_flight: Count | None = Field(
        default=_DEFAULT.max_in_flight,
        description="How many requests a worker handles at once. Further requests go to "
        "`overflow`, or get 503 with Retry-After. No limit by default, because only you know what "
        "a request costs.",
    )
    overflow: str | None = Field(
        default=_DEFAULT.overflow,
        description="The address of another deployment of the app, such as a Function URL, that "
        "gets the requests beyond max_in_flight.",
    )
    overflow_share: float = Field(
        default=_DEFAULT.overflow_share,
        gt=0,
        le=1,
        description="The largest share of all requests in the last 10 to 20 s that may go to "
        "`overflow`, because each costs money. Beyond it requests get 503.",
    )
    overflow_timeout: Patience = Field(
        default=_DEFAULT.overflow_timeout,
        description="How long a response of `overflow` may take to begin; then the client gets "
        "504. Use the function's timeout.",
    )
    overflow_signed: bool = Field(
        default=_DEFAULT.overflow_signed,
        description="Sign requests to a Function URL or to API Gateway (SigV4) with the "
        "credentials of the environment. Turn it off for a public address.",
    )
    max_connections: Count | None = Field(
        default=_DEFAULT.max_connections,
        description="How many connections a worker keeps open. A further connection gets 503 and "
        "is closed.",
    )
    max_request_line: Bytes = Field(
        default=_DEFAULT.max_request_line, description="The longest URL; a longer one gets 414."
    )
    max_header: Bytes = Field(
        default=_DEFAULT.max_header, description="The longest header; a longer one gets 431."
    )
    max_headers: Count = Field(
        default=_DEFAULT.max_headers, description="The largest number of headers; more get 431."
    )
    max_body: Bytes | None = Field(
        default=_DEFAULT.max_body,
        description="The largest request body, streamed or not; a larger one gets 413. Bodies that "
        "the app reads at once are also limited by its client_max_size, 1 MiB by default.",
    )
    header_timeout: Patience = Field(
        default=_DEFAULT.header_timeout,
        description="How long the headers of a request may take, from its first byte; then the "
        "client gets 408. Also the limit for a TLS handshake.",
    )
    body_timeout: Patience = Field(
        default=_DEFAULT.body_timeout,
        description="How long the app waits for the next piece of a request body; then the client "
        "gets 408.",
    )
    write_timeout: Patience = Field(
        default=_DEFAULT.write_timeout,
        description="How long a client may read nothing of its response; then its connection is "
        "closed. A client that reads slowly but steadily is served.",
    )
    handler_cancellation: bool = Field(
        default=_DEFAULT.handler_cancellation,
        description="Cancel a handler when its client disconnects. Off by default, as in aiohttp, "
        "because few handlers are safe to cancel at every await.",
    )
    max_requests: int = Field(
        default=_DEFAULT.max_requests,
        ge=0,
        description="Number of requests after which a worker is replaced, for an app that leaks "
        "memory; 0 for never.",
    )
    max_requests_jitter: int = Field(
        default=_DEFAULT.max_requests_jitter,
        ge=0,
        description="The largest random addition to max_requests, so that workers are not replaced "
        "at the same time.",
    )
    max_rss: Mebibytes | None = Field(
        default=_DEFAULT.max_rss,
        description="Memory above which a worker is replaced. Off by default: look for the leak "
        "first.",
    )
    worker_timeout: Annotated[int, Field(ge=0, le=3600, json_schema_extra={"unit": "s"})] = Field(
        default=_DEFAULT.worker_timeout,
        description="How long the event loop may be blocked; then its worker is killed, and the "
        "log has a traceback of the blocking code. 0 for no limit.",
    )
    start_timeout: Patience = Field(
        default=_DEFAULT.start_timeout,
        description="How long the app may take to start in a worker; then the worker is killed, "
        "and the log says where it was waiting.",
    )
    certificate: str | None = Field(
        default=_DEFAULT.certificate,
        description="The file with the TLS certificate and its chain (PEM). The server reads it "
        "again on SIGHUP.",
    )
    private_key: str | None = Field(
        default=_DEFAULT.private_key, description="The file with the certificate's key (PEM)."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> ServerOptions:
        deployed(self)
        return self

    def front(self) -> Front:
        """Return the ports, paths and times of a server in a container."""
        return ServerSettings.read(deployed(self)).front


def deployed(options: ServerOptions, *, contained: bool = True) -> Mapping[str, object]:
    """Return the settings that an artifact contains for the runtime.

    Args:
        options: The project's settings.
        contained: Whether the server runs in a container. It then listens on all addresses, and
            has one worker unless the settings say otherwise.

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
        options: The project's settings.
        bind: Where to listen.
    """
    return {**_plain(options), "bind": bind}


def _plain(options: ServerOptions) -> dict[str, object]:
    """Return what differs from the runtime's own defaults, as JSON values."""
    values = options.model_dump(mode="json", exclude=_BUILD_ONLY, exclude_defaults=True)
    return {key: value for key, value in values.items() if value is not None}
