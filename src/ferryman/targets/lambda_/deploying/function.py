"""The deployed function: its alias `live`, its versions, its code. Every write is conditional.

Lambda gives a function and an alias a revision with each change, and refuses a write whose
revision is not the present one: of two concurrent deploys, one fails with an error.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError, FerrymanError

__all__ = (
    "LIVE",
    "Alias",
    "LostRace",
    "Version",
    "move",
    "publish",
    "read_alias",
    "refuse_taken",
    "settle",
    "versions",
)

LIVE = "live"
"""The alias that every door leads to."""

_STALE = "PreconditionFailedException"
_PATIENCE = 120.0


class LostRace(FerrymanError):
    """Another client changed the function or its alias in the meantime."""


@dataclass(frozen=True, slots=True)
class Alias:
    """The target of `live`.

    Attributes:
        version: The version that gets the requests, except those of the weights.
        weights: The shares of other versions, 0 to 1.
        revision: The revision for a conditional write.
    """

    version: str
    weights: Mapping[str, float]
    revision: str

    def share(self, version: str) -> float:
        """Return the share of the requests that a version gets."""
        if version == self.version:
            return 1 - sum(self.weights.values())
        return self.weights.get(version, 0.0)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the function.

    Attributes:
        number: Its number.
        description: The project's version and the code's digest, as ferryman wrote them.
    """

    number: str
    description: str

    @property
    def project_version(self) -> str:
        """The project's version, or the whole description if ferryman did not write it."""
        return self.description.partition(" sha256:")[0] or "?"

    @property
    def digest(self) -> str:
        """The code's digest, short."""
        return self.description.partition(" sha256:")[2][:12] or "?"


def read_alias(aws: Aws, function: str) -> Alias:
    """Return the alias `live`.

    Raises:
        FerrymanError: There is no such function or alias.
        AwsError: AWS refused.
    """
    try:
        told = aws.call("lambda", "get_alias", FunctionName=function, Name=LIVE)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise FerrymanError(
            f"there is no function {function} with an alias {LIVE}",
            cause=error.cause,
            hint="`ferryman deploy -t lambda` creates both; --stack and --region say where",
        ) from None
    return _alias(told)


def refuse_taken(aws: Aws, function: str) -> None:
    """Refuse a name for a new stack's function that another function has.

    Raises:
        ConfigError: Another function has the name.
        AwsError: AWS refused.
    """
    try:
        aws.call("lambda", "get_function_configuration", FunctionName=function)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        return
    raise ConfigError(
        f"there is already a function {function} in {aws.region}",
        cause="no stack of that name made it, and a stack cannot take over a function",
        hint="choose another name with --stack; or delete that function if you do not need it",
    )


def move(
    aws: Aws, function: str, alias: Alias, version: str, weights: Mapping[str, float] | None = None
) -> Alias:
    """Point `live` to a version, and give others a share.

    Args:
        aws: The session.
        function: The function's name.
        alias: The alias as it was read: it must not have changed.
        version: The version that gets the rest of the requests.
        weights: The shares of others, 0 to 1.

    Raises:
        LostRace: Another client moved the alias.
        AwsError: AWS refused.
    """
    try:
        told = aws.call(
            "lambda",
            "update_alias",
            FunctionName=function,
            Name=LIVE,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": dict(weights or {})},
            RevisionId=alias.revision,
        )
    except AwsError as error:
        if error.code != _STALE:
            raise
        raise LostRace(
            f"the alias {LIVE} of {function} was moved by another client in the meantime",
            cause=f"version {version} is published, and gets no requests",
            hint="check `ferryman status`, then deploy again",
        ) from None
    return _alias(told)


def publish(
    aws: Aws,
    function: str,
    code: Mapping[str, Any],
    description: str,
    revision: str,
) -> str:
    """Replace the code and publish a version of it; return its number.

    Args:
        aws: The session.
        function: The function's name.
        code: The code, as `update_function_code` takes it.
        description: The version's description.
        revision: The function's revision, as it was read.

    Raises:
        LostRace: Another client changed the function.
        FerrymanError: Lambda refuses the code.
    """
    try:
        begun = aws.call(
            "lambda", "update_function_code", FunctionName=function, RevisionId=revision, **code
        )
        told = settle(aws, function, begun)
        made = aws.call(
            "lambda",
            "publish_version",
            FunctionName=function,
            CodeSha256=told["CodeSha256"],
            Description=description,
            RevisionId=told["RevisionId"],
        )
    except AwsError as error:
        if error.code not in (_STALE, "ResourceConflictException"):
            raise
        raise LostRace(
            f"the function {function} was changed by another client in the meantime",
            cause=error.cause,
            hint="the alias was not moved; deploy again",
        ) from None
    return str(made["Version"])


def settle(aws: Aws, function: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wait for the end of an update of the function, and return its configuration.

    Raises:
        FerrymanError: The update failed, or takes too long.
    """
    deadline, wait = time.monotonic() + _PATIENCE, 0.5
    while told.get("LastUpdateStatus", "Successful") == "InProgress":
        if time.monotonic() > deadline:
            raise FerrymanError(f"the update of {function} takes more than {_PATIENCE:.0f} s")
        time.sleep(wait)
        wait = min(wait * 2, 5.0)
        told = aws.call("lambda", "get_function_configuration", FunctionName=function)
    if told.get("LastUpdateStatus") == "Failed":
        raise FerrymanError(
            f"Lambda could not update {function}", cause=told.get("LastUpdateStatusReason")
        )
    return told


def versions(aws: Aws, function: str) -> list[Version]:
    """Return the published versions, the newest first.

    Raises:
        AwsError: AWS refused.
    """
    found = aws.pages("lambda", "list_versions_by_function", "Versions", FunctionName=function)
    published = [Version(v["Version"], v.get("Description", "")) for v in found]
    return sorted(
        (v for v in published if v.number.isdecimal()), key=lambda v: int(v.number), reverse=True
    )


def _alias(told: Mapping[str, Any]) -> Alias:
    weights = (told.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return Alias(told["FunctionVersion"], weights, told["RevisionId"])
