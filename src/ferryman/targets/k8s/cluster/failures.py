"""Says what a cluster's refusal means: whose fault it is, and what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("Conflict", "ConflictError", "Refusal", "explain", "unreachable")


class Refusal(FerrymanError):
    """The cluster refused a request.

    Args:
        status: The HTTP status.
        reason: What Kubernetes calls it, such as `NotFound`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        cause: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, cause=cause, hint=hint)
        self.status = status
        self.reason = reason


Conflict = tuple[str, str]
"""A field's path, and the manager that owns it."""


class ConflictError(Refusal):
    """Other managers own fields that would change.

    Args:
        conflicts: Each field with its owner.
    """

    def __init__(self, what: str, conflicts: tuple[Conflict, ...]) -> None:
        owned = "\n  ".join(f"{field} is {owner}'s" for field, owner in conflicts)
        super().__init__(
            f"{what}: others manage fields that would change",
            status=409,
            reason="Conflict",
            cause=owned,
            hint="leave the fields to them, by a patch that removes them here, or take them "
            "over with --force",
        )
        self.conflicts = conflicts


_LONGEST = 300
_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied the request:? ?(.*)', re.DOTALL)
_OWNER = re.compile(r'conflict with "([^"]+)"')


def unreachable(host: str, error: object) -> FerrymanError:
    """Return the error for a cluster that does not answer."""
    cause = _innermost(error)
    if "CERTIFICATE_VERIFY_FAILED" in cause:
        return ConfigError(
            f"the cluster at {host} is not the one that the kubeconfig trusts",
            cause=cause.partition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0],
            hint="is certificate-authority-data in the kubeconfig that cluster's?",
        )
    return FerrymanError(
        f"the cluster at {host} does not answer",
        cause=cause,
        hint="is it the right context (--context)? What was applied so far stays; the same "
        "command can be run again",
    )


def explain(what: str, status: int, body: str) -> FerrymanError:
    """Return the error for an answer that is not a success.

    Args:
        what: What was asked for, such as `apply Deployment/shop`.
        status: The HTTP status.
        body: The answer, a Status object if it comes from Kubernetes.
    """
    said = _status(body)
    # What is not a Status comes from something in between, and may be a page.
    message = str(said.get("message") or body.strip()[:_LONGEST] or f"HTTP {status}")
    reason = str(said.get("reason", ""))
    conflicts = _conflicts(said)
    if status == 409 and conflicts:
        return ConflictError(what, conflicts)
    if status == 401 or 'User "system:anonymous"' in message:
        return ConfigError(
            "the cluster does not know you",
            cause="the token or certificate in the kubeconfig is missing, wrong or has expired",
            hint="log in to the cluster again",
        )
    known = _known(what, status, message)
    if known:
        return known
    return Refusal(f"{what}: the cluster refused", status=status, reason=reason, cause=message)


def _known(what: str, status: int, message: str) -> Refusal | None:
    if "because it is being terminated" in message:
        hint = "wait until it is gone, or use another with --namespace"
        return Refusal(f"{what}: the namespace is being deleted", status=status, hint=hint)
    if "exceeded quota" in message:
        hint = "ask for less (cpu, memory, replicas), or for a larger quota"
        text = f"{what}: the namespace's quota is exceeded"
        return Refusal(text, status=status, cause=message, hint=hint)
    if denied := _WEBHOOK.search(message):
        text = f"{what}: the admission webhook {denied[1]} refused"
        return Refusal(text, status=status, cause=denied[2] or message)
    if "failed calling webhook" in message:
        hint = "it belongs to the cluster's administrator"
        text = f"{what}: an admission webhook does not work"
        return Refusal(text, status=status, cause=message, hint=hint)
    if forbidden := _FORBIDDEN.search(message):
        return _forbidden(what, status, forbidden)
    if "field not declared in schema" in message:
        hint = "set kube_version in [tool.ferryman.k8s] to the cluster's"
        text = f"{what}: the cluster does not know a field"
        return Refusal(text, status=400, cause=message, hint=hint)
    if status == 404 and (gone := re.search(r'namespaces "([^"]+)" not found', message)):
        hint = f"kubectl create namespace {gone[1]}"
        return Refusal(f"there is no namespace {gone[1]}", status=404, reason="NotFound", hint=hint)
    return None


def _forbidden(what: str, status: int, said: re.Match[str]) -> Refusal:
    resource = ".".join(filter(None, (said["resource"], said["group"])))
    where = f" in the namespace {said['namespace']}" if said["namespace"] else ""
    return Refusal(
        f"{what}: you may not {said['verb']} {resource}{where}",
        status=status,
        reason="Forbidden",
        cause=f"RBAC grants {said['user']} no {said['verb']} on {resource}",
        hint=f"ask for a Role with the verb {said['verb']} on {resource}",
    )


def _conflicts(said: Mapping[str, Any]) -> tuple[Conflict, ...]:
    causes = (said.get("details") or {}).get("causes") or ()
    return tuple(
        (str(cause.get("field", "")).lstrip("."), _owner(str(cause.get("message", ""))))
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    )


def _owner(message: str) -> str:
    found = _OWNER.search(message)
    return found[1] if found else message


def _status(body: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _innermost(error: object) -> str:
    """Return the words of the reason at the bottom of urllib3's wrapping."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, Exception):
        return _innermost(reason)
    return (
        re.sub(r"^<[^>]*>: |^HTTPS?Connection\([^)]*\): ", "", str(error)) or type(error).__name__
    )
