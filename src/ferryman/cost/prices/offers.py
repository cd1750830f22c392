"""Which rows of AWS's price lists are which rates of the book.

A row is known by its usage type and a few columns; a region's prefix stands before the usage
type, with a dash, and none does in us-east-1. AWS's lists hold many rows that look alike:
each rule says what tells its own apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ("OFFERS", "rate_id")

Row = Mapping[str, str]

OFFERS = (
    "AWSLambda",
    "AmazonECS",
    "AWSELB",
    "AmazonVPC",
    "AmazonApiGateway",
    "AWSDataTransfer",
    "AmazonCloudWatch",
    "AmazonEKS",
    "AmazonEC2",
)
"""The lists that are read, the long one last."""

_LAMBDA_GROUPS = {
    "AWS-Lambda-Requests": "lambda.requests.x86_64",
    "AWS-Lambda-Requests-ARM": "lambda.requests.arm64",
    "AWS-Lambda-Duration": "lambda.duration.x86_64",
    "AWS-Lambda-Duration-ARM": "lambda.duration.arm64",
    "AWS-Lambda-Duration-Provisioned": "lambda.provisioned_duration.x86_64",
    "AWS-Lambda-Duration-Provisioned-ARM": "lambda.provisioned_duration.arm64",
    "AWS-Lambda-Provisioned-Concurrency": "lambda.provisioned.x86_64",
    "AWS-Lambda-Provisioned-Concurrency-ARM": "lambda.provisioned.arm64",
    "AWS-Lambda-Storage-Duration": "lambda.ephemeral",
}

_USAGE = {
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
    },
    "AWSDataTransfer": {"DataTransfer-Out-Bytes": "egress"},
    "AmazonCloudWatch": {
        "DataProcessing-Bytes": "logs.ingest",
        "TimedStorage-ByteHrs": "logs.storage",
    },
    "AmazonEKS": {"AmazonEKS-Hours:perCluster": "eks.cluster"},
    "AmazonEC2": {
        "NatGateway-Hours": "nat.hours",
        "NatGateway-Bytes": "nat.bytes",
        "EBS:VolumeUsage.gp3": "ebs.gp3",
        "EBS:VolumeP-IOPS.gp3": "ebs.gp3.iops",
    },
}
"""Usage types, without the region's prefix."""

_PREFIX = re.compile(r"^[A-Z]{2,4}[0-9]?-")


def rate_id(offer: str, row: Row, instances: Collection[str]) -> str | None:
    """Return the rate of the book that a row prices, ``None`` for any other row.

    Args:
        offer: The list that the row is from.
        row: The row, by the names of its columns.
        instances: The EC2 instance types that are wanted.
    """
    if row.get("TermType") != "OnDemand" or row.get("Location") == "Any":
        return None
    if offer == "AWSLambda":
        return _LAMBDA_GROUPS.get(row.get("Group", ""))
    if offer == "AmazonEC2" and row.get("Instance Type"):
        return _instance(row, instances)
    usage = _PREFIX.sub("", row.get("usageType", ""))
    found = _USAGE[offer].get(usage)
    return found if found and _is_meant(offer, row) else None


def _is_meant(offer: str, row: Row) -> bool:
    if offer == "AmazonECS":
        # Windows tasks have usage types of their own and would be told by this as well.
        return row.get("Operating System", "") in ("", "Linux", "NA")
    if offer == "AWSELB":
        # Classic and network balancers share these usage types.
        return row.get("operation") == "LoadBalancing:Application"
    if offer == "AWSDataTransfer":
        return row.get("To Location") == "External"
    return True


def _instance(row: Row, instances: Collection[str]) -> str | None:
    plain = {
        "Operating System": "Linux",
        "Tenancy": "Shared",
        "Pre Installed S/W": "NA",
        "CapacityStatus": "Used",
        "License Model": "No License required",
    }
    name = row["Instance Type"]
    meant = name in instances and all(row.get(key) == value for key, value in plain.items())
    return f"ec2.{name}" if meant else None
