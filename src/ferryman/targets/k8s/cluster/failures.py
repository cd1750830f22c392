"""Explains the refusals of a cluster: the cause, and what to do about it."""

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
        reason: Kubernetes' name of the reason, such as `NotFound`.
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
        owned = "\n  ".join(f"{owner} owns {field}" for field, owner in conflicts)
        super().__init__(
            f"{what}: other managers own fields that would change",
            status=409,
            reason="Conflict",
            cause=owned,
            hint="remove the fields from your manifests with a patch, or take them over with "
            "--force",
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
            f"the kubeconfig does not trust the certificate of the cluster at {host}",
            cause=cause.partition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0],
            hint="does certificate-authority-data in the kubeconfig belong to that cluster?",
        )
    return FerrymanError(
        f"the cluster at {host} does not answer",
        cause=cause,
        hint="is it the right context (--context)? The objects applied so far stay; run the "
        "command again to continue",
    )


def explain(what: str, status: int, body: str) -> FerrymanError:
    """Return the error for a response that is not a success.

    Args:
        what: The request, such as `apply Deployment/shop`.
        status: The HTTP status.
        body: The body of the response: a Status object if it comes from Kubernetes.
    """
    details = _status(body)
    # Another body comes from a proxy in between, and may be a web page.
    message = str(details.get("message") or body.strip()[:_LONGEST] or f"HTTP {status}")
    reason = str(details.get("reason", ""))
    conflicts = _conflicts(details)
    if status == 409 and conflicts:
        return ConflictError(what, conflicts)
    if status == 401 or 'User "system:anonymous"' in message:
        return ConfigError(
            "the cluster does not know you",
            cause="the token or certificate in the kubeconfig is missing, wrong or has expired",
            hint="log in to the cluster again",
        )
    refusal = Refusal(f"{what}: the cluster refused", status=status, reason=reason, cause=message)
    return _known(what, status, message) or refusal


_KNOWN = (
    (
        "because it is being terminated",
        "the namespace is being deleted",
        "wait until it is gone, or choose another namespace with --namespace",
    ),
    (
        "exceeded quota",
        "the namespace's quota is exceeded",
        "lower cpu, memory or replicas, or ask for a larger quota",
    ),
    (
        "failed calling webhook",
        "an admission webhook does not work",
        "ask the cluster's administrator to repair it",
    ),
    (
        "field not declared in schema",
        "the cluster does not know a field",
        "set kube_version in [tool.ferryman.k8s] to the cluster's version",
    ),
)
"""Words of known refusals, with an explanation and a hint."""


def _known(what: str, status: int, message: str) -> Refusal | None:
    for words, text, hint in _KNOWN:
        if words in message:
            return Refusal(f"{what}: {text}", status=status, cause=message, hint=hint)
    if denied := _WEBHOOK.search(message):
        text = f"{what}: the admission webhook {denied[1]} refused"
        return Refusal(text, status=status, cause=denied[2] or message)
    if forbidden := _FORBIDDEN.search(message):
        return _forbidden(what, status, forbidden)
    if status == 404 and (gone := re.search(r'namespaces "([^"]+)" not found', message)):
        hint = f"kubectl create namespace {gone[1]}"
        return Refusal(f"there is no namespace {gone[1]}", status=404, reason="NotFound", hint=hint)
    return None


def _forbidden(what: str, status: int, match: re.Match[str]) -> Refusal:
    resource = ".".join(filter(None, (match["resource"], match["group"])))
    where = f" in the namespace {match['namespace']}" if match["namespace"] else ""
    return Refusal(
        f"{what}: you may not {match['verb']} {resource}{where}",
        status=status,
        reason="Forbidden",
        cause=f"RBAC does not allow {match['user']} to {match['verb']} {resource}",
        hint=f"ask for a Role with the verb {match['verb']} on {resource}",
    )


def _conflicts(status: Mapping[str, Any]) -> tuple[Conflict, ...]:
    causes = (status.get("details") or {}).get("causes") or ()
    return tuple(
        (str(cause.get("field", "")).lstrip("."), _owner(str(cause.get("message", ""))))
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    )


def _owner(message: str) -> str:
    match = _OWNER.search(message)
    return match[1] if match else message


def _status(body: str) -> Mapping[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _innermost(error: object) -> str:
    """Return the message of the innermost error that urllib3 has wrapped."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, Exception):
        return _innermost(reason)
    return (
        re.sub(r"^<[^>]*>: |^HTTPS?Connection\([^)]*\): ", "", str(error)) or type(error).__name__
    )
