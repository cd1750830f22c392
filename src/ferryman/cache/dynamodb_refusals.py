"""Classifies DynamoDB's errors: not done, perhaps done, or to be fixed by a person.

Source: "Error handling with DynamoDB".
"""

from __future__ import annotations

from ferryman.cache.exceptions import (
    CacheConfigError,
    CacheError,
    CacheUnavailable,
    Cut,
    NotDone,
)
from ferryman.core.aws.json_service import AwsRefusal, JsonService

__all__ = ("ACTIONS", "ConditionFailed", "carried_out_or_not")

ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem")
"""The permissions that a cache needs on its table."""

_LATER = (
    *("ThrottlingException", "ProvisionedThroughputExceededException"),
    *("RequestLimitExceeded", "LimitExceededException"),
)
_EXPIRED = ("ExpiredTokenException", "ExpiredToken")
_SIGNATURE = (
    *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException"),
    *("UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException"),
)


class ConditionFailed(Exception):
    """The condition of a write did not hold, so nothing was written."""


def carried_out_or_not(
    error: AwsRefusal, operation: str, table: str, service: JsonService
) -> Exception:
    """Return the exception that says whether an operation may be retried.

    Args:
        error: The error.
        operation: The operation.
        table: The table.
        service: Looks for credentials again, if they have expired.
    """
    if error.code == "ConditionalCheckFailedException":
        return ConditionFailed()
    if error.code in _LATER:
        return NotDone(str(error))
    if error.status >= 500:
        return Cut(str(error))
    if error.code in _EXPIRED and service.renew_credentials():
        return NotDone(str(error))
    return NotDone(str(error), _final(error, f"{operation} at dynamodb://{table}", table))


def _final(error: AwsRefusal, what: str, table: str) -> CacheError | CacheConfigError:
    if error.code == "ResourceNotFoundException":
        return CacheConfigError(
            f"{what}: there is no such table in this region and account",
            cause=error.message,
            hint=f"create it: aws dynamodb create-table --table-name {table} "
            "--attribute-definitions AttributeName=key,AttributeType=S "
            "--key-schema AttributeName=key,KeyType=HASH --billing-mode PAY_PER_REQUEST",
        )
    if error.code == "ValidationException" and "key" in error.message.lower():
        return CacheConfigError(
            f"{what}: the table has another key than a cache needs",
            cause=error.message,
            hint="a cache's table has the partition key `key`, a string, and no sort key",
        )
    if error.code in _EXPIRED:
        return CacheUnavailable(
            f"{what}: the credentials have expired",
            hint="renew AWS_SESSION_TOKEN and its two keys, or give the process a role",
        )
    if error.code == "AccessDeniedException":
        return CacheConfigError(
            f"{what}: the caller may not do this",
            cause=error.message,
            hint="allow it "
            + ", ".join(f"dynamodb:{action}" for action in ACTIONS)
            + " on the table",
        )
    if error.code in _SIGNATURE:
        return CacheConfigError(
            f"{what}: AWS does not accept the signature",
            cause=error.message,
            hint="is the clock of this machine right, and are the credentials those of AWS?",
        )
    return CacheError(f"{what}: {error.code}", cause=error.message)
