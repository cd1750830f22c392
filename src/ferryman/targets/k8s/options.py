"""The settings of the Kubernetes target, `[tool.ferryman.k8s]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from ferryman.targets.k8s.process_options import (
    Command,
    Cpu,
    Memory,
    ProcessOptions,
    check_names,
)
from ferryman.targets.k8s.syntax import (
    cpu_cores,
    destination,
    gateway_name,
    host_name,
    image_reference,
    instance_name,
    namespace_name,
    secret_name,
    toleration,
    variable_name,
)

__all__ = ("DEFAULT_CPU", "DEFAULT_MEMORY", "NEWEST_VERSION", "OLDEST_VERSION", "KubernetesOptions")

OLDEST_VERSION = "1.30"
"""The oldest Kubernetes that the manifests are for.

Before it a container's preStop hook could sleep only with a feature gate switched on
(KEP-3960), and a cluster without the gate drops the field.
"""

NEWEST_VERSION = "1.37"
"""The newest Kubernetes that the client and the schemas know."""

DEFAULT_CPU = "250m"
"""CPU that is set aside where nothing says how much."""

DEFAULT_MEMORY = "256Mi"
"""Memory that is set aside where nothing says how much, and the app was not measured."""

_DEPLOYMENTS_ONLY: Mapping[str, str] = {
    "egress": "no network policy is written for Knative, whose proxies are in the pod",
    "keda": "Knative has an autoscaler of its own",
    "keda_http": "Knative has an autoscaler of its own",
    "hosts": "Knative makes a route of its own",
    "same_zone": "Knative makes a Service of its own",
    "service_monitor": "Knative has a Service of its own",
    "node_selector": "Knative takes no such field of a pod",
    "priority_class": "Knative takes no such field of a pod",
    "spread": "Knative takes no such field of a pod",
    "tolerations": "Knative takes no such field of a pod",
    "user_namespaces": "Knative takes no such field of a pod",
}

_OWN_LABELS = "app.kubernetes.io/"


def _recent_version(text: str) -> str:
    match = re.fullmatch(r"1\.([0-9]+)", text)
    if not match:
        raise ValueError("write the version as major.minor, such as 1.37")
    if int(match[1]) < int(OLDEST_VERSION.partition(".")[2]):
        raise ValueError(
            f"the manifests need Kubernetes {OLDEST_VERSION} or newer, "
            "where a preStop hook can sleep"
        )
    return text


VariableName = Annotated[str, AfterValidator(variable_name)]
SecretName = Annotated[str, AfterValidator(secret_name)]
HostName = Annotated[str, AfterValidator(host_name)]
Toleration = Annotated[str, AfterValidator(toleration)]
Destination = Annotated[str, AfterValidator(destination)]


class KedaTrigger(BaseModel):
    """One of `[[tool.ferryman.k8s.keda]]`: a trigger of a ScaledObject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        description="The scaler, as KEDA calls it: redis, prometheus, cron."
    )
    metadata: Mapping[str, str] = Field(description="What the scaler needs, all of it texts.")
    name: str | None = Field(default=None, description="The trigger's name.")
    authentication: Annotated[str, AfterValidator(secret_name)] | None = Field(
        default=None, description="A TriggerAuthentication, by which KEDA logs in."
    )


