"""The statements of the policies that `ferryman policy` prints. Pure.

Calls that ferryman makes are allowed directly. Calls that CloudFormation makes in the caller's name
are allowed only through it, by the condition `aws:CalledVia`. Source: "AWS services that use
CalledVia keys" in the IAM user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferryman.aws.handler_actions import HANDLER_ACTIONS
from ferryman.aws.template_parts import allow

__all__ = (
    "RUN_IMAGE",
    "SEND_IMAGE",
    "SEND_ZIP",
    "STACK_DELETE",
    "STACK_DEPLOY",
    "STACK_PLAN",
    "STACK_READ",
    "StackPlace",
    "Statement",
    "called",
    "passed_roles",
    "via_cloudformation",
)

Statement = Mapping[str, Any]
ResourcesOf = Callable[[str], tuple[str, ...]]

STACK_READ = ("cloudformation:DescribeStacks",)
"""The actions that read a stack."""

STACK_PLAN = (
    *STACK_READ,
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DetectStackDrift",
    "cloudformation:GetTemplate",
)
"""The actions that compute a stack's changes."""

STACK_DEPLOY = (
    *STACK_PLAN,
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ExecuteChangeSet",
)
"""The actions that change a stack."""

STACK_DELETE = (
    *STACK_READ,
    "cloudformation:DeleteStack",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
)
"""The actions that delete a stack."""

SEND_ZIP = (
    "s3:CreateBucket",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutObject",
)
"""The actions that upload a zip and create its bucket."""

SEND_IMAGE = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:CreateRepository",
    "ecr:DescribeRepositories",
    "ecr:GetAuthorizationToken",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""The actions that push an image and create its repository. Source: "IAM permissions
for pushing an image to an Amazon ECR private repository" in the ECR user guide."""

RUN_IMAGE = (
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetRepositoryPolicy",
    "ecr:SetRepositoryPolicy",
)
"""The actions that give Lambda access to an image, in the caller's name. Source: "Amazon ECR
permissions" of container images in the AWS Lambda developer guide."""

_VIA = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}


@dataclass(frozen=True, slots=True)
class StackPlace:
    """The place of a deployment; `*` stands for an unknown value.

    Attributes:
        stack: The stack's name, which is that of the function or the service, too.
        bucket: The bucket of the zips.
        repository: The repository of the images.
        region: The region.
        account: The account's number.
        partition: The partition.
    """

    stack: str
    bucket: str = "ferryman-*"
    repository: str = "*"
    region: str = "*"
    account: str = "*"
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def roles(self) -> str:
        """The ARN of the roles that the stack makes."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.stack}-*"

    @property
    def images(self) -> str:
        """The ARN of the repository of the images."""
        return self.arn("ecr", f"repository/{self.repository}")

    def shared(self, action: str) -> tuple[str, ...] | None:
        """Return the resources of an action that all deployments share, or None."""
        service, _, name = action.partition(":")
        if name in ("DescribeStackDriftDetectionStatus", "GetAuthorizationToken", "GetMetricData"):
            return ("*",)  # AWS has no narrower resource for them
        if service == "s3":
            bucket = f"arn:{self.partition}:s3:::{self.bucket}"
            return (f"{bucket}/*",) if "Object" in name else (bucket,)
        known = {
            "cloudformation": f"stack/{self.stack}/*",
            "ecr": f"repository/{self.repository}",
            "logs": f"log-group:{self.stack}-LogGroup-*",
        }
        return (self.arn(service, known[service]),) if service in known else None


def called(actions: Iterable[str], resources_of: ResourcesOf) -> list[Statement]:
    """Return the statements for direct calls, one for each set of resources."""
    wanted = sorted(set(actions))
    return [
        allow([a for a in wanted if resources_of(a) == resources], list(resources))
        for resources in dict.fromkeys(map(resources_of, wanted))
    ]


def via_cloudformation(types: Sequence[str], resources_of: ResourcesOf) -> list[Statement]:
    """Return the statements for CloudFormation's calls for some types of resources.

    Args:
        types: The types.
        resources_of: Returns the resources of a type, or of a prefix of several types.
    """
    groups: dict[tuple[str, ...], set[str]] = {}
    for kind in types:
        key = next((name for name in HANDLER_ACTIONS if kind.startswith(name)), None)
        if key:
            groups.setdefault(resources_of(key), set()).update(HANDLER_ACTIONS[key])
    return [
        {**allow(sorted(actions), list(resources)), "Condition": _VIA}
        for resources, actions in groups.items()
    ]


def passed_roles(place: StackPlace, service: str) -> Statement:
    """Return the statement that allows passing only the stack's roles to a service."""
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return {**allow(["iam:PassRole"], [place.roles]), "Condition": condition}
