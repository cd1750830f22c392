"""The template of a function's stack, in plain CloudFormation. Pure.

The code is a parameter, and so are the values of environment variables, which appear nowhere
else. A version's logical id holds a digest of all that Lambda freezes in it, so that a new
one is published when any of that changes; versions are kept for `rollback`. Sources: "AWS
Lambda resource type reference" and "Lambda function versions" of AWS's documentation.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ferryman.aws.template_parts import (
    Part,
    allow,
    att,
    document,
    environment_parameter,
    environment_parameters,
    log_group,
    made,
    ref,
    text,
    trusted,
)
from ferryman.core.errors import ConfigError
from ferryman.targets.lambda_.deploying.distribution import distribution
from ferryman.targets.lambda_.deploying.doors import door
from ferryman.targets.lambda_.deploying.options import DeployOptions
from ferryman.targets.lambda_.deploying.parts import ALIAS
from ferryman.targets.lambda_.deploying.triggers import trigger_permissions, triggers
from ferryman.targets.lambda_.runtimes import managed_platform

__all__ = ("FunctionSpec", "stack_template", "version_id")

_ALIAS_NAME = "live"
_VPC_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function to be deployed.

    Attributes:
        name: The project's name.
        version: The project's version.
        digest: The hexadecimal SHA-256 of the zip, or of the image's manifest.
        runtime: Such as `python3.13`; None for an image.
        handler: The handler; None for an image.
        architecture: `arm64` or `x86_64`.
        memory: MiB.
        timeout: Seconds.
        streaming: Whether responses stream.
        variables: The environment variables of the runtime itself.
        options: The settings of the deployment.
    """

    name: str
    version: str
    digest: str
    runtime: str | None
    handler: str | None
    architecture: str
    memory: int
    timeout: int
    streaming: bool
    variables: Mapping[str, str] = field(default_factory=dict)
    options: DeployOptions = field(default_factory=DeployOptions)

    @property
    def is_image(self) -> bool:
        """Whether the code is an image."""
        return self.runtime is None

    @property
    def description(self) -> str:
        """What the version says of itself: the project's version and the code's digest."""
        return f"{self.version} sha256:{self.digest}"


