"""A session with AWS: makes all calls, and explains those that fail.

boto3 finds credentials, region and endpoint like the AWS command line. botocore's standard mode
retries a throttled call or a broken connection at most five times, with growing pauses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ferryman.aws.refusals import explained
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped]

__all__ = ("Aws", "open_session", "seconds_left")

_ATTEMPTS = 5
_CONNECT_SECONDS = 10
_READ_SECONDS = 60


def open_session(region: str | None = None, profile: str | None = None) -> Aws:
    """Return a session with AWS, without calling AWS yet.

    Args:
        region: An AWS region; None for that of the profile or of `AWS_REGION`.
        profile: A profile of `~/.aws/config`; None for the usual one.

    Raises:
        ConfigError: boto3 is not installed, there is no such profile, or no region.
    """
    try:
        from boto3 import Session  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
    except ImportError as error:
        raise ConfigError(
            "boto3 is not installed", cause=str(error), hint="pip install 'ferryman[aws]'"
        ) from None
    try:
        session = Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
    except BotoCoreError as error:
        raise ConfigError("AWS cannot be asked", cause=str(error), hint="pass --profile") from None
    if not session.region_name:
        raise ConfigError(
            "no AWS region is chosen",
            hint="pass --region, or set AWS_REGION or the region of the profile",
        )
    return Aws(session)


class Aws:
    """One account of AWS in one region.

    Attributes:
        region: The region's name.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._clients: dict[str, BaseClient] = {}
        self.region: str = session.region_name

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Call an operation, and return its answer.

        Args:
            service: The service's name, such as `lambda`.
            operation: The operation's name in boto3, such as `update_alias`.
            parameters: The operation's parameters.

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        with explained(service, operation):
            answer: dict[str, Any] = getattr(self.client(service), operation)(**parameters)
        return answer

    def pages(
        self, service: str, operation: str, key: str, /, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages of an answer.

        Args:
            service: The service's name, such as `lambda`.
            operation: The operation's name in boto3.
            key: The items' key in each page.
            parameters: The operation's parameters.

        Raises:
            AwsError: AWS refused, or could not be reached.
        """
        with explained(service, operation):
            for page in self.client(service).get_paginator(operation).paginate(**parameters):
                yield from page.get(key, ())

    def client(self, service: str) -> BaseClient:
        """Return boto3's client of a service, creating it on the first call."""
        if service not in self._clients:
            from botocore.config import Config  # type: ignore[import-untyped]

            config = Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                # Only if S3 requires a checksum: uploads pass their own.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            with explained(service, "client"):
                self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The account's number. Reading it needs no permission."""
        return str(self.call("sts", "get_caller_identity")["Account"])

    @property
    def partition(self) -> str:
        """`aws`, or another partition for China or GovCloud."""
        return str(self._session.get_partition_for_region(self.region))

    def seconds_left(self) -> float | None:
        """Return how long the credentials are valid, as `seconds_left` does."""
        return seconds_left(self._session.get_credentials())


def seconds_left(credentials: Any) -> float | None:
    """Return how long boto3's credentials are valid, or None if they do not expire.

    boto3 renews some credentials by itself; for these the result is None, too.
    """
    expiry = getattr(credentials, "_expiry_time", None)
    if expiry is None or callable(getattr(credentials, "_refresh_using", None)):
        return None
    return float((expiry - datetime.now(UTC)).total_seconds())
