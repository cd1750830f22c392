"""The settings that all deployments to AWS share: keys, patterns of names, a load balancer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

__all__ = (
    "AlbOptions",
    "Arn",
    "AsNumber",
    "DeploySection",
    "GroupId",
    "RetentionDays",
    "Section",
    "SubnetId",
    "VariableName",
)

Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws[\w-]*:[\w-]+:[\w-]*:(\d*|aws):\S+$")]
StackName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-z]+$")]
GroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-z]+$")]
ZoneId = Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]+$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]+$")]
# The pattern leaves out the length, which would make it slow to compile.
TagKey = Annotated[str, StringConstraints(pattern=r"^[\w .:/=+@-]+$", max_length=128)]
Domain = Annotated[
    str,
    StringConstraints(
        max_length=253,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
    ),
]


def _as_number(value: object) -> object:
    """Convert a flag's text to a number; pydantic reports an invalid one later."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


AsNumber = BeforeValidator(_as_number)
"""Accepts a choice of numbers as text, from a flag or a variable."""

RetentionDays = Annotated[
    Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
        2922, 3288, 3653
    ],
    AsNumber,
]  # fmt: skip
"""The values that CloudWatch Logs accepts: "PutRetentionPolicy" in its API reference."""


class Section(BaseModel):
    """A table of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AlbOptions(Section):
    """The keys of a table `alb`: a load balancer that is made, or a rule on another's."""

    listener: Arn | None = Field(
        default=None,
        description="The listener of an existing load balancer, to which ferryman adds a rule. "
        "Without it ferryman makes a load balancer in `subnets`.",
    )
    priority: int = Field(default=100, ge=1, le=50000, description="The rule's priority.")
    hosts: tuple[str, ...] = Field(default=(), description="Hosts that the rule matches.")
    paths: tuple[str, ...] = Field(default=("/*",), description="Paths that the rule matches.")
    subnets: tuple[SubnetId, ...] = Field(
        default=(), description="At least two subnets for the new load balancer."
    )
    security_groups: tuple[GroupId, ...] = Field(
        default=(), description="Security groups of the load balancer."
    )


class DeploySection(Section):
    """The keys that every deployment to AWS has, and the check that its keys fit together."""

    stack: StackName | None = Field(
        default=None,
        description="The name of the stack, and of the function or the cluster and service in it; "
        "by default the project's name.",
    )
    region: str | None = Field(
        default=None, description="The AWS region; by default that of the credentials."
    )
    domain: Domain | None = Field(
        default=None,
        description="The app's domain. The API, the new load balancer or CloudFront gets it.",
    )
    certificate: Arn | None = Field(
        default=None,
        description="The ARN of the domain's certificate; for CloudFront it must be in us-east-1. "
        "A load balancer without a certificate serves HTTP only.",
    )
    hosted_zone: ZoneId | None = Field(
        default=None,
        description="The Route 53 zone that gets the domain's record; without it you must add the "
        "record yourself.",
    )
    log_retention: RetentionDays = Field(
        default=30, description="How many days AWS keeps the logs."
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables. Never put secrets here, only references to them.",
    )
    tags: Mapping[TagKey, str] = Field(default={}, description="Tags of all resources.")
    policies: tuple[Arn, ...] = Field(
        default=(), description="ARNs of managed policies for the app's role."
    )
    statements: tuple[Mapping[str, Any], ...] = Field(
        default=(), description="IAM statements for the app's role."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for wrong, message in self._contradictions():
            if wrong:
                raise ValueError(message)
        return self

    def _contradictions(self) -> Iterable[tuple[object, str]]:
        """Return each forbidden combination of keys, with whether it is present."""
        raise NotImplementedError

    def _domain_contradictions(self, alb: AlbOptions) -> Iterable[tuple[object, str]]:
        return (
            (self.domain and not self.certificate, "a domain needs a certificate"),
            (self.hosted_zone and not self.domain, "hosted_zone is for a domain: set it, too"),
            (
                self.domain and alb.listener,
                "the domain is the load balancer's: give it there, and hosts in alb",
            ),
        )
