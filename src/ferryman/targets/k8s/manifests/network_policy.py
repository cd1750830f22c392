"""The NetworkPolicies: which connections to and from the pods are allowed."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.container import ADMIN_PORT_NAME, PORT_NAME
from ferryman.targets.k8s.values import Values

__all__ = ("PROCESS_REASONS", "REASONS", "network_policy", "process_policy")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present unless `network_policy` is false. It has an effect only if the cluster's "
    "network plugin enforces policies.",
    **metadata.REASONS,
    "spec.podSelector.matchLabels": "The labels of the Deployment's selector.",
    "spec.policyTypes": "The listed directions allow only the connections below. `Egress` is "
    "listed only if `egress` is set, so that no app loses its database unexpectedly.",
    "spec.ingress[].ports": "The name of the app's port; with `service_monitor` also that of the "
    "metrics port. The node's probes need no permission.",
    "spec.egress[].ports": "DNS over UDP and TCP, or the port of a destination.",
    "spec.egress[].to[].ipBlock.cidr": "The networks of `egress`. DNS is allowed to any address, "
    "because nodes may have their own resolver.",
}

PROCESS_REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present if the project has other processes, unless `network_policy` is false.",
    **metadata.REASONS,
    "metadata.name": "The name of the web process' objects, and `processes`.",
    "spec.podSelector.matchLabels": "All pods of the release.",
    "spec.podSelector.matchExpressions": "Excludes the pods of the web process.",
    "spec.policyTypes": "No connection to these pods is allowed. `Egress` is listed only if "
    "`egress` is set.",
    "spec.egress[].ports": "As for the web process.",
    "spec.egress[].to[].ipBlock.cidr": "The networks of `egress`.",
}


def network_policy(values: Values) -> Fields:
    """Return the policy for the pods of the web process."""
    names = (PORT_NAME, ADMIN_PORT_NAME) if values.monitored else (PORT_NAME,)
    rules = [fields(ports=[_port("TCP", name) for name in names])]
    pods = fields(match_labels=metadata.selector(values))
    return _policy(values, metadata.WEB, pods, rules)


def process_policy(values: Values) -> Fields:
    """Return the policy for the pods of all other processes, which accept no connections."""
    others = fields(key="app.kubernetes.io/component", operator="NotIn", values=[metadata.WEB])
    pods = fields(match_labels=metadata.belonging(values), match_expressions=[others])
    return _policy(values, "processes", pods, None)


def _policy(
    values: Values,
    component: str,
    pods: Fields,
    ingress: list[Fields] | None,
) -> Fields:
    egress = None if values.egress is None else _egress(values.egress)
    return fields(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata.object_metadata(values, component),
        spec=fields(
            pod_selector=pods,
            policy_types=["Ingress"] if egress is None else ["Ingress", "Egress"],
            ingress=ingress,
            egress=egress,
        ),
    )


def _egress(destinations: tuple[tuple[str, int], ...]) -> list[Fields]:
    dns = fields(ports=[_port("UDP", 53), _port("TCP", 53)])
    return [dns, *(_destination(network, port) for network, port in destinations)]


def _destination(network: str, port: int) -> Fields:
    peer = fields(ip_block=fields(cidr=network))
    return fields(to=[peer], ports=[_port("TCP", port)])


def _port(protocol: str, port: int | str) -> Fields:
    return fields(protocol=protocol, port=port)
