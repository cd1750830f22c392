"""References to secrets, which builds and artifacts hold in place of the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ("KINDS", "Reference", "parse_reference")

KINDS: Mapping[str, str] = {
    "aws-sm": "aws-sm:prod/shop or aws-sm:prod/shop#url",
    "aws-ssm": "aws-ssm:/prod/shop/url",
    "k8s": "k8s:shop/url",
    "file": "file:/run/secrets/url",
}
"""The kinds of references, each with an example."""


class Reference(NamedTuple):
    """A reference to a secret.

    Attributes:
        kind: One of `KINDS`.
        name: The secret's name or ARN, the parameter's name, the Secret's, or the file's path.
        key: The key in the secret, where it holds several: a JSON object, or a Secret.
    """

    kind: str
    name: str
    key: str = ""

    def __str__(self) -> str:
        """Return the reference in its written form, as `parse_reference` reads it."""
        mark = "/" if self.kind == "k8s" else "#"
        return f"{self.kind}:{self.name}{mark + self.key if self.key else ''}"


def parse_reference(text: str) -> Reference:
    """Read a reference.

    Raises:
        ValueError: The text is not a reference. The message does not repeat it: it may be a secret.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in KINDS:
        raise ValueError(
            f"it is not a reference to a secret: write one of {'; '.join(KINDS.values())}"
        )
    mark = {"aws-sm": "#", "k8s": "/"}.get(kind, "")
    key = ""
    if mark:
        name, _, key = name.partition(mark)
    absolute = kind != "file" or name.startswith("/")
    if not name or not absolute or (kind == "k8s" and not key) or any(map(str.isspace, name)):
        raise ValueError(f"a reference of the kind {kind} is written as in {KINDS[kind]}")
    return Reference(kind, name, key)
