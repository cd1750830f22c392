"""The container of a pod: the server, its share of the node, its probes, its end."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes import client

from ferryman.core import serving
from ferryman.targets.k8s.manifests.config_map import config_map_name
from ferryman.targets.k8s.values import Values

__all__ = ("PORT_NAME", "REASONS", "TEMPORARY_VOLUME", "container")

PORT_NAME = "http"
"""The name of the container's port, by which probes and Service know it."""

TEMPORARY_VOLUME = "tmp"
"""The name of the pod's volume for temporary files."""

# Times are in seconds. A minute to start, three failed checks to be taken out of the
# Service, and a minute of failed checks to be restarted.
_STARTUP_PERIOD, _STARTUP_FAILURES = 1, 60
_READINESS_PERIOD, _READINESS_FAILURES = 5, 3
_LIVENESS_PERIOD, _LIVENESS_FAILURES = 10, 6

REASONS: Mapping[str, str] = {
    "name": "The project's `name`.",
    "image": "`image`. It names one version, by tag or digest; `latest` is refused.",
    "imagePullPolicy": "A node that has the image starts a pod without a registry. A tag "
    "that is pushed again is therefore not seen: give every release its own.",
    "ports[].name": "Probes and the Service go by the name, so the number stands in one place.",
    "ports[].containerPort": "The port that the server listens on.",
    "ports[].protocol": "Part of a port's identity when several tools apply one object.",
    "envFrom[].secretRef.name": "`secrets`: names alone. No value of a Secret is ever read or "
    "written by a build.",
    "envFrom[].configMapRef.name": "`environment`, in a ConfigMap; the last of the sources, so "
    "it counts before a Secret's key of the same name.",
    "resources.requests.cpu": "`cpu`: what the scheduler sets aside.",
    "resources.requests.memory": "`memory`: what the scheduler sets aside.",
    "resources.limits.cpu": "`cpu_limit`; not written where it is not set. With a limit the "
    "kernel stops a pod that has used its share of 100 ms until the next 100 ms, even on an "
    "idle node, and requests wait. Set one where pods must not differ in speed.",
    "resources.limits.memory": "The same as the request: memory cannot be taken back from a "
    "pod, so one that uses more than was set aside puts its neighbours at risk.",
    "startupProbe.tcpSocket.port": "The other two probes wait until the server listens.",
    "startupProbe.periodSeconds": "Short, for no traffic comes until it has passed.",
    "startupProbe.failureThreshold": "With the period: a minute to start, then a restart.",
    "readinessProbe.tcpSocket.port": "A pod that does not accept connections gets none.",
    "readinessProbe.periodSeconds": "Short, for it costs one connection.",
    "readinessProbe.failureThreshold": "One lost packet takes no pod out of the Service.",
    "livenessProbe.tcpSocket.port": "A server that no longer listens is started again.",
    "livenessProbe.periodSeconds": "Slower than readiness: a pod is first spared, then restarted.",
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


def container(values: Values) -> client.V1Container:
    """Return the container that runs the server."""
    return client.V1Container(
        name=values.name,
        image=values.image,
        image_pull_policy="IfNotPresent",
        ports=[client.V1ContainerPort(name=PORT_NAME, container_port=serving.PORT, protocol="TCP")],
        env_from=_sources(values) or None,
        resources=_resources(values),
        startup_probe=_probe(_STARTUP_PERIOD, _STARTUP_FAILURES),
        readiness_probe=_probe(_READINESS_PERIOD, _READINESS_FAILURES),
        liveness_probe=_probe(_LIVENESS_PERIOD, _LIVENESS_FAILURES),
        lifecycle=client.V1Lifecycle(
            pre_stop=client.V1LifecycleHandler(
                sleep=client.V1SleepAction(seconds=serving.PRE_STOP_DELAY)
            )
        ),
        security_context=client.V1SecurityContext(
            allow_privilege_escalation=False,
            capabilities=client.V1Capabilities(drop=["ALL"]),
            read_only_root_filesystem=True,
        ),
        volume_mounts=[client.V1VolumeMount(name=TEMPORARY_VOLUME, mount_path="/tmp")],  # noqa: S108 - in the container
    )


def _sources(values: Values) -> list[client.V1EnvFromSource]:
    sources = [
        client.V1EnvFromSource(secret_ref=client.V1SecretEnvSource(name=name))
        for name in values.secrets
    ]
    if values.environment:
        settings = client.V1ConfigMapEnvSource(name=config_map_name(values))
        sources.append(client.V1EnvFromSource(config_map_ref=settings))
    return sources


def _resources(values: Values) -> client.V1ResourceRequirements:
    limits = {"memory": values.memory}
    if values.cpu_limit is not None:
        limits["cpu"] = values.cpu_limit
    return client.V1ResourceRequirements(
        requests={"cpu": values.cpu, "memory": values.memory}, limits=limits
    )


def _probe(period: int, failures: int) -> client.V1Probe:
    # The server has no health endpoints yet, so a probe asks only whether it listens.
    return client.V1Probe(
        tcp_socket=client.V1TCPSocketAction(port=PORT_NAME),
        period_seconds=period,
        failure_threshold=failures,
    )
