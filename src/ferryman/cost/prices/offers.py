"""Maps rows of AWS's price lists to rates and instance types of the book.

A usage type and a few columns identify a row. Outside us-east-1, a usage type begins with a
prefix of its region and a dash. Many rows of the lists look alike, and each rule says how to
tell its row from the others. Column names are in lower case and without spaces, because AWS
writes them in several ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Mapping

from ferryman.cost.prices.book import InstanceType

__all__ = ("CLOUDFRONT", "LISTS", "SAVINGS", "Row", "edge_group", "learned_type", "rate_id")

Row = Mapping[str, str]

CLOUDFRONT = "AmazonCloudFront"
"""The list without regions: its rows are for groups of edge locations."""

SAVINGS = "AWSComputeSavingsPlan"
"""The list of discounts; all others have on-demand prices."""

LISTS = (
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
    SAVINGS,
    "AmazonEC2",
)
"""The lists that ferryman reads, the longest last."""

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
"""``IA-`` is not a region: it marks DynamoDB's infrequent access."""

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
"""CloudFront's prefixes of usage types by the beginning of a region's name; the first match applies
(Amazon CloudFront Developer Guide, billing and usage reports)."""


def edge_group(region: str) -> str:
    """Return the usage type prefix of the CloudFront edge locations nearest to a region."""
    return next((group for begin, group in _EDGES.items() if region.startswith(begin)), "US")


def usage_type(text: str) -> str:
    """Return a usage type without the region's prefix."""
    return _PREFIX.sub("", text)


def rate_id(offer: str, row: Row, region: str, instances: Collection[str]) -> str | None:
    """Return the id of the rate that a row prices; ``None`` if the book has no such rate.

    Args:
        offer: The list that the row is from.
        row: The row, by the names of its columns. It may be of another region.
        region: The requested AWS region.
        instances: The wanted EC2 instance types.
    """
    if offer == SAVINGS:
        return _savings_id(row, region, instances)
    if row.get("termtype") != "OnDemand" or row.get("location") == "Any":
        return None
    if offer == CLOUDFRONT:
        return _edge(row, edge_group(region))
    if row.get("regioncode", region) not in (region, ""):
        return None
    if offer == "AmazonEC2" and row.get("instancetype"):
        return _instance(row, instances)
    if (by_type := _BY_TYPE.get(offer)) and (id := by_type(row)):
        return id
    id = USAGE[offer].get(usage_type(row.get("usagetype", "")))
    matches = _MATCHES.get(offer)
    return id if matches is None or matches(row) else None


_MATCHES: Mapping[str, Callable[[Row], bool]] = {
    # Windows tasks have usage types of their own, and this check would find them as well.
    "AmazonECS": lambda row: row.get("operatingsystem", "") in ("", "Linux", "NA"),
    # Classic and network balancers share these usage types.
    "AWSELB": lambda row: row.get("operation") == "LoadBalancing:Application",
    # Transfer to other regions has the same usage type as transfer to the internet.
    "AWSDataTransfer": lambda row: (
        row.get("tolocation") == "External" or "Regional" in row.get("usagetype", "")
    ),
    "AmazonRDS": lambda row: _is_postgres(row, "PostgreSQL", "Any"),
    # Global tables and infrequent access have their own groups.
    "AmazonDynamoDB": lambda row: row.get("group", "") in ("", "DDB-ReadUnits", "DDB-WriteUnits"),
}
"""How to tell a row from others with the same usage type that price something else."""


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
    is_ours = service and _is_postgres(row, "PostgreSQL", option=option)
    return f"{service}.{name}" if is_ours else None


_ENGINES = {"Redis": "", "Valkey": "valkey."}


def _cache(row: Row) -> str | None:
    """Return the rate of an ElastiCache node."""
    kind, _, name = usage_type(row.get("usagetype", "")).partition(":cache.")
    engine = _ENGINES.get(row.get("cacheengine", ""))
    return f"elasticache.{engine}{name}" if kind == "NodeUsage" and engine is not None else None


_BY_TYPE: Mapping[str, Callable[[Row], str | None]] = {
    "AmazonRDS": _database,
    "AmazonElastiCache": _cache,
}
"""Lists with instance types, whose names are part of the rate's id."""


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
    is_plain = name in instances and all(row.get(key) == value for key, value in plain.items())
    return f"ec2.{name}" if is_plain else None


def _savings_id(row: Row, region: str, instances: Collection[str]) -> str | None:
    """Return the id of the rate of a row of `SAVINGS`, which discounts a row of another list.

    Plans of one and of three years, with three ways to pay, and plans for one instance family
    discount the same usage type. The book has Compute Savings Plans without an upfront payment.
    """
    here = row.get("discountedregioncode", "") == region
    if not here or row.get("productfamily") != "ComputeSavingsPlans":
        return None
    years = row.get("leasecontractlength")
    if row.get("purchaseoption") != "No Upfront" or years not in ("1", "3"):
        return None
    id = _discounted(row, instances)
    return f"savings.{years}y.{id}" if id else None


def _discounted(row: Row, instances: Collection[str]) -> str | None:
    service, usage = row.get("discountedservicecode", ""), row.get("discountedusagetype", "")
    if service in ("AWSLambda", "AmazonECS"):
        id = USAGE[service].get(usage_type(usage), "")
        return id if id.startswith(("lambda.duration", "fargate.")) else None
    kind, _, name = usage_type(usage).partition(":")
    # `RunInstances` alone is Linux; with a suffix, such as `:0002`, it is another system.
    linux = row.get("discountedoperation") == "RunInstances"
    if service == "AmazonEC2" and kind == "BoxUsage" and linux and name in instances:
        return f"ec2.{name}"
    return None


_LEARNED = re.compile(r"[cmr]\d+[a-z]*(?:-flex)?\.(?:medium|(?:[24]?x)?large)")
"""General purpose, compute and memory families, up to 4xlarge. Burstable types need a baseline,
which no list has."""


def learned_type(row: Row, known: Container[str]) -> InstanceType | None:
    """Return the instance type of a row; ``None`` if the book has it, or the row lacks a field.

    Args:
        row: A row of the list AmazonEC2.
        known: The types that the book has.
    """
    name = row.get("instancetype", "")
    if name in known or not _LEARNED.fullmatch(name):
        return None
    memory = re.fullmatch(r"([\d,.]+) GiB", row.get("memory", ""))
    vcpu = row.get("vcpu", "")
    if row.get("currentgeneration", "Yes") != "Yes" or not memory or not vcpu.isdigit():
        return None
    arm = "graviton" in row.get("physicalprocessor", "").lower()
    size = round(float(memory[1].replace(",", "")) * 1024)
    return InstanceType(name, int(vcpu), size, "arm64" if arm else "x86_64")
