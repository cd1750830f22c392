"""The settings of a migration: `[tool.ferryman.migrate]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = (
    "AliasOptions",
    "BalancerOptions",
    "CommandOptions",
    "FollowOptions",
    "HAProxyOptions",
    "MigrateOptions",
    "RouteOptions",
    "SideOptions",
)

_MODEL = ConfigDict(extra="forbid", frozen=True)

Percent = Annotated[int, Field(ge=1, le=99)]


class SideOptions(BaseModel):
    """A side of the migration: its names at the load balancer, and its addresses."""

    model_config = _MODEL

    target: Literal["", "lambda", "server", "k8s"] = Field(
        default="",
        description="The side's target; by default the one that its name contains, otherwise "
        "server.",
    )
    platform: str = Field(
        default="",
        description="For the plan: its platform in `ferryman cost`, such as ec2. By default the "
        "one of its `door` for Lambda, fargate for servers, and eks for Kubernetes.",
    )
    units: int | None = Field(
        default=None,
        ge=0,
        description="For the plan: its number of servers, or of environments that may run at once.",
    )
    connections: int | None = Field(
        default=None,
        ge=0,
        description="For the plan: the most database connections that each of its processes or "
        "environments opens.",
    )
    servers: tuple[str, ...] = Field(
        default=(), description="For HAProxy: the names of its servers in the backend."
    )
    target_group: str = Field(default="", description="For an ALB: the ARN of its target group.")
    service: str = Field(
        default="",
        description="For an HTTPRoute: its Service, as name:port, in the route's namespace.",
    )
    version: str = Field(default="", description="For a Lambda alias: its published version.")
    address: str = Field(
        default="", description="Its own address, not that of the load balancer, for `verify`."
    )
    health: str = Field(
        default="", description="An address that answers 200 while the side can take traffic."
    )
    metrics: str = Field(
        default="",
        description="The address of the metrics of its server, http://HOST:PORT/metrics.",
    )


class HAProxyOptions(BaseModel):
    """An HAProxy backend."""

    model_config = _MODEL

    socket: str = Field(
        default="/run/haproxy/admin.sock",
        description="HAProxy's stats socket, with level admin: a path, or HOST:PORT.",
    )
    backend: str = Field(default="app", description="The backend with both sides' servers.")
    log: str = Field(
        default="",
        description="HOST:PORT on this machine to which HAProxy sends its log. Without it ferryman "
        "reads HAProxy's counters, which have neither durations nor clients.",
    )
    count_clients_once: bool = Field(
        default=True, description="Count the bad responses to one client only once in each look."
    )


class CommandOptions(BaseModel):
    """Commands of your own."""

    model_config = _MODEL

    read: tuple[str, ...] = Field(
        default=(),
        description="The command that prints the live weight as JSON: program and arguments.",
    )
    write: tuple[str, ...] = Field(default=(), description="The command that changes the weight.")
    observe: tuple[str, ...] = Field(
        default=(), description="The command that prints the totals of both sides as JSON."
    )
    timeout: float = Field(default=60, gt=0, description="Seconds that each command may take.")


class BalancerOptions(BaseModel):
    """A rule of an Application Load Balancer."""

    model_config = _MODEL

    rule: str = Field(
        default="", description="The ARN of the listener rule with both target groups."
    )
    settle: float = Field(
        default=5,
        ge=0,
        description="Seconds after a change until all nodes of the load balancer apply it.",
    )


class RouteOptions(BaseModel):
    """An HTTPRoute of the Gateway API."""

    model_config = _MODEL

    name: str = Field(default="", description="The HTTPRoute's name.")
    namespace: str = Field(
        default="", description="The HTTPRoute's namespace; by default that of the context."
    )
    context: str = Field(
        default="", description="The context of the kubeconfig; by default the current context."
    )
    rule: int = Field(default=0, ge=0, description="The number of the HTTPRoute's rule, from 0.")


class AliasOptions(BaseModel):
    """An alias of a Lambda function."""

    model_config = _MODEL

    function: str = Field(default="", description="The function's name or ARN.")
    name: str = Field(default="live", description="The alias's name.")


class FollowOptions(BaseModel):
    """How `ferryman migrate follow` moves the weight by the hour."""

    model_config = _MODEL

    least: Percent = Field(default=5, description="The smallest percentage of the new side.")
    most: Percent = Field(default=95, description="The largest percentage of the new side.")
    change: Percent = Field(
        default=20, description="The largest change in one move, in percentage points."
    )
    timezone: str = Field(
        default="UTC", description="The time zone of the shape of the week, such as Europe/Berlin."
    )

    @model_validator(mode="after")
    def _in_order(self) -> FollowOptions:
        if self.least > self.most:
            raise ValueError(f"least {self.least} is above most {self.most}")
        return self


class MigrateOptions(BaseModel):
    """The keys of `[tool.ferryman.migrate]`."""

    model_config = _MODEL

    old: str = Field(default="lambda", description="The old side, which the traffic leaves.")
    new: str = Field(default="server", description="The new side, to which the traffic moves.")
    sides: dict[str, SideOptions] = Field(
        default_factory=dict, description="The sides, by the names in old and new."
    )
    address: str = Field(default="", description="For the plan: the address that clients use.")
    shifter: Literal["haproxy", "alb", "route", "alias", "command"] = Field(
        default="haproxy",
        description="What changes the weight: HAProxy, an ALB rule, an HTTPRoute, a Lambda alias "
        "or your commands.",
    )
    observer: Literal["haproxy", "metrics", "cloudwatch", "command"] = Field(
        default="haproxy",
        description="What counts the responses: HAProxy, the servers' metrics, CloudWatch or your "
        "command.",
    )
    state: str = Field(
        default=".ferryman/migration.json",
        description="Where ferryman keeps the state: a file, or s3://BUCKET/KEY.",
    )
    steps: tuple[Percent, ...] = Field(
        default=(1, 5, 25, 50, 95), description="The percentages of the new side, ascending."
    )
    look: float = Field(
        default=5, gt=0, le=3600, description="Seconds between two looks at the traffic."
    )
    tolerated_rate: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="The rate of failures that a step must rule out before the next begins.",
    )
    slow_limit: float | None = Field(
        default=None,
        gt=0,
        description="Seconds above which a response is slow; by default the old side's 95th "
        "percentile before traffic moves.",
    )
    baseline_wait: float = Field(
        default=600,
        ge=0,
        description="Seconds to wait for 2,000 responses of the old side, from which slow_limit is "
        "taken. After that 100 are enough; with fewer, durations are not judged.",
    )
    region: str = Field(
        default="", description="The AWS region; by default that of the environment."
    )
    profile: str = Field(
        default="", description="The AWS profile; by default that of the environment."
    )
    follow: FollowOptions = FollowOptions()
    haproxy: HAProxyOptions = HAProxyOptions()
    command: CommandOptions = CommandOptions()
    alb: BalancerOptions = BalancerOptions()
    route: RouteOptions = RouteOptions()
    alias: AliasOptions = AliasOptions()

    @field_validator("steps")
    @classmethod
    def _ascending(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if not steps or list(steps) != sorted(set(steps)):
            raise ValueError("steps must ascend, with at least one, such as [1, 5, 25, 50, 95]")
        return steps
