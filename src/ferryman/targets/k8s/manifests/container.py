"""The container of a pod: what it runs, its resources, probes and shutdown."""

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
"""The name of the container's port, which the Service and the network policy refer to."""

ADMIN_PORT_NAME = "admin"
"""The name of the port for health and metrics, which the probes refer to."""

TEMPORARY_VOLUME = "tmp"
"""The name of the pod's volume for temporary files."""

# Periods are in seconds. A pod has a minute to start. It leaves the Service after three failed
# checks, and restarts after a minute of failed checks.
_STARTUP_PERIOD, _STARTUP_FAILURES = 1, 60
_READINESS_PERIOD, _READINESS_FAILURES = 5, 3
_LIVENESS_PERIOD, _LIVENESS_FAILURES = 10, 6
_TIMEOUT = 3

REASONS: Mapping[str, str] = {
    "name": "The project's `name`, the same in every environment, so that patches find it.",
    "image": "`image`, with a tag or a digest. ferryman refuses `latest`.",
    "imagePullPolicy": "A node that has the image starts a pod without asking the registry. It "
    "does not notice a tag that is pushed again, so give every release its own tag.",
    "ports[].name": "The probes and the Service refer to the name, so only this field has the "
    "number.",
    "ports[].containerPort": "`bind` of `[tool.ferryman.server]` for the app, and `admin_bind` for "
    "health and metrics. The Service forwards to `admin_bind` only with `service_monitor`.",
    "ports[].protocol": "Server-side apply identifies a port by its number and protocol.",
    "env[].name": "A setting of `[tool.ferryman.settings]` whose value is in a Secret.",
    "env[].valueFrom.secretKeyRef.name": "The Secret of the setting's reference, `k8s:SECRET/KEY`. "
    "You create it, or an ExternalSecret does. Without it the pod does not start, and its status "
    "says so.",
    "env[].valueFrom.secretKeyRef.key": "The key of the setting's reference. A build never reads "
    "its value.",
    "envFrom[].secretRef.name": "`secrets`. A build never reads or writes a Secret's values.",
    "envFrom[].configMapRef.name": "The ConfigMap with `environment`. It is the last source, so "
    "its values override keys of the same name in the Secrets.",
    "resources.requests.cpu": "`cpu`, or the CPU that `pod_rate` needs according to the "
    "measurement. The scheduler reserves it.",
    "resources.requests.memory": "`memory`, or a quarter more than the measured peak. The "
    "scheduler reserves it.",
    "resources.limits.cpu": "`cpu_limit`. Omitted if unset: once a pod has used its share of a "
    "100 ms period, a limit stops it until the next period, even on an idle node, and requests "
    "wait. Set a limit if all pods must be equally fast.",
    "resources.limits.memory": "Equal to the request. Kubernetes cannot take memory back from a "
    "running pod, so a pod that uses more than its request endangers the others on its node.",
    "startupProbe.httpGet.path": "Answers once `on_startup` has finished. Kubernetes runs the "
    "other two probes only after that.",
    "startupProbe.httpGet.port": "The port for health and metrics.",
    "startupProbe.periodSeconds": "Short, because the pod gets no traffic until the probe passes.",
    "startupProbe.timeoutSeconds": "No longer than the period, so that attempts do not overlap.",
    "startupProbe.failureThreshold": "A pod has a minute to start. Then Kubernetes restarts it.",
    "readinessProbe.httpGet.path": "Runs the app's own health checks. A pod that fails one, or "
    "that is about to stop, gets no new requests. Kubernetes does not restart it.",
    "readinessProbe.httpGet.port": "The port for health and metrics.",
    "readinessProbe.periodSeconds": "Short, because a check costs only one small request.",
    "readinessProbe.timeoutSeconds": "Leaves time for health checks that query a database. The "
    "default of 1 s is too short for a busy node.",
    "readinessProbe.failureThreshold": "One lost packet does not remove a pod from the Service.",
    "livenessProbe.httpGet.path": "Checks only that the event loop responds. If it also queried a "
    "database, an outage of the database would restart every pod.",
    "livenessProbe.httpGet.port": "The port for health and metrics.",
    "livenessProbe.periodSeconds": "Longer than for readiness: a slow pod first loses traffic, and "
    "restarts only if that does not help.",
    "livenessProbe.timeoutSeconds": "As for readiness.",
    "livenessProbe.failureThreshold": "A minute of failures: restarting a pod that is only "
    "overloaded makes the overload worse.",
    "lifecycle.preStop.sleep.seconds": "Kubernetes removes the pod from the Service and stops it "
    "at the same time. This delay lets every node learn of the removal first, so no request "
    "reaches a closed port. The image needs no shell for it.",
    "securityContext.allowPrivilegeEscalation": "Pod Security Standard `restricted`.",
    "securityContext.capabilities.drop": "Pod Security Standard `restricted`. A port above 1023 "
    "needs no capability.",
    "securityContext.readOnlyRootFilesystem": "An attacker in the container cannot change the "
    "code.",
    "volumeMounts[].name": "The volume for temporary files.",
    "volumeMounts[].mountPath": "The directory for temporary files, as on Lambda. The rest of the "
    "image is read-only.",
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
    """Return the container of a background process, which serves no requests."""
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
    has_admin_port = front.admin is not None
    return fields(
        http_get=fields(
            path=path,
            port=ADMIN_PORT_NAME if has_admin_port else PORT_NAME,
            scheme="HTTPS" if front.secure and not has_admin_port else None,
        ),
        period_seconds=period,
        timeout_seconds=min(period, _TIMEOUT),
        failure_threshold=failures,
    )
