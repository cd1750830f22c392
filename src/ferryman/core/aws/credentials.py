"""Finds AWS credentials where an AWS SDK would find them, without an SDK.

It looks in this order: environment variables; a role for a web identity (EKS, and CI); the shared
credentials file; the container's credential endpoint (ECS, and EKS with Pod Identity); the role of
an EC2 instance. Source: "AWS SDKs and Tools standardized credential providers".
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ferryman.core.aws.endpoints import endpoint
from ferryman.core.aws.signing import Credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    import aiohttp

__all__ = ("CredentialSource", "NoCredentials", "has_credentials")

_ECS = "http://169.254.170.2"
_RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
_FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - the name of a variable
_IDENTITY = "AWS_WEB_IDENTITY_TOKEN_FILE"
_ROLE = "AWS_ROLE_ARN"
_INSTANCE = "http://169.254.169.254"
_MARGIN = timedelta(minutes=5)
_TIMEOUT = 2.0


class NoCredentials(Exception):
    """No credentials were found, or the service that issues them failed."""


class _Found(NamedTuple):
    credentials: Credentials
    until: datetime | None


def has_credentials(environment: Mapping[str, str]) -> bool:
    """Return whether an environment names credentials, or a service that issues them."""
    return bool(
        (environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"))
        or (environment.get(_IDENTITY) and environment.get(_ROLE))
        or environment.get(_RELATIVE)
        or environment.get(_FULL)
    )


class CredentialSource:
    """Provides valid credentials, and renews them when they expire.

    Args:
        session: The HTTP session for requests to the services that issue credentials.
        environment: The process's environment.
    """

    def __init__(
        self, session: aiohttp.ClientSession, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._session = session
        self._environment = environment
        self._known: _Found | None = None
        self._asking = asyncio.Lock()

    async def get(self) -> Credentials:
        """Return the credentials.

        Raises:
            NoCredentials: No credentials were found, or the service that issues them failed. The
                message says where they were looked for, and contains no credentials.
        """
        values = self._environment
        key, secret = values.get("AWS_ACCESS_KEY_ID"), values.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, values.get("AWS_SESSION_TOKEN"))
        if found := self._good():
            return found
        async with self._asking:
            if found := self._good():
                return found
            self._known = await self._find()
        return self._known.credentials

    def forget(self) -> bool:
        """Forget the credentials, which have expired, so that `get` looks for new ones.

        Returns:
            Whether `get` can find others; those from variables and files do not change.
        """
        renewable = self._known is not None and self._known.until is not None
        self._known = None
        return renewable

    def _good(self) -> Credentials | None:
        known = self._known
        if known and (known.until is None or datetime.now(UTC) + _MARGIN < known.until):
            return known.credentials
        return None

    async def _find(self) -> _Found:
        from aiohttp import ClientError  # the build side only needs `has_credentials`

        values = self._environment
        try:
            if values.get(_IDENTITY) and values.get(_ROLE):
                return await self._of_web_identity()
            if found := _of_file(values):
                return found
            if values.get(_RELATIVE) or values.get(_FULL):
                return await self._of_container()
            if values.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
                raise NoCredentials("there are no AWS credentials in the environment")
            return await self._of_instance()
        except (ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            raise NoCredentials(
                f"no AWS credentials:  {self._asked()} answered with {type(error).__name__}"
            ) from error

    def _asked(self) -> str:
        """Return the name of the service that issues the credentials, for messages."""
        if self._environment.get(_IDENTITY):
            return f"AWS STS for the role {self._environment.get(_ROLE)}"
        if self._environment.get(_RELATIVE) or self._environment.get(_FULL):
            return f"the container's orchestrator at {self._container_address()}"
        return "there are none in the environment, and the metadata of an EC2 instance"

    async def _of_web_identity(self) -> _Found:
        values = self._environment
        region = values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION") or "us-east-1"
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": values[_ROLE],
            "RoleSessionName": values.get("AWS_ROLE_SESSION_NAME") or "ferryman",
            "WebIdentityToken": Path(values[_IDENTITY]).read_text().strip(),
        }
        async with self._session.post(
            endpoint("sts", region, values),
            data=form,
            timeout=self._timeout(),
            raise_for_status=True,
        ) as answer:
            text = await answer.text()
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        found = [re.search(rf"<{name}>\s*([^<\s]+)\s*</{name}>", text) for name in names]
        key, secret, token, until = (match[1] for match in found if match)
        return _Found(Credentials(key, secret, token), _time(until))

    @staticmethod
    def _timeout() -> aiohttp.ClientTimeout:
        from aiohttp import ClientTimeout

        return ClientTimeout(total=_TIMEOUT)

    async def _of_container(self) -> _Found:
        headers = {"Authorization": token} if (token := self._token()) else {}
        return await self._read(self._container_address(), headers)

    def _container_address(self) -> str:
        relative = self._environment.get(_RELATIVE)
        return f"{_ECS}{relative}" if relative else self._environment[_FULL]

    def _token(self) -> str:
        file = self._environment.get(f"{_TOKEN}_FILE")
        return Path(file).read_text().strip() if file else self._environment.get(_TOKEN, "")

    async def _of_instance(self) -> _Found:
        base = self._environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE
        base = f"{base.rstrip('/')}/latest"
        life = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        async with self._session.put(
            f"{base}/api/token", headers=life, timeout=self._timeout(), raise_for_status=True
        ) as answer:
            token = {"X-aws-ec2-metadata-token": await answer.text()}
        roles = f"{base}/meta-data/iam/security-credentials/"
        async with self._session.get(
            roles, headers=token, timeout=self._timeout(), raise_for_status=True
        ) as answer:
            role = (await answer.text()).split()[0]
        return await self._read(f"{roles}{role}", token)

    async def _read(self, address: str, headers: Mapping[str, str]) -> _Found:
        async with self._session.get(
            address, headers=headers, timeout=self._timeout(), raise_for_status=True
        ) as answer:
            found = await answer.json(content_type=None)
        if not isinstance(found, dict):
            raise ValueError("it is not an object")
        credentials = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
        return _Found(credentials, _time(found["Expiration"]))


def _of_file(environment: Mapping[str, str]) -> _Found | None:
    """Return the profile's section of the shared credentials file; empty if there is none."""
    place = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    path = Path(place) if place else Path(environment.get("HOME", "/"), ".aws", "credentials")
    if not path.is_file():
        return None
    from configparser import Error, RawConfigParser  # few have such a file

    file = RawConfigParser()
    try:
        file.read_string(path.read_text())
        profile = file[environment.get("AWS_PROFILE", "default")]
        key, secret = profile["aws_access_key_id"], profile["aws_secret_access_key"]
    except (Error, KeyError, UnicodeDecodeError):
        return None
    return _Found(Credentials(key, secret, profile.get("aws_session_token")), None)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
