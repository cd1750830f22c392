"""The network of the tasks: the one that the settings name, or the region's default VPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError
from ferryman.records.wording import counted
from ferryman.targets.server.deploying.options import ServiceOptions

__all__ = ("network_parameters",)

_NAMES = ("Vpc", "Subnets", "PublicIp")


def network_parameters(
    aws: Aws, options: ServiceOptions, known: Mapping[str, str]
) -> Mapping[str, str | None]:
    """Return the template's parameters of the network; None keeps the value that there is.

    A service stays in the network that it was made in, unless the settings name another.

    Args:
        aws: The session.
        options: The settings.
        known: The parameters of the stack as it is.

    Raises:
        ConfigError: There is no such network, or no default one.
        AwsError: AWS refused.
    """
    named = options.subnets or options.vpc
    if not named and all(name in known for name in _NAMES):
        return {**dict.fromkeys(_NAMES), **_public(options)}
    subnets = _subnets(aws, options)
    (vpc, *others) = sorted({str(one["VpcId"]) for one in subnets})
    if others or (options.vpc and options.vpc != vpc):
        raise ConfigError(
            "[tool.ferryman.server.deploy] subnets are not all of one VPC",
            cause=f"they are of {', '.join((vpc, *others))}",
            hint="name subnets of one VPC, and leave vpc out",
        )
    public = all(one.get("MapPublicIpOnLaunch") for one in subnets)
    names = options.subnets or sorted(str(one["SubnetId"]) for one in subnets)
    return {
        "Vpc": vpc,
        "Subnets": ",".join(names),
        "PublicIp": "ENABLED" if public else "DISABLED",
        **_public(options),
    }


def _public(options: ServiceOptions) -> Mapping[str, str]:
    if options.public_ip is None:
        return {}
    return {"PublicIp": "ENABLED" if options.public_ip else "DISABLED"}


def _subnets(aws: Aws, options: ServiceOptions) -> Sequence[Mapping[str, Any]]:
    if options.subnets:
        told = aws.call("ec2", "describe_subnets", SubnetIds=list(options.subnets))
        return list(told["Subnets"])
    vpc = options.vpc or _default_vpc(aws)
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    if not options.vpc:
        filters.append({"Name": "default-for-az", "Values": ["true"]})
    found = list(aws.pages("ec2", "describe_subnets", "Subnets", Filters=filters))
    if len(found) < 2:
        raise ConfigError(
            f"{vpc} has {counted(len(found), 'subnet')}, and a load balancer needs two",
            hint="name two in [tool.ferryman.server.deploy] subnets",
        )
    return found


def _default_vpc(aws: Aws) -> str:
    told = aws.call("ec2", "describe_vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])
    if not told["Vpcs"]:
        raise ConfigError(
            f"{aws.region} has no default VPC",
            hint="name two subnets or more in [tool.ferryman.server.deploy] subnets",
        )
    return str(told["Vpcs"][0]["VpcId"])
