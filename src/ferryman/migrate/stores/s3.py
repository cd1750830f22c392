"""Keeps the state in an object of S3, with its conditional writes as compare-and-swap.

Not every store that speaks S3 honours conditions, and one that ignores them lets two
migrations write over each other: `probe` tests this with writes that must be refused.

Source: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.stores import Conflict

__all__ = ("S3Store",)

_NOBODYS = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class S3Store:
    """An object of a bucket.

    Attributes:
        client: boto3's client of S3.
        bucket: The bucket's name.
        key: The object's key.
    """

    client: Any
    bucket: str
    key: str

    @property
    def place(self) -> str:
        """Its name in errors."""
        return f"s3://{self.bucket}/{self.key}"

    def read(self) -> tuple[bytes, str] | None:
        """Return the document and its version, or None if there is none."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]

        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.key)
            return found["Body"].read(), found["ETag"]
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            raise self._failure("read", error) from None

    def write(self, content: bytes, version: str | None) -> str:
        """Replace a version of the document, and return the new version."""
        from botocore.exceptions import BotoCoreError, ClientError

        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            written = self.client.put_object(
                Bucket=self.bucket,
                Key=self.key,
                Body=content,
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            # 409 means a concurrent write.
            refused = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
            if _code(error) in refused:
                raise Conflict(self.place) from None
            if _code(error) == "NoSuchKey" and version is not None:
                raise Conflict(self.place) from None
            raise self._failure("written", error) from None
        except BotoCoreError as error:
            raise self._failure("written", error) from None
        return str(written["ETag"])

    def probe(self) -> None:
        """Check that both conditions are honoured, with writes that would change nothing."""
        found = self.read()
        if found is None:
            return
        for wrong in (None, _NOBODYS):
            try:
                self.write(found[0], wrong)
            except Conflict:
                continue
            raise ConfigError(
                f"{self.place}: the store ignores conditions",
                cause="it accepted a write that it should refuse",
                hint="use Amazon S3, or a store with If-Match and If-None-Match, or a local file",
            )

    def _failure(self, done: str, error: Exception) -> FerrymanError:
        return FerrymanError(
            f"{self.place} cannot be {done}",
            cause=str(error),
            hint="it takes s3:GetObject and s3:PutObject on that key, and s3:ListBucket",
        )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
