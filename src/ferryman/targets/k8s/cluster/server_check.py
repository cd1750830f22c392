"""Asks a cluster what it would refuse: strict dry runs, which change nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.rendering import Document
from ferryman.targets.k8s.rules.rule import Finding

__all__ = ("SERVER", "find_refused")

SERVER = "K009"
"""The code of what the cluster alone refuses: its webhooks, quotas, policies and kinds."""


def find_refused(
    cluster: Cluster, objects: Mapping[str, Document], known: Collection[Finding]
) -> list[Finding]:
    """Return what the cluster refuses, and no check here has found.

    Args:
        cluster: The cluster, and the namespace in it.
        objects: The objects, by the names of their files.
        known: What was found here.

    Raises:
        FerrymanError: The cluster does not answer, or does not know the user.
    """
    told = {(finding.file, finding.subject) for finding in known if finding.code < SERVER}
    found = []
    for file, document in objects.items():
        subject = f"{document['kind']}/{document['metadata']['name']}"
        if (file, subject) in told:
            continue
        try:
            cluster.apply(document, dry_run=True, force=True)
        except Refusal as error:
            said = f"only the cluster says: {error.cause or error.message}"
            found.append(Finding(SERVER, file, subject, "the document", said))
    return found
