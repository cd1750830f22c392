"""Schemas of custom kinds, written by hand.

They have the fields that the manifests use and that a patch may add, from the API references of the
Gateway API (gateway.networking.k8s.io/v1), Knative (serving.knative.dev/v1), the Prometheus
Operator (monitoring.coreos.com/v1), KEDA (keda.sh/v1alpha1) and its HTTP add-on
(http.keda.sh/v1beta1). For containers and volumes they refer to Kubernetes' own schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ("SCHEMAS", "UNKNOWN")

_ANY = {"type": "object"}
_FLAG = {"type": "boolean"}
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


def _kind(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a kind with this schema of its spec, and any status."""
    required = ("apiVersion", "kind", "metadata", "spec")
    return _object(
        required, apiVersion=_TEXT, kind=_TEXT, metadata=_METADATA, spec=spec, status=_ANY
    )


def _list(items: Mapping[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": least}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_NAMED = _object(("name", "value"), name=_TEXT, value=_TEXT, type=_TEXT)
_HEADERS = _object((), set=_list(_NAMED), add=_list(_NAMED), remove=_list(_TEXT))
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_REDIRECT = _object(
    (),
    scheme=_one_of("http", "https"),
    hostname=_TEXT,
    path=_ANY,
    port=_PORT,
    statusCode={"type": "integer", "enum": [301, 302, 303, 307, 308]},
)
_FILTER = {
    "title": "gateway.v1.Filter",
    **_object(
        ("type",),
        type=_one_of(
            *("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror"),
            *("RequestRedirect", "URLRewrite", "CORS", "ExtensionRef"),
        ),
        requestHeaderModifier=_HEADERS,
        responseHeaderModifier=_HEADERS,
        requestMirror=_ANY,
        requestRedirect=_REDIRECT,
        urlRewrite=_ANY,
        cors=_ANY,
        extensionRef=_ANY,
    ),
}
_MATCH = {
    "title": "gateway.v1.Match",
    **_object(
        (),
        path=_object((), type=_one_of("Exact", "PathPrefix", "RegularExpression"), value=_TEXT),
        headers=_list(_NAMED),
        queryParams=_list(_NAMED),
        method=_one_of(*_METHODS),
    ),
}
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
_RULE = {
    "title": "gateway.v1.Rule",
    **_object(
        (),
        name=_TEXT,
        matches=_list(_MATCH),
        filters=_list(_FILTER),
        backendRefs=_list(_BACKEND),
        timeouts=_object((), request=_TEXT, backendRequest=_TEXT),
        retry=_ANY,
        sessionPersistence=_ANY,
    ),
}
_HTTP_ROUTE = _kind(
    _object((), parentRefs=_list(_PARENT), hostnames=_list(_TEXT), rules=_list(_RULE, 1))
)

# The fields of a pod that Knative's webhook accepts without a feature flag.
_REVISION = _object(
    ("containers",),
    containers=_list({"$ref": f"{_DEFINITIONS}api.core.v1.Container"}, 1),
    volumes=_list({"$ref": f"{_DEFINITIONS}api.core.v1.Volume"}),
    serviceAccountName=_TEXT,
    automountServiceAccountToken=_FLAG,
    enableServiceLinks=_FLAG,
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
    latestRevision=_FLAG,
    percent={"type": "integer", "minimum": 0, "maximum": 100},
    url=_TEXT,
)
_KNATIVE_SERVICE = _kind(
    _object(
        ("template",),
        template=_object(("spec",), metadata=_METADATA, spec=_REVISION),
        traffic=_list(_TRAFFIC),
    )
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
        "honorLabels": _FLAG,
    },
}
_SERVICE_MONITOR = _kind(
    {
        "type": "object",
        "properties": {"selector": _SELECTOR, "endpoints": _list(_ENDPOINT, 1)},
        "required": ["selector", "endpoints"],
    },
)

_TRIGGER = _object(
    ("type", "metadata"),
    type=_TEXT,
    name=_TEXT,
    useCachedMetrics=_FLAG,
    metadata={"type": "object", "additionalProperties": _TEXT},
    authenticationRef=_object(
        ("name",), name=_TEXT, kind=_one_of("TriggerAuthentication", "ClusterTriggerAuthentication")
    ),
    metricType=_one_of("AverageValue", "Value", "Utilization"),
)
_SCALED_OBJECT = _kind(
    _object(
        ("scaleTargetRef", "triggers"),
        scaleTargetRef=_object(
            ("name",), name=_TEXT, apiVersion=_TEXT, kind=_TEXT, envSourceContainerName=_TEXT
        ),
        pollingInterval=_COUNT,
        cooldownPeriod=_COUNT,
        initialCooldownPeriod=_COUNT,
        idleReplicaCount=_COUNT,
        minReplicaCount=_COUNT,
        maxReplicaCount=_COUNT,
        advanced=_ANY,
        fallback=_ANY,
        triggers=_list(_TRIGGER, 1),
    ),
)

_SERVICE_PORT = {"oneOf": [{"required": ["port"]}, {"required": ["portName"]}]}
_TARGET = _object(("service",), service=_TEXT, port=_PORT, portName=_TEXT) | _SERVICE_PORT
_FALLBACK = _object(("name",), name=_TEXT, port=_PORT, portName=_TEXT) | _SERVICE_PORT
_AT_LEAST_ONE = {"type": "integer", "minimum": 1}
_INTERCEPTOR_ROUTE = _kind(
    _object(
        ("target", "scalingMetric"),
        target=_TARGET,
        rules=_list(
            _object(
                (),
                hosts=_list(_TEXT),
                paths=_list(_object(("value",), value=_TEXT)),
                headers=_list(_object(("name",), name=_TEXT, value=_TEXT)),
            )
        ),
        scalingMetric=_object(
            (),
            concurrency=_object(("targetValue",), targetValue=_AT_LEAST_ONE),
            requestRate=_object(
                ("targetValue",), targetValue=_AT_LEAST_ONE, window=_TEXT, granularity=_TEXT
            ),
        )
        | {"minProperties": 1},
        coldStart=_object(
            (),
            fallback=_object((), service=_FALLBACK),
            placeholder=_object(("response",), response=_ANY),
        )
        | {"minProperties": 1},
        timeouts=_object((), readiness=_TEXT, request=_TEXT, responseHeader=_TEXT),
    )
)

UNKNOWN: Mapping[str, Any] = {
    "type": "object",
    "properties": {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA},
    "required": ["apiVersion", "kind", "metadata"],
}
"""The schema of a kind whose own fields are unknown."""

SCHEMAS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _HTTP_ROUTE,
    ("http.keda.sh/v1beta1", "InterceptorRoute"): _INTERCEPTOR_ROUTE,
    ("keda.sh/v1alpha1", "ScaledObject"): _SCALED_OBJECT,
    ("serving.knative.dev/v1", "Service"): _KNATIVE_SERVICE,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _SERVICE_MONITOR,
}
"""The schema of each kind, by its apiVersion and name."""
