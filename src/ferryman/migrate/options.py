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
    """A side's names at the balancer, and its addresses."""

    model_config = _MODEL

    target: Literal["", "lambda", "server", "k8s"] = Field(
        default="",
        description="Its target; by default the side's name if that is a target, else server.",
    )
    platform: str = Field(
        default="",
        description="Its platform in `ferryman cost`, for the plan, such as ec2; by default "
        "lambda-url or that of its door, fargate for servers, eks for Kubernetes.",
    )
    units: int | None = Field(
        default=None,
        ge=0,
        description="Servers that it has, or environments that may run at once, for the plan.",
    )
    connections: int | None = Field(
        default=None,
        ge=0,
        description="Database connections that each of its processes or environments opens at "
        "most, for the plan.",
    )
    servers: tuple[str, ...] = Field(
        default=(), description="HAProxy: the names of its servers in the backend."
    )
    target_group: str = Field(default="", description="ALB: the ARN of its target group.")
    service: str = Field(
        default="", description="HTTPRoute: its Service, as name:port, in the route's namespace."
    )
    version: str = Field(default="", description="Lambda alias: its published version.")
    address: str = Field(
        default="", description="The side's own address, not behind the balancer, for verify."
    )
    health: str = Field(
        default="", description="An address that answers 200 while it can take traffic."
    )
    metrics: str = Field(
        default="",
        description="The address of a ferryman server's metrics, http://HOST:PORT/metrics.",
    )


class HAProxyOptions(BaseModel):
    """An HAProxy backend."""

    model_config = _MODEL

    socket: str = Field(
        default="/run/haproxy/admin.sock",
        description="Its stats socket, with level admin: a path, or HOST:PORT.",
    )
    backend: str = Field(default="app", description="The backend with both sides' servers.")
    log: str = Field(
        default="",
        description="HOST:PORT on this machine that HAProxy sends its log to; without it ferryman "
        "reads its counters, which have neither times nor clients.",
    )
    count_clients_once: bool = Field(
        default=True, description="Count the bad answers of one client in one look once."
    )


class CommandOptions(BaseModel):
    """Commands of your own."""

    model_config = _MODEL

    read: tuple[str, ...] = Field(
        default=(), description="Prints the live weight as JSON; program and arguments."
    )
    write: tuple[str, ...] = Field(default=(), description="Changes the weight.")
    observe: tuple[str, ...] = Field(
        default=(), description="Prints the totals of both sides as JSON."
    )
    timeout: float = Field(default=60, gt=0, description="Seconds for each of them.")


class BalancerOptions(BaseModel):
    """A rule of an Application Load Balancer."""

    model_config = _MODEL

    rule: str = Field(default="", description="The ARN of the listener rule with both groups.")
    settle: float = Field(
        default=5, ge=0, description="Seconds after a change until all its nodes have it."
    )


class RouteOptions(BaseModel):
    """An HTTPRoute of the Gateway API."""

    model_config = _MODEL

    name: str = Field(default="", description="The HTTPRoute's name.")
    namespace: str = Field(default="", description="Its namespace; by default the context's.")
    context: str = Field(
        default="", description="The kubeconfig's context; by default the current."
    )
    rule: int = Field(default=0, ge=0, description="Which of its rules, from 0.")


class AliasOptions(BaseModel):
    """An alias of a Lambda function."""

    model_config = _MODEL

    function: str = Field(default="", description="The function's name or ARN.")
    name: str = Field(default="live", description="The alias.")


class FollowOptions(BaseModel):
    """How `ferryman migrate follow` moves the weight by the hour."""

    model_config = _MODEL

    least: Percent = Field(default=5, description="The new side's least percentage.")
    most: Percent = Field(default=95, description="The new side's largest percentage.")
    change: Percent = Field(default=20, description="The largest move, in percentage points.")
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

    old: str = Field(default="lambda", description="The side that the traffic leaves.")
    new: str = Field(default="server", description="The side that it goes to.")
    sides: dict[str, SideOptions] = Field(
        default_factory=dict, description="Each side, by the name that old and new use."
    )
    address: str = Field(default="", description="The address that clients use, for the plan.")
    shifter: Literal["haproxy", "alb", "route", "alias", "command"] = Field(
        default="haproxy", description="What changes the weight."
    )
    observer: Literal["haproxy", "metrics", "cloudwatch", "command"] = Field(
        default="haproxy", description="What counts the answers."
    )
    state: str = Field(
        default=".ferryman/migration.json",
        description="Where the state is kept: a file, or s3://BUCKET/KEY.",
    )
    steps: tuple[Percent, ...] = Field(
        default=(1, 5, 25, 50, 95), description="The new side's percentages, ascending."
    )
    look: float = Field(default=5, gt=0, le=3600, description="Seconds between two looks.")
    tolerated_rate: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="The rate of failures that a step must rule out before the next begins.",
    )
    slow_limit: float | None = Field(
        default=None,
        gt=0,
        description="Seconds above which an answer is slow; by default the old side's 95th "
        "percentile before traffic moves.",
    )
    baseline_wait: float = Field(
        default=600,
        ge=0,
        description="Seconds to wait for 2,000 answers of the old side, from which the limit of "
        "slow answers is taken; after that 100 suffice, and with fewer no times are judged.",
    )
    region: str = Field(default="", description="The AWS region; by default the environment's.")
    profile: str = Field(default="", description="The AWS profile; by default the environment's.")
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
