"""What the settings of every deployment to AWS share: forms of names, and a load balancer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

__all__ = (
    "AlbOptions",
    "Arn",
    "AsNumber",
    "Domain",
    "GroupId",
    "RetentionDays",
    "Section",
    "StackName",
    "SubnetId",
    "TagKey",
    "VariableName",
    "ZoneId",
    "domain_contradictions",
)

Arn = Annotated[str, StringConstraints(pattern=r"^arn:aws[\w-]*:[\w-]+:[\w-]*:(\d*|aws):\S+$")]
StackName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-z]+$")]
GroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-z]+$")]
ZoneId = Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]+$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]+$")]
# The length is not part of the pattern: every command would compile 128 copies of all letters.
TagKey = Annotated[str, StringConstraints(pattern=r"^[\w .:/=+@-]+$", max_length=128)]
Domain = Annotated[
    str,
    StringConstraints(
        max_length=253,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
    ),
]


def _as_number(value: object) -> object:
    """Let the text of a flag mean the number; what is wrong with it is said later."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


AsNumber = BeforeValidator(_as_number)
"""Lets a choice of numbers be given as text, by a flag or a variable."""

RetentionDays = Annotated[
    Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
        2922, 3288, 3653
    ],
    AsNumber,
]  # fmt: skip
"""What CloudWatch Logs takes: "PutRetentionPolicy" in its API reference."""


class Section(BaseModel):
    """A table of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AlbOptions(Section):
    """The keys of a table `alb`: a load balancer that is made, or a rule on another's."""

    listener: Arn | None = Field(
        default=None,
        description="The listener of a load balancer that is there; a rule is added to it. "
        "Without it a load balancer is made, in `subnets`.",
    )
    priority: int = Field(default=100, ge=1, le=50000, description="The rule's priority.")
    hosts: tuple[str, ...] = Field(default=(), description="Hosts that the rule matches.")
    paths: tuple[str, ...] = Field(default=("/*",), description="Paths that the rule matches.")
    subnets: tuple[SubnetId, ...] = Field(
        default=(), description="Two subnets or more of the load balancer that is made."
    )
    security_groups: tuple[GroupId, ...] = Field(
        default=(), description="Security groups of the load balancer."
    )


def domain_contradictions(
    domain: str | None, certificate: str | None, zone: str | None, alb: AlbOptions
) -> tuple[tuple[object, str], ...]:
    """Return what may not be said of a domain, each with whether it was."""
    return (
        (domain and not certificate, "a domain needs a certificate"),
        (zone and not domain, "hosted_zone is for a domain: set it, too"),
        (
            domain and alb.listener,
            "the domain is the load balancer's: give it there, and hosts in alb",
        ),
    )
