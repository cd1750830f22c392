"""Which rows of AWS's on-demand price lists are which rates of the book.

A row is known by its usage type and a few columns; a region's prefix stands before the usage
type, with a dash, and none does in us-east-1. AWS's lists hold many rows that look alike:
each rule says what tells its own apart. Columns go by their names in lower case, without
spaces, since AWS writes them in more than one way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

__all__ = ("CLOUDFRONT", "OFFERS", "USAGE", "Row", "edge_group", "rate_id", "usage_type")

Row = Mapping[str, str]

CLOUDFRONT = "AmazonCloudFront"
"""The list without regions: its rows go by groups of edge locations."""

OFFERS = (
    "AWSLambda",
    "AmazonECS",
    "AWSELB",
    "AmazonVPC",
    "AmazonApiGateway",
    CLOUDFRONT,
    "AWSDataTransfer",
    "AmazonCloudWatch",
    "AmazonEKS",
    "AmazonRDS",
    "AmazonElastiCache",
    "AmazonDynamoDB",
    "AmazonEC2",
)
"""The lists that are read, the long one last."""

USAGE: Mapping[str, Mapping[str, str]] = {
    "AWSLambda": {
        "Request": "lambda.requests.x86_64",
        "Request-ARM": "lambda.requests.arm64",
        "Lambda-GB-Second": "lambda.duration.x86_64",
        "Lambda-GB-Second-ARM": "lambda.duration.arm64",
        "Lambda-Provisioned-GB-Second": "lambda.provisioned_duration.x86_64",
        "Lambda-Provisioned-GB-Second-ARM": "lambda.provisioned_duration.arm64",
        "Lambda-Provisioned-Concurrency": "lambda.provisioned.x86_64",
        "Lambda-Provisioned-Concurrency-ARM": "lambda.provisioned.arm64",
        "Lambda-Storage-GB-Second": "lambda.ephemeral",
        "Lambda-SnapStart-Cached-GB-S": "lambda.snapstart.cache",
        "Lambda-SnapStart-Restored-GB": "lambda.snapstart.restore",
        "Lambda-Edge-Request": "lambda_edge.requests",
        "Lambda-Edge-GB-Second": "lambda_edge.duration",
    },
    "AmazonECS": {
        "Fargate-vCPU-Hours:perCPU": "fargate.vcpu.x86_64",
        "Fargate-GB-Hours": "fargate.memory.x86_64",
        "Fargate-ARM-vCPU-Hours:perCPU": "fargate.vcpu.arm64",
        "Fargate-ARM-GB-Hours": "fargate.memory.arm64",
    },
    "AWSELB": {"LoadBalancerUsage": "alb.hours", "LCUUsage": "alb.lcu"},
    "AmazonVPC": {"PublicIPv4:InUseAddress": "ipv4.hours"},
    "AmazonApiGateway": {
        "ApiGatewayHttpRequest": "http_api.requests",
        "ApiGatewayRequest": "rest_api.requests",
        "ApiGatewayMessage": "websocket_api.messages",
        "ApiGatewayMinute": "websocket_api.minutes",
    },
    "AWSDataTransfer": {
        "DataTransfer-Out-Bytes": "egress",
        "DataTransfer-Regional-Bytes": "cross_zone",
    },
    "AmazonCloudWatch": {
        "DataProcessing-Bytes": "logs.ingest",
        "VendedLog-Bytes": "logs.lambda",
        "TimedStorage-ByteHrs": "logs.storage",
    },
    "AmazonEKS": {
        "AmazonEKS-Hours:perCluster": "eks.cluster",
        "AmazonEKS-Hours:extendedSupport": "eks.cluster.extended",
    },
    "AmazonRDS": {"RDS:GP3-Storage": "rds.gp3"},
    "AmazonElastiCache": {},
    "AmazonDynamoDB": {
        "ReadRequestUnits": "dynamodb.read",
        "WriteRequestUnits": "dynamodb.write",
        "TimedStorage-ByteHrs": "dynamodb.storage",
    },
    "AmazonEC2": {
        "NatGateway-Hours": "nat.hours",
        "NatGateway-Bytes": "nat.bytes",
        "EBS:VolumeUsage.gp3": "ebs.gp3",
        "EBS:VolumeP-IOPS.gp3": "ebs.gp3.iops",
    },
}
"""Usage types, without the region's prefix."""

_PREFIX = re.compile(r"^(?!IA-)[A-Z]{2,4}[0-9]?-")
"""``IA-`` is not a region: it stands before what DynamoDB's infrequent access costs."""

