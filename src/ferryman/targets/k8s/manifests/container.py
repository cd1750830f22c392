"""The container of a pod: the server, its share of the node, its probes, its end."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.core.serving import Front
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.config_map import config_map_name
from ferryman.targets.k8s.values import Process, Values

__all__ = (
    *("ADMIN_PORT_NAME", "PORT_NAME", "REASONS", "TEMPORARY_VOLUME"),
    *("background_container", "container"),
)

PORT_NAME = "http"
"""The name of the container's port, by which Service and network policy know it."""

ADMIN_PORT_NAME = "admin"
"""The name of the port with health and metrics, by which probes know it."""

TEMPORARY_VOLUME = "tmp"
"""The name of the pod's volume for temporary files."""

# Times are in seconds. A minute to start, three failed checks to be taken out of the
# Service, and a minute of failed checks to be restarted.
_STARTUP_PERIOD, _STARTUP_FAILURES = 1, 60
_READINESS_PERIOD, _READINESS_FAILURES = 5, 3
_LIVENESS_PERIOD, _LIVENESS_FAILURES = 10, 6
_TIMEOUT = 3

REASONS: Mapping[str, str] = {
    "name": "The project's `name`, in every environment: patches go by it.",
    "image": "`image`. It names one version, by tag or digest; `latest` is refused.",
    "imagePullPolicy": "A node that has the image starts a pod without a registry. A tag "
    "that is pushed again is therefore not seen: give every release its own.",
    "ports[].name": "Probes and the Service go by the name, so the number stands in one place.",
    "ports[].containerPort": "The port of the app, and apart from it that of health and metrics, "
    "which the Service does not lead to: `bind` and `admin_bind` of `[tool.ferryman.server]`.",
    "ports[].protocol": "Part of a port's identity when several tools apply one object.",
    "env[].name": "A setting of `[tool.ferryman.settings]` that a Secret gives.",
    "env[].valueFrom.secretKeyRef.name": "The Secret of its reference, `k8s:SECRET/KEY`. An "
    "ExternalSecret or a hand makes it; without it the pod does not start, and says so.",
    "env[].valueFrom.secretKeyRef.key": "The key of its reference. No value is read by a build.",
    "envFrom[].secretRef.name": "`secrets`: names alone. No value of a Secret is ever read or "
    "written by a build.",
    "envFrom[].configMapRef.name": "`environment`, in a ConfigMap; the last of the sources, so "
    "it counts before a Secret's key of the same name.",
    "resources.requests.cpu": "`cpu`, or what `pod_rate` needs by the measurement: what the "
    "scheduler sets aside.",
    "resources.requests.memory": "`memory`, or by the measurement a quarter more than the most "
    "under load: what the scheduler sets aside.",
    "resources.limits.cpu": "`cpu_limit`; not written where it is not set. With a limit the "
    "kernel stops a pod that has used its share of 100 ms until the next 100 ms, even on an "
    "idle node, and requests wait. Set one where pods must not differ in speed.",
    "resources.limits.memory": "The same as the request: memory cannot be taken back from a "
    "pod, so one that uses more than was set aside puts its neighbours at risk.",
    "startupProbe.httpGet.path": "Answers once `on_startup` is over; the other two probes wait.",
    "startupProbe.httpGet.port": "The port of health and metrics.",
    "startupProbe.periodSeconds": "Short, because no traffic comes until it has passed.",
    "startupProbe.timeoutSeconds": "No longer than the period; a late answer is asked for again.",
    "startupProbe.failureThreshold": "With the period: a minute to start, then a restart.",
    "readinessProbe.httpGet.path": "The app's own health checks. A pod that fails one, or that "
    "is about to stop, gets no requests and is not restarted.",
    "readinessProbe.httpGet.port": "The port of health and metrics.",
    "readinessProbe.periodSeconds": "Short, because it costs only one small request.",
    "readinessProbe.timeoutSeconds": "Room for checks that ask a database; a busy node answers "
    "late, and one second, the default, is short.",
    "readinessProbe.failureThreshold": "One lost packet takes no pod out of the Service.",
    "livenessProbe.httpGet.path": "Whether the event loop turns, and nothing else: were a "
    "database asked here, its outage would restart every pod.",
    "livenessProbe.httpGet.port": "The port of health and metrics.",
    "livenessProbe.periodSeconds": "Slower than readiness: a pod is first spared, then restarted.",
    "livenessProbe.timeoutSeconds": "As for readiness.",
    "livenessProbe.failureThreshold": "A minute: under load a restart would make things worse.",
    "lifecycle.preStop.sleep.seconds": "The pod leaves the Service and stops at the same time. "
    "Waiting before the stop lets every node learn that it has left, so no request meets a "
    "closed port. It needs no shell in the image.",
    "securityContext.allowPrivilegeEscalation": "Pod Security Standard `restricted`.",
    "securityContext.capabilities.drop": "Pod Security Standard `restricted`; a port above 1023 "
    "needs none.",
    "securityContext.readOnlyRootFilesystem": "What breaks in cannot change the code.",
    "volumeMounts[].name": "The volume for temporary files.",
    "volumeMounts[].mountPath": "The one place to write to, as on Lambda.",
}


