"""Reads the values of secrets from their references.

A process reads its secrets when it starts, before the app is imported, so that the app finds the
values in its environment. The values go nowhere else: not into errors, not into the log.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferryman.core.errors import ConfigError
from ferryman.core.secret_references import Reference, parse_reference

if TYPE_CHECKING:
    from ferryman.core.aws.json_service import JsonService

__all__ = ("SecretUnreadable", "read_secrets")

_AWS = {"aws-sm": "AWS Secrets Manager", "aws-ssm": "AWS Systems Manager"}
_ATTEMPTS = 3
_TIMEOUT = 5.0


class SecretUnreadable(ConfigError):
    """A secret could not be read. The message has its variable and reference, never its value."""


def read_secrets(
    asked: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the values of secrets, by the names of their variables.

    Args:
        asked: References, by the names of the variables.
        environment: Gives the AWS region and credentials.

    Raises:
        SecretUnreadable: A secret cannot be read.
    """
    references = {name: parse_reference(text) for name, text in asked.items()}
    found = {
        name: _read_here(name, reference)
        for name, reference in references.items()
        if reference.kind not in _AWS
    }
    of_aws = {name: each for name, each in references.items() if each.kind in _AWS}
    return found | (_run(_read_aws(of_aws, environment)) if of_aws else {})


def _run(work: Any) -> Any:
    """Run a coroutine on a new event loop, and leave the current loop as it was."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def _read_here(variable: str, reference: Reference) -> str:
    if reference.kind == "k8s":
        raise _unreadable(
            variable,
            reference,
            "only the pod's manifest can give it, and gave no such variable",
            "deploy with the manifests of `ferryman build -t k8s`; elsewhere set the variable",
        )
    try:
        with open(reference.name, encoding="utf-8") as file:  # noqa: PTH123
            return file.read().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise _unreadable(
            variable, reference, cause, "put the file there, readable for the process alone"
        ) from None


async def _read_aws(
    references: Mapping[str, Reference], environment: Mapping[str, str]
) -> dict[str, str]:
    import aiohttp  # few apps have secrets, and a cold start pays for each import

    from ferryman.core.aws.credentials import CredentialSource

    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT), trust_env=True
    ) as session:
        credentials = CredentialSource(session, environment)
        reader = _AwsReader(session, credentials, environment)
        values = await asyncio.gather(
            *(reader.read(name, reference) for name, reference in references.items())
        )
    return dict(zip(references, values, strict=True))


class _AwsReader:
    """Reads AWS secrets, each once, even if several variables use parts of it."""

    def __init__(self, session: Any, credentials: Any, environment: Mapping[str, str]) -> None:
        self._session = session
        self._credentials = credentials
        self._environment = environment
        self._reading: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def read(self, variable: str, reference: Reference) -> str:
        place = (reference.kind, reference.name)
        if place not in self._reading:
            self._reading[place] = asyncio.ensure_future(self._text(variable, reference))
        text = await self._reading[place]
        return _part(variable, reference, text) if reference.key else text

    async def _text(self, variable: str, reference: Reference) -> str:
        service = self._service(variable, reference)
        asked: dict[str, object] = {"SecretId": reference.name}
        operation = "GetSecretValue"
        if reference.kind == "aws-ssm":
            operation, asked = "GetParameter", {"Name": reference.name, "WithDecryption": True}
        answer = await self._call(variable, reference, service, operation, asked)
        found = answer.get("SecretString") or answer.get("Parameter", {}).get("Value")
        if isinstance(found, str):
            return found
        raise _unreadable(variable, reference, "it holds bytes and no text", "store it as text")

    async def _call(
        self,
        variable: str,
        reference: Reference,
        service: JsonService,
        operation: str,
        asked: Mapping[str, Any],
    ) -> dict[str, Any]:
        from aiohttp import ClientError

        from ferryman.core.aws.credentials import NoCredentials
        from ferryman.core.aws.json_service import AwsRefusal, DamagedAnswer

        cause, hint = "", ""
        for attempt in range(_ATTEMPTS):
            try:
                return await service.call(operation, asked)
            except AwsRefusal as error:
                cause, hint = f"{error.code}: {error.message}", _hint(error.code, reference)
                if error.status < 500 and "Throttling" not in error.code:
                    break
            except NoCredentials as error:
                cause, hint = str(error), "give the function, pod or server a role"
                break
            except (ClientError, TimeoutError, OSError, DamagedAnswer) as error:
                cause = f"{_AWS[reference.kind]} does not answer ({type(error).__name__})"
                hint = "may this process reach AWS? In a VPC it needs an endpoint or a NAT"
            await asyncio.sleep(0.1 * 2**attempt)
        raise _unreadable(variable, reference, cause, hint)

    def _service(self, variable: str, reference: Reference) -> JsonService:
        from ferryman.core.aws.endpoints import region_of
        from ferryman.core.aws.json_service import JsonService, Protocol, session_post

        arn = reference.name.split(":")
        region = arn[3] if len(arn) > 5 else region_of(self._environment)
        if not region:
            raise _unreadable(variable, reference, "no region is set", "set AWS_REGION")
        protocol = (
            Protocol("secretsmanager", "secretsmanager", "1.1")
            if reference.kind == "aws-sm"
            else Protocol("ssm", "AmazonSSM", "1.1")
        )
        post = session_post(self._session)
        return JsonService(protocol, region, self._credentials, post, self._environment)


def _part(variable: str, reference: Reference, text: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if isinstance(held, dict) and isinstance(held.get(reference.key), str | int | float):
        return str(held[reference.key])
    raise _unreadable(
        variable,
        reference,
        f"it is not a JSON object with a text under {reference.key!r}",
        "look at the secret's keys, or leave out what stands after #",
    )


def _hint(code: str, reference: Reference) -> str:
    if code in ("ResourceNotFoundException", "ParameterNotFound"):
        return "is the name right, and is it in this region and account?"
    if code == "AccessDeniedException":
        action = "secretsmanager:GetSecretValue"
        if reference.kind == "aws-ssm":
            action = "ssm:GetParameter"
        return f"allow the role {action} on it, and kms:Decrypt on a key of your own"
    if "Expired" in code:
        return "renew the credentials"
    return "look at what AWS says"


def _unreadable(variable: str, reference: Reference, cause: str, hint: str) -> SecretUnreadable:
    return SecretUnreadable(
        f"the secret of {variable}, {reference}, cannot be read", cause=cause, hint=hint
    )
