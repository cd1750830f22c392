"""The bucket for deployed files: encrypted, not public, with keys named by content.

Every call names the account that must own the bucket, so that a foreign bucket of the same name
receives nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("bucket_name", "ensure_bucket", "upload")

# S3 puts an object of at most 5 GB in one request; zips are at most 250 MB unpacked.
_MISSING = frozenset({"404", "NoSuchBucket", "NotFound"})
_FOREIGN = frozenset({"403", "AccessDenied", "Forbidden"})


def bucket_name(aws: Aws) -> str:
    """Return the name of an account's bucket for a region."""
    return f"ferryman-{aws.account}-{aws.region}"


def ensure_bucket(aws: Aws, name: str, ask: Callable[[str], bool]) -> None:
    """Check that a bucket belongs to the account; create it if it is missing and the user agrees.

    Raises:
        ConfigError: The bucket belongs to another account, or the user refused to create it.
        AwsError: AWS refused.
    """
    try:
        aws.call("s3", "head_bucket", Bucket=name, ExpectedBucketOwner=aws.account)
    except AwsError as error:
        if error.code in _FOREIGN:
            raise ConfigError(
                f"the bucket {name} is not this account's, or may not be seen",
                cause=f"S3 refuses it to the account {aws.account}",
                hint="name another by --bucket; or allow s3:ListBucket on it, "
                "if it is yours after all",
            ) from None
        if error.code not in _MISSING:
            raise
        _make(aws, name, ask)


def upload(aws: Aws, bucket: str, key: str, path: Path) -> bool:
    """Upload a file, unless its key, which names its content, exists.

    Returns:
        Whether the file was sent.

    Raises:
        AwsError: AWS refused.
    """
    owner = {"Bucket": bucket, "ExpectedBucketOwner": aws.account}
    try:
        aws.call("s3", "head_object", **owner, Key=key)
    except AwsError as error:
        # Without the permission to list, S3 says 403 of a key that is not there.
        if error.code not in _MISSING | _FOREIGN:
            raise
    else:
        return False
    content = path.read_bytes()
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    try:
        aws.call(
            "s3",
            "put_object",
            **owner,
            Key=key,
            Body=content,
            ChecksumSHA256=checksum,
            ServerSideEncryption="AES256",
            IfNoneMatch="*",
        )
    except AwsError as error:
        # Another deploy of the same content was faster.
        if error.code not in ("PreconditionFailed", "ConditionalRequestConflict"):
            raise
        return False
    return True


def _make(aws: Aws, name: str, ask: Callable[[str], bool]) -> None:
    if not ask(f"make the bucket {name}, encrypted and not public, for what is deployed?"):
        raise ConfigError(
            f"there is no bucket {name}", hint="pass --yes to have it made, or --bucket"
        )
    place = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
    try:
        if place:
            aws.call("s3", "create_bucket", Bucket=name, CreateBucketConfiguration=place)
        else:
            aws.call("s3", "create_bucket", Bucket=name)
    except AwsError as error:
        if error.code != "BucketAlreadyOwnedByYou":
            raise FerrymanError(
                f"the bucket {name} could not be made", cause=error.cause, hint=error.hint
            ) from None
    owner = {"Bucket": name, "ExpectedBucketOwner": aws.account}
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    aws.call(
        "s3",
        "put_public_access_block",
        **owner,
        PublicAccessBlockConfiguration=dict.fromkeys(blocked, True),
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws.call(
        "s3",
        "put_bucket_encryption",
        **owner,
        ServerSideEncryptionConfiguration={"Rules": [rule]},
    )
