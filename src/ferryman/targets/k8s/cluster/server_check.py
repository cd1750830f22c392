"""Asks a cluster which objects it would refuse, by dry runs that change nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.rendering import Document
from ferryman.targets.k8s.rules.rule import Finding

__all__ = ("SERVER", "find_refused")

SERVER = "K009"
"""The code for what only the cluster refuses, by its webhooks, quotas, policies and kinds."""


def find_refused(
    cluster: Cluster, objects: Mapping[str, Document], known: Collection[Finding]
) -> list[Finding]:
    """Return the objects that the cluster refuses, except those with known schema mistakes.

    Args:
        cluster: The cluster, with a namespace.
        objects: The objects, by the names of their files.
        known: The findings of the checks without a cluster.

    Raises:
        FerrymanError: The cluster does not answer, or does not know the user.
    """
    wrong = {(finding.file, finding.subject) for finding in known if finding.code < SERVER}
    findings = []
    for file, document in objects.items():
        subject = f"{document['kind']}/{document['metadata']['name']}"
        if (file, subject) in wrong:
            continue
        try:
            cluster.apply(document, dry_run=True, force=True)
        except Refusal as error:
            message = f"only the cluster says: {error.cause or error.message}"
            findings.append(Finding(SERVER, file, subject, "the document", message))
    return findings
