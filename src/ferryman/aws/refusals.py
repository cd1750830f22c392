"""Turns refusals of AWS into errors that say how to fix them.

A missing permission is named with the statement that grants it. No message repeats a signed
URL or a credential: botocore's own text has neither, and AWS masks them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ferryman.core.errors import FerrymanError

__all__ = ("AwsError", "ExpiredCredentials", "MissingPermission", "action_name", "explained")

_IDENTITY = "`aws sts get-caller-identity` tells whose credentials are used"
_AGAIN = "sign in again, then run the same command: it goes on from where it stopped"

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

# IAM's message: "User: ARN is not authorized to perform: ACTION on resource: ARN because ..."
_NOT_AUTHORIZED = re.compile(r"perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<arn>[^\s]+))?")

_IAM_PREFIXES = {"elbv2": "elasticloadbalancing"}
_IAM_ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "lambda:Invoke": "lambda:InvokeFunction",
}


class AwsError(FerrymanError):
    """AWS refused a call, or could not be reached.

    Attributes:
        code: AWS's code, such as `PreconditionFailedException`; empty if there was no answer.
    """

    code = ""


class MissingPermission(AwsError):
    """The credentials lack a permission."""


class ExpiredCredentials(AwsError):
    """The credentials have expired, perhaps during an operation."""


def action_name(service: str, operation: str) -> str:
    """Return the IAM action that permits a call.

    Args:
        service: The service's name in boto3, such as `elbv2`.
        operation: The operation's own name, such as `HeadObject`.
    """
    action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
    return _IAM_ACTIONS.get(action, action)


@contextmanager
def explained(service: str, operation: str) -> Iterator[None]:
    """Turn boto3's exceptions in the block into errors for the user.

    Raises:
        AwsError: AWS refused, or could not be reached.
    """
    from botocore.exceptions import (  # type: ignore[import-untyped]
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        TokenRetrievalError,
        UnauthorizedSSOTokenError,
    )

    action = action_name(service, "".join(part.capitalize() for part in operation.split("_")))
    try:
        yield
    except ClientError as error:
        raise _refusal(action, error.response.get("Error", {})) from None
    except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
        found = AwsError(
            "there are no AWS credentials",
            cause=str(error),
            hint="run `aws configure` or `aws sso login`, or pass --profile",
        )
        found.exit_code = 2
        raise found from None
    except (CredentialRetrievalError, TokenRetrievalError, UnauthorizedSSOTokenError) as error:
        raise ExpiredCredentials(
            "the AWS credentials cannot be renewed", cause=str(error), hint=_AGAIN
        ) from None
    except BotoCoreError as error:
        raise AwsError(
            f"AWS cannot be asked for {action}",
            cause=str(error),
            hint="check that this machine can reach AWS, then run the same command again",
        ) from None


def _refusal(action: str, told: Mapping[str, Any]) -> AwsError:
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    error = _known(action, code, message) or AwsError(
        f"AWS refuses {action}", cause=f"{code}: {message}" if message else code
    )
    error.code = code
    return error


def _known(action: str, code: str, message: str) -> AwsError | None:
    if code in _EXPIRED:
        return ExpiredCredentials("the AWS credentials have expired", cause=message, hint=_AGAIN)
    if code in _UNKNOWN:
        return AwsError("AWS does not know these credentials", cause=message, hint=_IDENTITY)
    if code in _THROTTLED:
        return AwsError(
            f"AWS throttles {action}, and went on doing so",
            cause=message,
            hint="wait a minute, then run the same command again",
        )
    if code in _DENIED or (code in ("403", "Forbidden")):
        return _missing(action, message)
    return None


def _missing(action: str, message: str) -> MissingPermission:
    match = _NOT_AUTHORIZED.search(message)
    named = match["action"] if match else action
    arn = (match["arn"] if match else None) or "*"
    statement = {"Effect": "Allow", "Action": named, "Resource": arn.rstrip(".")}
    return MissingPermission(
        f"these credentials may not do {named}",
        cause=message or None,
        hint=f"add this statement to their policy: {json.dumps(statement)}; "
        "`ferryman policy` prints all that is needed",
    )
