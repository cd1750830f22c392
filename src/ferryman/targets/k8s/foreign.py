"""Schemas of the kinds that the cluster learns from others.

They are our own words, and hold what the manifests may use and a patch may add: the
fields of gateway.networking.k8s.io/v1 in the Gateway API's reference, and those of
serving.knative.dev/v1 and monitoring.coreos.com/v1 in the API references of Knative and the
Prometheus Operator. Pods within are held to Kubernetes' own
schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ("SCHEMAS",)

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_DEFINITIONS = "/api/_definitions.json#/$defs/io.k8s."
_METADATA = {"$ref": f"{_DEFINITIONS}apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": least}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_NAMED = _object(("name", "value"), name=_TEXT, value=_TEXT, type=_TEXT)
_HEADERS = _object((), set=_list(_NAMED), add=_list(_NAMED), remove=_list(_TEXT))
_FILTER = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": _one_of(
            "RequestHeaderModifier",
            "ResponseHeaderModifier",
            "RequestMirror",
            "RequestRedirect",
            "URLRewrite",
            "CORS",
            "ExtensionRef",
        ),
        "requestHeaderModifier": _HEADERS,
        "responseHeaderModifier": _HEADERS,
    },
}
_MATCH = _object(
    (),
    path=_object((), type=_one_of("Exact", "PathPrefix", "RegularExpression"), value=_TEXT),
    headers=_list(_NAMED),
    queryParams=_list(_NAMED),
    method=_TEXT,
)
_BACKEND = _object(
    ("name",),
    group=_TEXT,
    kind=_TEXT,
    name=_TEXT,
    namespace=_TEXT,
    port=_PORT,
    weight={"type": "integer", "minimum": 0, "maximum": 1_000_000},
    filters=_list(_FILTER),
)
_PARENT = _object(
    ("name",), group=_TEXT, kind=_TEXT, name=_TEXT, namespace=_TEXT, sectionName=_TEXT, port=_PORT
)
_RULE = _object(
    (),
    name=_TEXT,
    matches=_list(_MATCH),
    filters=_list(_FILTER),
    backendRefs=_list(_BACKEND),
    timeouts=_object((), request=_TEXT, backendRequest=_TEXT),
    retry={"type": "object"},
    sessionPersistence={"type": "object"},
)
_HTTP_ROUTE = _object(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_METADATA,
    spec=_object((), parentRefs=_list(_PARENT), hostnames=_list(_TEXT), rules=_list(_RULE, 1)),
    status={"type": "object"},
)

# The pod's fields that Knative's webhook lets through without a feature flag.
_REVISION = _object(
    ("containers",),
    containers=_list({"$ref": f"{_DEFINITIONS}api.core.v1.Container"}, 1),
    volumes=_list({"$ref": f"{_DEFINITIONS}api.core.v1.Volume"}),
    serviceAccountName=_TEXT,
    automountServiceAccountToken={"type": "boolean"},
    enableServiceLinks={"type": "boolean"},
    imagePullSecrets=_list(_object((), name=_TEXT)),
    containerConcurrency=_COUNT,
    timeoutSeconds=_COUNT,
    responseStartTimeoutSeconds=_COUNT,
    idleTimeoutSeconds=_COUNT,
)
_TRAFFIC = _object(
    (),
    tag=_TEXT,
    revisionName=_TEXT,
    configurationName=_TEXT,
    latestRevision={"type": "boolean"},
    percent={"type": "integer", "minimum": 0, "maximum": 100},
    url=_TEXT,
)
_KNATIVE_SERVICE = _object(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_METADATA,
    spec=_object(
        ("template",),
        template=_object(("spec",), metadata=_METADATA, spec=_REVISION),
        traffic=_list(_TRAFFIC),
    ),
    status={"type": "object"},
)

_SELECTOR = _object(
    (),
    matchLabels={"type": "object", "additionalProperties": _TEXT},
    matchExpressions=_list(
        _object(("key", "operator"), key=_TEXT, operator=_TEXT, values=_list(_TEXT))
    ),
)
_ENDPOINT = {
    "type": "object",
    "properties": {
        "port": _TEXT,
        "path": {"type": "string", "pattern": "^/"},
        "scheme": _one_of("http", "https"),
        "interval": _TEXT,
        "scrapeTimeout": _TEXT,
        "honorLabels": {"type": "boolean"},
    },
}
_SERVICE_MONITOR = _object(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_METADATA,
    spec={
        "type": "object",
        "properties": {"selector": _SELECTOR, "endpoints": _list(_ENDPOINT, 1)},
        "required": ["selector", "endpoints"],
    },
)

SCHEMAS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _HTTP_ROUTE,
    ("serving.knative.dev/v1", "Service"): _KNATIVE_SERVICE,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _SERVICE_MONITOR,
}
"""The schema of each kind, by its apiVersion and name."""
