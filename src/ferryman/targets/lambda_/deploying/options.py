"""The settings of a deployed function, `[tool.ferryman.lambda.deploy]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ferryman.aws.deploy_settings import (
    AlbOptions,
    Arn,
    DeploySection,
    GroupId,
    Section,
    SubnetId,
)

__all__ = ("DeployOptions", "TriggerOptions", "VpcOptions")

# "Lambda environment variables": names that Lambda sets itself, and the size of all.
_RESERVED = ("AWS_", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER", "TZ")
_ENVIRONMENT_LIMIT = 4096
# CloudFormation takes 200 parameters, of which the template has some of its own.
_VARIABLES_LIMIT = 190

_POLLED = ("sqs", "kinesis", "dynamodb")
_SOURCES = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb", "sns": "sns", "s3": "s3"}


class VpcOptions(Section):
    """The keys of `[tool.ferryman.lambda.deploy.vpc]`."""

    subnets: tuple[SubnetId, ...] = Field(
        default=(),
        description="Subnets in which the function runs; without any it runs outside a VPC.",
    )
    security_groups: tuple[GroupId, ...] = Field(
        default=(), description="Security groups of the function."
    )

    @model_validator(mode="after")
    def _are_together(self) -> Self:
        if bool(self.subnets) != bool(self.security_groups):
            raise ValueError("subnets and security_groups go together")
        return self


class TriggerOptions(Section):
    """One of `[[tool.ferryman.lambda.deploy.triggers]]`: what sends events to the function."""

    kind: Literal["sqs", "sns", "eventbridge", "schedule", "s3", "dynamodb", "kinesis"] = Field(
        description="The kind of event for which the app registers a handler."
    )
    source: Arn | None = Field(
        default=None, description="The ARN of the queue, topic, bucket or stream; rules have none."
    )
    schedule: Annotated[str, StringConstraints(pattern=r"^(rate|cron)\(.+\)$")] | None = Field(
        default=None, description="For `schedule`: `rate(5 minutes)` or `cron(...)`."
    )
    pattern: Mapping[str, Any] | None = Field(
        default=None, description="For `eventbridge`: the pattern of the events."
    )
    batch_size: int | None = Field(
        default=None, ge=1, le=10000, description="The most records in one event."
    )
    maximum_concurrency: int | None = Field(
        default=None, ge=2, le=1000, description="For `sqs`: how many batches are handled at once."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        wanted = {"schedule": "schedule", "eventbridge": "pattern"}.get(self.kind, "source")
        given = [n for n in ("source", "schedule", "pattern") if getattr(self, n) is not None]
        if given != [wanted]:
            raise ValueError(f"a trigger of the kind {self.kind} needs `{wanted}` and no other")
        service = (self.source or "").split(":")[2:3]
        if self.source and service != [_SOURCES[self.kind]]:
            raise ValueError(f"{self.source} is not of {self.kind}")
        if self.batch_size and self.kind not in _POLLED:
            raise ValueError(f"a trigger of the kind {self.kind} comes without batches")
        if self.maximum_concurrency and self.kind != "sqs":
            raise ValueError("maximum_concurrency is for sqs alone")
        return self


class DeployOptions(DeploySection):
    """The keys of `[tool.ferryman.lambda.deploy]`."""

    bucket: str | None = Field(
        default=None,
        description="The bucket for zips; by default `ferryman-<account>-<region>`.",
    )
    door: Literal["function-url", "http-api", "rest-api", "alb", "none"] = Field(
        default="function-url",
        description="How requests reach the function: by a URL, an API, a load balancer, or not "
        "at all.",
    )
    public: bool = Field(
        default=False,
        description="Let anyone call the Function URL. Otherwise requests must be signed, by "
        "CloudFront or by callers with the permission. All other values of door are public.",
    )
    cloudfront: bool = Field(
        default=False,
        description="Put a CloudFront distribution in front of the URL, API or load balancer.",
    )
    static: tuple[str, ...] = Field(
        default=(),
        description="Paths that CloudFront caches for as long as their Cache-Control says, such as "
        "/static/*.",
    )
    snap_start: bool = Field(
        default=False, description="Start new environments from a SnapStart snapshot."
    )
    provisioned_concurrency: int = Field(
        default=0, ge=0, description="How many environments AWS keeps ready."
    )
    reserved_concurrency: int | None = Field(
        default=None,
        ge=0,
        description="How many requests may run at once; 0 turns the function off.",
    )
    vpc: VpcOptions = Field(default=VpcOptions(), description="The VPC the function runs in.")
    alb: AlbOptions = Field(default=AlbOptions(), description="The load balancer, for that door.")
    triggers: tuple[TriggerOptions, ...] = Field(
        default=(), description="What sends events to the function."
    )

    def _contradictions(self) -> tuple[tuple[object, str], ...]:
        own_alb = self.door == "alb" and not self.alb.listener
        reserved = [n for n in self.environment if n.startswith(_RESERVED)]
        size = sum(len(n.encode()) + len(v.encode()) for n, v in self.environment.items())
        return (
            (
                self.cloudfront and (self.door == "none" or (self.door == "alb" and not own_alb)),
                "cloudfront needs a door of its own: not none, and no listener of others",
            ),
            (self.static and not self.cloudfront, "static is what CloudFront keeps: set it, too"),
            *self._domain_contradictions(self.alb),
            (
                self.domain and not self.cloudfront and self.door in ("function-url", "none"),
                "a Function URL has no domain of its own: set cloudfront, or another door",
            ),
            (
                self.cloudfront and self.certificate and ":us-east-1:" not in self.certificate,
                "CloudFront takes a certificate of us-east-1 alone",
            ),
            (own_alb and len(self.alb.subnets) < 2, "a load balancer needs two subnets in alb"),
            (
                self.snap_start and self.provisioned_concurrency,
                "snap_start and provisioned_concurrency exclude each other",
            ),
            (
                self.reserved_concurrency is not None
                and self.provisioned_concurrency > self.reserved_concurrency,
                "provisioned_concurrency is more than reserved_concurrency",
            ),
            (reserved, f"{', '.join(reserved)} in environment: Lambda sets such names itself"),
            (size > _ENVIRONMENT_LIMIT, f"environment is {size} bytes; Lambda takes 4096"),
            (len(self.environment) > _VARIABLES_LIMIT, "environment has over 190 variables"),
        )
