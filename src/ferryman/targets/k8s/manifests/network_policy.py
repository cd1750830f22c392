"""The NetworkPolicy: who may connect to the pods, and where they may connect to."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes import client

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.container import ADMIN_PORT_NAME, PORT_NAME
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "network_policy")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written unless `network_policy` is false. It counts where the cluster's network "
    "knows policies; elsewhere it does nothing.",
    **metadata.REASONS,
    "spec.podSelector.matchLabels": "The labels of the Deployment's selector.",
    "spec.policyTypes": "What is listed is denied but for what is allowed below. `Egress` is "
    "there only where `egress` is set: an app that is cut off by surprise is a broken app.",
    "spec.ingress[].ports": "The app's port, by its name; with `service_monitor` also that of "
    "the metrics. A node's own probes need no leave.",
    "spec.egress[].ports": "DNS, over both protocols, or the port of a destination.",
    "spec.egress[].to[].ipBlock.cidr": "The networks of `egress`. DNS is allowed anywhere: "
    "nodes may have a resolver of their own.",
}


def network_policy(values: Values) -> client.V1NetworkPolicy:
    """Return the policy."""
    closed = values.egress is not None
    names = (PORT_NAME, ADMIN_PORT_NAME) if values.monitored else (PORT_NAME,)
    return client.V1NetworkPolicy(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata.object_metadata(values),
        spec=client.V1NetworkPolicySpec(
            pod_selector=client.V1LabelSelector(match_labels=metadata.selector(values)),
            policy_types=["Ingress", "Egress"] if closed else ["Ingress"],
            ingress=[
                client.V1NetworkPolicyIngressRule(ports=[_port("TCP", name) for name in names])
            ],
            egress=_egress(values.egress) if values.egress is not None else None,
        ),
    )


def _egress(
    destinations: tuple[tuple[str, int], ...],
) -> list[client.V1NetworkPolicyEgressRule]:
    names = client.V1NetworkPolicyEgressRule(ports=[_port("UDP", 53), _port("TCP", 53)])
    return [names, *(_destination(network, port) for network, port in destinations)]


def _destination(network: str, port: int) -> client.V1NetworkPolicyEgressRule:
    peer = client.V1NetworkPolicyPeer(ip_block=client.V1IPBlock(cidr=network))
    return client.V1NetworkPolicyEgressRule(to=[peer], ports=[_port("TCP", port)])


def _port(protocol: str, port: int | str) -> client.V1NetworkPolicyPort:
    return client.V1NetworkPolicyPort(protocol=protocol, port=port)
