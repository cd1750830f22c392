"""The ConfigMap: the environment variables that are not secret.

Its name ends with a digest of its content, so a changed value starts new pods. The previous
release keeps its own ConfigMap, and a rollback finds it.
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
    "kind": "A separate object shows the settings without the rest of the Deployment.",
    **metadata.REASONS,
    "metadata.name": "The name of the other objects, and a digest of `data`: a changed value "
    "starts new pods, and a rollback restores the old values.",
    "data": "`environment`, sorted by name.",
    "immutable": "Changed content gets a new name, so nodes need not watch this object.",
}


def config_map(values: Values) -> Fields:
    """Return the ConfigMap. It never changes: changed content gets a new name."""
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
    """Return the name, which ends with a digest of the content."""
    digest = hashlib.sha256(json.dumps(values.environment).encode()).hexdigest()
    return f"{values.name}-{digest[:10]}"
