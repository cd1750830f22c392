"""The NetworkPolicies: who may connect to the pods, and where they may connect to."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.container import ADMIN_PORT_NAME, PORT_NAME
from ferryman.targets.k8s.values import Values

__all__ = ("PROCESS_REASONS", "REASONS", "network_policy", "process_policy")

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

PROCESS_REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written where there are other processes, unless `network_policy` is false.",
    **metadata.REASONS,
    "metadata.name": "The project's `name`, and `processes`.",
    "spec.podSelector.matchLabels": "All pods of the project,",
    "spec.podSelector.matchExpressions": "but those that answer requests.",
    "spec.policyTypes": "Nothing connects to them. `Egress` is there only where `egress` is set.",
    "spec.egress[].ports": "As for the web process.",
    "spec.egress[].to[].ipBlock.cidr": "The networks of `egress`.",
}


def network_policy(values: Values) -> Fields:
    """Return the policy of the pods that answer requests."""
    names = (PORT_NAME, ADMIN_PORT_NAME) if values.monitored else (PORT_NAME,)
    rules = [fields(ports=[_port("TCP", name) for name in names])]
    pods = fields(match_labels=metadata.selector(values))
    return _policy(values, metadata.WEB, pods, rules)


def process_policy(values: Values) -> Fields:
    """Return the policy of the pods of all other processes, which nothing connects to."""
    others = fields(key="app.kubernetes.io/component", operator="NotIn", values=[metadata.WEB])
    pods = fields(match_labels=metadata.belonging(values), match_expressions=[others])
    return _policy(values, "processes", pods, None)


def _policy(
    values: Values,
    component: str,
    pods: Fields,
    ingress: list[Fields] | None,
) -> Fields:
    closed = values.egress is not None
    return fields(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata.object_metadata(values, component),
        spec=fields(
            pod_selector=pods,
            policy_types=["Ingress", "Egress"] if closed else ["Ingress"],
            ingress=ingress,
            egress=_egress(values.egress) if values.egress is not None else None,
        ),
    )


def _egress(
    destinations: tuple[tuple[str, int], ...],
) -> list[Fields]:
    names = fields(ports=[_port("UDP", 53), _port("TCP", 53)])
    return [names, *(_destination(network, port) for network, port in destinations)]


def _destination(network: str, port: int) -> Fields:
    peer = fields(ip_block=fields(cidr=network))
    return fields(to=[peer], ports=[_port("TCP", port)])


def _port(protocol: str, port: int | str) -> Fields:
    return fields(protocol=protocol, port=port)