class KubernetesOptions(BaseModel):
    """The keys of `[tool.ferryman.k8s]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: Annotated[str, AfterValidator(image_reference)] | None = Field(
        default=None,
        description="The image that the pods run, with a tag or a digest; by default name:version "
        "of the project.",
    )
    strict: bool = Field(
        default=False,
        description="Refuse an image that is not named by its digest: a tag can be pushed again.",
    )
    flavour: Literal["deployment", "knative"] = Field(
        default="deployment",
        description="What runs the pods: a Deployment, or a Knative Service, which scales to "
        "zero and needs Knative Serving in the cluster.",
    )
    instance: Annotated[str, AfterValidator(instance_name)] | None = Field(
        default=None,
        description="The name of the objects, by default the project's. Two environments in one "
        "namespace need two, such as shop-staging.",
    )
    namespace: Annotated[str, AfterValidator(namespace_name)] | None = Field(
        default=None,
        description="The namespace that is written into the manifests; by default none, and "
        "kubectl decides.",
    )
    replicas: int = Field(
        default=2,
        ge=0,
        description="How many pods run; with max_replicas, the fewest. 0 is for knative, keda and "
        "keda_http.",
    )
    max_replicas: int | None = Field(
        default=None,
        ge=1,
        description="The most pods that run. Where it is set, their number follows the load.",
    )
    keda: tuple[KedaTrigger, ...] = Field(
        default=(),
        description="Further triggers for the number of pods, by KEDA: tables with a type and "
        "metadata. It needs max_replicas, and KEDA in the cluster; replicas may then be 0.",
    )
    keda_http: int | None = Field(
        default=None,
        ge=1,
        description="The target number of requests in flight per pod for KEDA's HTTP add-on. Its "
        "interceptor takes the requests of hosts, and holds them while no pod runs. It needs "
        "max_replicas and a gateway, and the add-on in the cluster; replicas may then be 0.",
    )
    cpu_target: int = Field(
        default=65,
        ge=1,
        le=100,
        description="The target CPU utilisation, in percent, for the number of pods.",
    )
    cpu: Cpu | None = Field(
        default=None,
        description="CPU that a pod requests, in cores (0.5) or thousandths (250m); by default "
        f"{DEFAULT_CPU}, or what pod_rate needs.",
    )
    cpu_limit: Cpu | None = Field(
        default=None,
        description="CPU that a pod may not exceed. By default none: a limit stops a pod for the "
        "rest of each tenth of a second even while the node has CPU to spare.",
    )
    pod_rate: float | None = Field(
        default=None,
        gt=0,
        description="Requests a second that a pod must serve, instead of cpu: the pod requests the "
        "CPU that `ferryman measure` found for them.",
    )
    memory: Memory | None = Field(
        default=None,
        description="Memory that a pod requests, and its limit; by default a quarter more than the "
        f"measured peak, or else {DEFAULT_MEMORY}.",
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables, by name, that everyone can read; put secrets into a "
        "Secret.",
    )
    secrets: tuple[SecretName, ...] = Field(
        default=(),
        description="Names of Secrets whose keys become environment variables; where two "
        "have the same key, the later one counts, and environment before both.",
    )
    pull_secrets: tuple[SecretName, ...] = Field(
        default=(),
        description="Names of Secrets with which nodes log in to the image's registry.",
    )
    hosts: tuple[HostName, ...] = Field(
        default=(),
        description="Host names of the app on the internet, such as shop.example.com; needs "
        "gateway or ingress_class.",
    )
    gateway: Annotated[str, AfterValidator(gateway_name)] | None = Field(
        default=None,
        description="The Gateway that hosts are attached to, as an HTTPRoute: name or "
        "namespace/name.",
    )
    ingress_class: Annotated[str, AfterValidator(secret_name)] | None = Field(
        default=None,
        description="The class of an Ingress for hosts, where the cluster has no Gateway.",
    )
    tls_secret: SecretName | None = Field(
        default=None,
        description="The Secret with the certificate of an Ingress. A Gateway has its own.",
    )
    network_policy: bool = Field(
        default=True,
        description="Let nothing reach the pods but connections to the app's port.",
    )
    egress: tuple[Destination, ...] | None = Field(
        default=None,
        description="Where the pods may connect to in addition to DNS, such as 10.0.0.0/8:5432; by "
        "default anywhere.",
    )
    service_account_annotations: Mapping[str, str] = Field(
        default={},
        description="Annotations of the ServiceAccount, by which clouds grant it a role.",
    )
    service_monitor: bool = Field(
        default=False,
        description="Have the pods' metrics read by a Prometheus that knows ServiceMonitors, "
        "those of its operator.",
    )
    service_monitor_labels: Mapping[str, str] = Field(
        default={},
        description="Labels by which that Prometheus chooses its ServiceMonitors, such as "
        'release = "prometheus".',
    )
    spread: Literal["prefer", "require"] = Field(
        default="prefer",
        description="Spread the pods over nodes and zones where that is possible, or start none "
        "where it is not.",
    )
    node_selector: Mapping[str, str] = Field(
        default={},
        description="Labels of the nodes that may run the pods, such as "
        '"kubernetes.io/arch" = "arm64".',
    )
    tolerations: tuple[Toleration, ...] = Field(
        default=(),
        description="Taints of nodes that the pods tolerate, written as for `kubectl taint`: "
        "spot=true:NoSchedule.",
    )
    priority_class: SecretName | None = Field(
        default=None,
        description="The PriorityClass of the pods, which decides which pods make room for others.",
    )
    user_namespaces: bool = Field(
        default=False,
        description="Give the pods a user namespace: their users have no rights on the node. Needs "
        "Kubernetes 1.33 and Linux 6.3.",
    )
    same_zone: bool = Field(
        default=False,
        description="Prefer pods in the caller's zone. Saves traffic between zones; with few "
        "pods the load is uneven.",
    )
    reload: bool = Field(
        default=False,
        description="Have `deploy` restart the pods if a Secret or ConfigMap that they read has "
        "changed since. It then needs the right to read them.",
    )
    process: tuple[ProcessOptions, ...] = Field(
        default=(),
        description="Processes next to the web process, from the same image: tables with a name "
        "and a command, or a schedule.",
    )
    migrate: Command | None = Field(
        default=None,
        description="A command that must succeed before the pods of a release start, such as "
        "python -m shop.migrate. If it fails, the old pods stay.",
    )
    objects: tuple[str, ...] = Field(
        default=(),
        description="YAML files of further objects that belong to the release, in the project's "
        "directory, as glob patterns such as k8s/*.yaml; or directories with a kustomization.",
    )
    patch: str | None = Field(
        default=None,
        description="A YAML file of strategic merge patches, in the project's directory, that "
        "is applied to the manifests last.",
    )
    ignore: tuple[str, ...] = Field(
        default=(),
        description="Codes of rules that the checks of the manifests skip, such as K301 for a "
        "sidecar that must be root. The build says so.",
    )
    kube_version: Annotated[str, AfterValidator(_recent_version)] = Field(
        default=NEWEST_VERSION,
        description="The Kubernetes version, as major.minor, of the manifests. A field that it "
        "does not know is left out or replaced, and reported.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cpu_limit is not None and self.pod_rate is None:
            cpu = self.cpu or DEFAULT_CPU
            if cpu_cores(self.cpu_limit) < cpu_cores(cpu):
                raise ValueError(f"cpu_limit {self.cpu_limit} is less than cpu {cpu}")
        if self.pod_rate is not None and self.cpu is not None:
            raise ValueError("pod_rate and cpu are both set; one of them says how much cpu")
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(
                f"max_replicas {self.max_replicas} is less than replicas {self.replicas}"
            )
        self._check_keda()
        if self.service_monitor_labels and not self.service_monitor:
            raise ValueError("service_monitor_labels needs service_monitor")
        if own := [key for key in self.service_monitor_labels if key.startswith(_OWN_LABELS)]:
            raise ValueError(f"service_monitor_labels: ferryman sets {own[0]} itself")
        if self.egress is not None and not self.network_policy:
            raise ValueError("egress needs network_policy, which is what limits connections")
        check_names(self.process)
        self._check_flavour()
        self._check_hosts()
        return self

    def _check_keda(self) -> None:
        asked = self.keda or self.keda_http is not None
        if asked and self.max_replicas is None:
            name = "keda" if self.keda else "keda_http"
            raise ValueError(f"{name} needs max_replicas, the most pods that it may run")
        if self.replicas == 0 and self.flavour != "knative" and not asked:
            raise ValueError(
                'replicas = 0 runs no pod; flavour = "knative", keda or keda_http can scale to zero'
            )
        if self.keda_http is not None and not self.gateway and self.flavour != "knative":
            raise ValueError(
                "keda_http needs hosts and a gateway: an Ingress leads to no other namespace, "
                "which is where the add-on's interceptor runs"
            )

    def _check_flavour(self) -> None:
        """Check that nothing is asked for that would be left out without a word."""
        if self.flavour != "knative":
            return
        for name, why in _DEPLOYMENTS_ONLY.items():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is for deployments; {why}")

    def _check_hosts(self) -> None:
        if self.gateway and self.ingress_class:
            raise ValueError("gateway and ingress_class are both set; hosts go through one")
        if (self.gateway or self.ingress_class or self.tls_secret) and not self.hosts:
            raise ValueError("gateway, ingress_class and tls_secret need hosts")
        if self.tls_secret and not self.ingress_class:
            raise ValueError("tls_secret is for ingress_class; a Gateway has its own certificate")
        if self.hosts and not (self.gateway or self.ingress_class):
            raise ValueError("hosts need a gateway, or an ingress_class")
