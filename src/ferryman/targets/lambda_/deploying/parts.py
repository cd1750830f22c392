"""Shared parts of a function's template: its alias, and the permissions to call it."""

from __future__ import annotations

from typing import Any

from ferryman.aws.template_parts import Resource, made, ref

__all__ = ("ALIAS", "permission")

ALIAS = "Live"
"""The logical id of the alias `live`; a reference to it is its ARN."""


def permission(principal: str, source: Any = None, **properties: Any) -> Resource:
    """Return the permission of a service to call the alias."""
    given = {} if source is None else {"SourceArn": source}
    return made(
        "AWS::Lambda::Permission",
        {
            "FunctionName": ref(ALIAS),
            "Action": "lambda:InvokeFunction",
            "Principal": principal,
            **given,
            **properties,
        },
    )