def stack_template(spec: FunctionSpec) -> Mapping[str, Any]:
    """Return the template of a function, its role, log group, version, alias, door and triggers.

    Raises:
        ConfigError: Settings contradict each other.
    """
    _check(spec)
    front = door(spec.options, streaming=spec.streaming)
    parts = (
        _core(spec),
        front.part,
        distribution(spec.options, front),
        triggers(spec.options.triggers),
    )
    outputs = {
        "FunctionName": ref("Function"),
        "Version": att(version_id(spec), "Version"),
        "LogGroup": ref("LogGroup"),
    }
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{spec.name}, deployed by ferryman",
        "Parameters": _parameters(spec),
        "Conditions": {"LiveVersionGiven": {"Fn::Not": [{"Fn::Equals": [ref("LiveVersion"), ""]}]}},
        "Resources": {name: made for part in parts for name, made in part.resources.items()},
    }
    for part in parts:
        outputs |= part.outputs
    template["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
    return template


def version_id(spec: FunctionSpec) -> str:
    """Return the logical id of the version: `Version` and a digest of what it freezes."""
    return f"Version{spec.digest[:16]}{_settings_digest(spec)}"


def _settings_digest(spec: FunctionSpec) -> str:
    """Return a short digest of the function's settings.

    The values of the environment are among them, and must not be guessed from it: so it
    takes the computer some time (scrypt, RFC 7914).
    """
    frozen = [
        [spec.runtime, spec.handler, spec.architecture, spec.memory, spec.timeout],
        sorted({**spec.variables, **spec.options.environment}.items()),
        [spec.options.vpc.model_dump(), spec.options.snap_start],
        spec.options.provisioned_concurrency,
    ]
    return _slow_digest(json.dumps(frozen), f"{spec.name} {spec.digest}")


@lru_cache(maxsize=4)
def _slow_digest(frozen: str, salt: str) -> str:
    digest = hashlib.scrypt(frozen.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=5)
    return digest.hex()


def _parameters(spec: FunctionSpec) -> Mapping[str, Any]:
    code: dict[str, Any] = (
        {"ImageUri": text("The image, in ECR, by its digest.")}
        if spec.is_image
        else {
            "CodeBucket": text("The bucket that holds the zip."),
            "CodeKey": text("The zip's key.", default=f"{spec.name}/{spec.digest}.zip"),
        }
    )
    live = text("The version that `live` points to; empty for the newest.", default="")
    return {**code, "LiveVersion": live, **environment_parameters(spec.options.environment)}


def _core(spec: FunctionSpec) -> Part:
    version = version_id(spec)
    live = {"Fn::If": ["LiveVersionGiven", ref("LiveVersion"), att(version, "Version")]}
    alias = {"FunctionName": ref("Function"), "Name": _ALIAS_NAME, "FunctionVersion": live}
    return Part(
        {
            "LogGroup": log_group(spec.options.log_retention),
            "Role": _role(spec.options),
            "Function": _function(spec),
            version: _version(spec),
            ALIAS: made("AWS::Lambda::Alias", alias),
        }
    )


def _role(options: DeployOptions) -> Mapping[str, Any]:
    own_logs = ("logs:CreateLogStream", "logs:PutLogEvents")
    statements: list[Mapping[str, Any]] = [allow(own_logs, att("LogGroup", "Arn"))]
    if options.vpc.subnets:
        # AWS checks these against every network interface: "Giving Lambda functions access
        # to resources in an Amazon VPC".
        statements.append(allow(_VPC_ACTIONS, "*"))
    statements += [*trigger_permissions(options.triggers), *options.statements]
    properties: dict[str, Any] = {
        "AssumeRolePolicyDocument": trusted("lambda.amazonaws.com"),
        "Policies": [{"PolicyName": "function", "PolicyDocument": document(statements)}],
    }
    if options.policies:
        properties["ManagedPolicyArns"] = list(options.policies)
    return made("AWS::IAM::Role", properties)


def _function(spec: FunctionSpec) -> Mapping[str, Any]:
    options = spec.options
    variables = {
        **spec.variables,
        **{name: ref(environment_parameter(name)) for name in options.environment},
    }
    properties: dict[str, Any] = {
        "FunctionName": ref("AWS::StackName"),
        "Description": f"{spec.name}, deployed by ferryman",
        "Architectures": [spec.architecture],
        "MemorySize": spec.memory,
        "Timeout": spec.timeout,
        "Role": att("Role", "Arn"),
        "LoggingConfig": {"LogGroup": ref("LogGroup")},
        **_code(spec),
    }
    if variables:
        properties["Environment"] = {"Variables": variables}
    if options.vpc.subnets:
        properties["VpcConfig"] = {
            "SubnetIds": list(options.vpc.subnets),
            "SecurityGroupIds": list(options.vpc.security_groups),
        }
    if options.snap_start:
        properties["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    if options.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = options.reserved_concurrency
    return made("AWS::Lambda::Function", properties)


def _code(spec: FunctionSpec) -> Mapping[str, Any]:
    if spec.is_image:
        return {"PackageType": "Image", "Code": {"ImageUri": ref("ImageUri")}}
    return {
        "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
        "Runtime": spec.runtime,
        "Handler": spec.handler,
    }


def _version(spec: FunctionSpec) -> Mapping[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": ref("Function"),
        "Description": spec.description,
        # Lambda publishes nothing if somebody changed the code meanwhile.
        "CodeSha256": spec.digest
        if spec.is_image
        else base64.b64encode(bytes.fromhex(spec.digest)).decode(),
    }
    if count := spec.options.provisioned_concurrency:
        properties["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": count}
    return {
        "Type": "AWS::Lambda::Version",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _check(spec: FunctionSpec) -> None:
    options, section = spec.options, "[tool.ferryman.lambda.deploy]"
    if spec.runtime is not None:
        managed_platform(spec.runtime.removeprefix("python"), spec.architecture)
    if spec.streaming and options.door in ("http-api", "alb"):
        raise ConfigError(
            f'door = "{options.door}" in {section} does not stream, and lambda.streaming is set',
            hint='set door = "function-url" or "rest-api", or turn streaming off',
        )
    if options.snap_start and spec.runtime == "python3.11":
        raise ConfigError(
            f"snap_start in {section} needs Python 3.12 or later, or an image",
            hint="pass --python 3.13, or turn snap_start off",
        )
    if options.door == "http-api" and spec.timeout > 30:
        raise ConfigError(
            f"an HTTP API waits for 30 s, and lambda.timeout is {spec.timeout} s",
            hint='lower it, or set door = "function-url"',
        )