def container(values: Values) -> Fields:
    """Return the container that runs the server."""
    return fields(
        name=values.app,
        image=values.image,
        image_pull_policy="IfNotPresent",
        ports=_ports(values.front),
        env=_secret_variables(values) or None,
        env_from=_sources(values) or None,
        resources=_resources(values.cpu, values.memory, values.cpu_limit),
        startup_probe=_probe(
            values.front, values.front.liveness_path, _STARTUP_PERIOD, _STARTUP_FAILURES
        ),
        readiness_probe=_probe(
            values.front, values.front.readiness_path, _READINESS_PERIOD, _READINESS_FAILURES
        ),
        liveness_probe=_probe(
            values.front, values.front.liveness_path, _LIVENESS_PERIOD, _LIVENESS_FAILURES
        ),
        lifecycle=fields(
            pre_stop=fields(sleep=fields(seconds=int(values.front.timing.pre_stop_delay)))
        ),
        security_context=_security(),
        volume_mounts=_mounts(),
    )


def background_container(values: Values, process: Process) -> Fields:
    """Return the container of a process beside the server, which gets no requests."""
    return fields(
        name=process.name,
        image=values.image,
        image_pull_policy="IfNotPresent",
        command=list(process.command),
        env=_secret_variables(values) or None,
        env_from=_sources(values) or None,
        resources=_resources(process.cpu, process.memory, None),
        security_context=_security(),
        volume_mounts=_mounts(),
    )


def _security() -> Fields:
    return fields(
        allow_privilege_escalation=False,
        capabilities=fields(drop=["ALL"]),
        read_only_root_filesystem=True,
    )


def _mounts() -> list[Fields]:
    return [fields(name=TEMPORARY_VOLUME, mount_path="/tmp")]  # noqa: S108 - in the container


def _secret_variables(values: Values) -> list[Fields]:
    return [
        fields(
            name=name,
            value_from=fields(secret_key_ref=fields(name=secret, key=key)),
        )
        for name, secret, key in values.secret_keys
    ]


def _sources(values: Values) -> list[Fields]:
    sources = [fields(secret_ref=fields(name=name)) for name in values.secrets]
    if values.environment:
        settings = fields(name=config_map_name(values))
        sources.append(fields(config_map_ref=settings))
    return sources


def _resources(cpu: str, memory: str, limit: str | None) -> Fields:
    limits = {"memory": memory} if limit is None else {"memory": memory, "cpu": limit}
    return fields(requests={"cpu": cpu, "memory": memory}, limits=limits)


def _ports(front: Front) -> list[Fields]:
    names = (PORT_NAME, ADMIN_PORT_NAME)
    return [_port(name, number) for name, number in zip(names, front.ports, strict=False)]


def _port(name: str, number: int) -> Fields:
    return fields(name=name, container_port=number, protocol="TCP")


def _probe(front: Front, path: str, period: int, failures: int) -> Fields:
    apart = front.admin is not None
    return fields(
        http_get=fields(
            path=path,
            port=ADMIN_PORT_NAME if apart else PORT_NAME,
            scheme="HTTPS" if front.secure and not apart else None,
        ),
        period_seconds=period,
        timeout_seconds=min(period, _TIMEOUT),
        failure_threshold=failures,
    )
