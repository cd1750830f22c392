"""The ConfigMap: the environment variables that anyone may read.

Its name ends in a digest of its content. A change therefore makes new pods, and the pods
of the release before keep theirs, also when a cluster goes back to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "config_map", "config_map_name")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Settings apart from the Deployment can be read on their own.",
    **metadata.REASONS,
    "metadata.name": "The project's `name` and a digest of `data`: a change of a value makes "
    "new pods, and going back to an older release brings the older values.",
    "data": "`environment`, in the order of the names.",
    "immutable": "What has another content has another name, so nodes need not watch it.",
}


def config_map(values: Values) -> Fields:
    """Return the ConfigMap, which never changes: another content has another name."""
    described = metadata.object_metadata(values)
    described["name"] = config_map_name(values)
    return fields(
        api_version="v1",
        kind="ConfigMap",
        metadata=described,
        data=dict(values.environment),
        immutable=True,
    )


def config_map_name(values: Values) -> str:
    """Return the name, which is another for each content."""
    digest = hashlib.sha256(json.dumps(values.environment).encode()).hexdigest()
    return f"{values.name}-{digest[:10]}"