_EDGES = {
    "us": "US",
    "mx": "US",
    "ca": "CA",
    "eu": "EU",
    "il": "EU",
    "sa": "SA",
    "af": "ZA",
    "me": "ME",
    "ap-south-": "IN",
    "ap-northeast-1": "JP",
    "ap-northeast-3": "JP",
    "ap-southeast-2": "AU",
    "ap-southeast-4": "AU",
    "ap": "AP",
}
"""CloudFront's prefixes of usage types by the beginning of a region's name, the first that fits
(Amazon CloudFront Developer Guide, billing and usage reports)."""


def edge_group(region: str) -> str:
    """Return the prefix of CloudFront's edge locations that are nearest to a region."""
    fitting = (group for begin, group in _EDGES.items() if region.startswith(begin))
    return next(fitting, "US")


def usage_type(text: str) -> str:
    """Return a usage type without the region's prefix."""
    return _PREFIX.sub("", text)


def rate_id(offer: str, row: Row, region: str, instances: Collection[str]) -> str | None:
    """Return the rate of the book that a row prices, ``None`` for any other row.

    Args:
        offer: The list that the row is from.
        row: The row, by the names of its columns.
        region: The AWS region that is asked for.
        instances: The EC2 instance types that are wanted.
    """
    if row.get("termtype") != "OnDemand" or row.get("location") == "Any":
        return None
    if offer == CLOUDFRONT:
        return _edge(row, edge_group(region))
    if offer == "AmazonEC2" and row.get("instancetype"):
        return _instance(row, instances)
    if maker := _NAMED.get(offer):
        named = maker(row)
        if named:
            return named
    found = USAGE[offer].get(usage_type(row.get("usagetype", "")))
    return found if found and _is_meant(offer, row) else None


def _is_meant(offer: str, row: Row) -> bool:
    """Tell a row from those of the same usage type that price something else."""
    test = _MEANT.get(offer)
    return test is None or test(row)


_MEANT: Mapping[str, Callable[[Row], bool]] = {
    # Windows tasks have usage types of their own and would be told by this as well.
    "AmazonECS": lambda row: row.get("operatingsystem", "") in ("", "Linux", "NA"),
    # Classic and network balancers share these usage types.
    "AWSELB": lambda row: row.get("operation") == "LoadBalancing:Application",
    # Transfer to other regions has the usage type of transfer to the internet.
    "AWSDataTransfer": lambda row: (
        row.get("tolocation") == "External" or "Regional" in row.get("usagetype", "")
    ),
    "AmazonRDS": lambda row: _is_postgres(row, "PostgreSQL", "Any"),
    # Global tables and infrequent access have groups of their own.
    "AmazonDynamoDB": lambda row: row.get("group", "") in ("", "DDB-ReadUnits", "DDB-WriteUnits"),
}


def _is_postgres(row: Row, *engines: str, option: str = "Single-AZ") -> bool:
    return row.get("deploymentoption", option) == option and row.get("databaseengine") in engines


_DEPLOYMENTS = {
    "InstanceUsage": ("rds", "Single-AZ"),
    "Multi-AZUsage": ("rds-multi-az", "Multi-AZ"),
}


def _database(row: Row) -> str | None:
    """Return the rate of an RDS instance: PostgreSQL, in one zone or with one standby."""
    kind, _, name = usage_type(row.get("usagetype", "")).partition(":")
    service, option = _DEPLOYMENTS.get(kind, ("", ""))
    meant = service and _is_postgres(row, "PostgreSQL", option=option)
    return f"{service}.{name}" if meant else None


_ENGINES = {"Redis": "", "Valkey": "valkey."}


def _cache(row: Row) -> str | None:
    """Return the rate of an ElastiCache node."""
    kind, _, name = usage_type(row.get("usagetype", "")).partition(":cache.")
    engine = _ENGINES.get(row.get("cacheengine", ""))
    return f"elasticache.{engine}{name}" if kind == "NodeUsage" and engine is not None else None


_NAMED: Mapping[str, Callable[[Row], str | None]] = {
    "AmazonRDS": _database,
    "AmazonElastiCache": _cache,
}
"""Lists in which the name of a type is a part of the rate's."""


def _edge(row: Row, group: str) -> str | None:
    return {
        f"{group}-DataTransfer-Out-Bytes": "cloudfront.egress",
        f"{group}-Requests-Tier2-HTTPS": "cloudfront.requests",
    }.get(row.get("usagetype", ""))


def _instance(row: Row, instances: Collection[str]) -> str | None:
    plain = {
        "operatingsystem": "Linux",
        "tenancy": "Shared",
        "preinstalleds/w": "NA",
        "capacitystatus": "Used",
        "licensemodel": "No License required",
    }
    name = row["instancetype"]
    meant = name in instances and all(row.get(key) == value for key, value in plain.items())
    return f"ec2.{name}" if meant else None
