"""The IAM statements that let a role read the secrets of an app, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ferryman.core.secret_references import Reference

__all__ = ("secret_statements",)


def secret_statements(references: Iterable[Reference]) -> tuple[dict[str, Any], ...]:
    """Return the statements of a role that reads secrets.

    A secret's ARN ends with six letters that only AWS knows, and the name is part of it. A
    customer-managed key also needs `kms:Decrypt`, which the user must grant.
    """
    references = tuple(references)
    secrets = sorted({_secret_arn(each.name) for each in references if each.kind == "aws-sm"})
    return tuple(
        {"Effect": "Allow", "Action": [action], "Resource": [_substituted(arn) for arn in arns]}
        for action, arns in (
            ("secretsmanager:GetSecretValue", secrets),
            ("ssm:GetParameter", sorted(_parameters(references))),
        )
        if arns
    )


def _parameters(references: Iterable[Reference]) -> set[str]:
    return {
        each.name
        if each.name.startswith("arn:")
        else f"{_place('ssm')}:parameter/{each.name.lstrip('/')}"
        for each in references
        if each.kind == "aws-ssm"
    }


def _secret_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"{_place('secretsmanager')}:secret:{name}-??????"


def _place(service: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}"


def _substituted(arn: str) -> Any:
    return {"Fn::Sub": arn} if "${" in arn else arn
