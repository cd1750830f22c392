"""Builds the common parts of CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = (
    "Part",
    "Resource",
    "allow",
    "att",
    "document",
    "environment_parameter",
    "environment_parameters",
    "log_group",
    "made",
    "ref",
    "sub",
    "text",
    "trusted",
)

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Some resources of a template, with their parameters, conditions and outputs."""

    resources: Mapping[str, Resource] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


def ref(name: str) -> Mapping[str, str]:
    """Return a reference to a parameter or a resource."""
    return {"Ref": name}


def att(name: str, attribute: str) -> Mapping[str, list[str]]:
    """Return a reference to an attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(template: str) -> Mapping[str, str]:
    """Return a text in which CloudFormation replaces each `${NAME}`."""
    return {"Fn::Sub": template}


def text(description: str, *, default: str | None = None) -> Mapping[str, Any]:
    """Return a parameter that takes a text; without a default it must be given."""
    given = {} if default is None else {"Default": default}
    return {"Type": "String", "Description": description, **given}


def made(kind: str, properties: Mapping[str, Any]) -> Resource:
    """Return a resource of a kind such as `AWS::S3::Bucket`."""
    return {"Type": kind, "Properties": properties}


def allow(actions: Iterable[str], resource: Any) -> Mapping[str, Any]:
    """Return a statement of a policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def document(statements: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return a policy document of version 2012-10-17, the newest."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trusted(service: str, condition: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return the trust policy that lets a service assume a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document([{**statement, **({"Condition": condition} if condition else {})}])


def log_group(days: int) -> Resource:
    """Return a log group, which is kept when its stack is deleted."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"RetentionInDays": days},
    }


def environment_parameter(name: str) -> str:
    """Return the name of the parameter that holds an environment variable's value."""
    # Parameter names only have letters and digits: an underscore is written as 0x, 0 as 00.
    return "Env" + name.replace("0", "00").replace("_", "0x")


def environment_parameters(names: Iterable[str]) -> Mapping[str, Any]:
    """Return the parameters of environment variables, whose values CloudFormation masks."""
    return {
        environment_parameter(name): {**text(f"The variable {name}."), "NoEcho": True}
        for name in names
    }
