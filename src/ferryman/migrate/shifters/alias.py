"""Shifts traffic between two versions of a Lambda function, by the weights of an alias.

The old version is the alias's own, the new one its additional version. Both have the same role
and the same dead-letter queue; the alias may have no
provisioned concurrency.

Source: AWS Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferryman.aws.refusals import AwsError, explained
from ferryman.aws.session import seconds_left
from ferryman.core.errors import ConfigError
from ferryman.migrate.shifters import Drift, Live, write_checked

__all__ = ("AliasShifter",)


@dataclass(frozen=True, slots=True)
class AliasShifter:
    """An alias and two versions.

    Attributes:
        client: boto3's client of Lambda.
        function: The function.
        alias: The alias.
        old: The version that the traffic leaves.
        new: The version that it goes to.
        pause: Waits.
    """

    client: Any
    function: str
    alias: str
    old: str
    new: str
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if "$LATEST" in (self.old, self.new):
            raise ConfigError("an alias with weights takes published versions, and not $LATEST")

    def read(self) -> Live:
        """Return the live state."""
        found = self._alias()
        parts = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        main, others = found["FunctionVersion"], parts.keys() - {self.old, self.new}
        if main not in (self.old, self.new) or others:
            raise ConfigError(
                f"the alias {self.alias} of {self.function} is at version {main}"
                + "".join(f", with a part of version {each}" for each in sorted(others)),
                hint=f"the migration is from {self.old} to {self.new}",
            )
        rest = 100 * (1 - sum(parts.values()))
        weight = rest if main == self.new else 100 * parts.get(self.new, 0.0)
        return Live(weight, credentials=seconds_left(self.client._request_signer._credentials))

    def join(self) -> None:
        """Do nothing: a version without traffic counts as joined with 0."""

    def write(self, start: float, end: float) -> None:
        """Change the new version's percentage."""
        write_checked(self.read, lambda: self._set(end), start, end, pause=self.pause)

    def _set(self, percent: float) -> None:
        # The revision that is compared is that of the look just before: another that writes
        # in between is found by AWS itself.
        revision = self._alias()["RevisionId"]
        main = self.new if percent == 100 else self.old
        parts = {self.new: percent / 100} if 0 < percent < 100 else {}
        try:
            with explained("lambda", "update_alias"):
                self.client.update_alias(
                    FunctionName=self.function,
                    Name=self.alias,
                    FunctionVersion=main,
                    RoutingConfig={"AdditionalVersionWeights": parts},
                    RevisionId=revision,
                )
        except AwsError as error:
            if error.code.startswith("PreconditionFailed"):
                raise Drift(None, percent) from None
            raise

    def _alias(self) -> dict[str, Any]:
        with explained("lambda", "get_alias"):
            found: dict[str, Any] = self.client.get_alias(
                FunctionName=self.function, Name=self.alias
            )
        return found
