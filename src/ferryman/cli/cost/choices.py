"""The flags as what the platforms have in common: sizes, disks, how clients connect."""

from __future__ import annotations

from typing import Any

from ferryman.cost.capacity import Objective
from ferryman.cost.platforms.catalog import Choices
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.pod import Pod

__all__ = ("make_choices",)


def make_choices(flags: dict[str, Any]) -> Choices:
    """Return the choices that the flags make.

    Raises:
        ConfigError: One of them is out of range.
    """
    vcpu, memory = flags["pod"]
    return Choices(
        region=flags["region"],
        architecture=flags["architecture"],
        free_tier=flags["free_tier"],
        task=flags["task"],
        instance=flags["instance"],
        box=flags["box"],
        sizing=_sizing(flags),
        private=flags["private"],
        pod=Pod(vcpu, int(memory * 1024)),
        balancer=_balancer(flags),
        disk=flags["disk"],
        task_disk_gb=flags["task_disk"],
        extended=flags["extended_support"],
        machine=flags["gke_machine"],
        function=_function(flags),
    )


def _sizing(flags: dict[str, Any]) -> Sizing:
    objective = Objective(flags["wait_ms"], flags["wait_share"]) if flags["wait_ms"] else None
    return Sizing(
        minimum=flags["minimum"],
        spare=flags["spare"],
        utilisation=flags["utilisation"],
        objective=objective,
        scaling="hourly" if flags["autoscale"] else "fixed",
    )


def _balancer(flags: dict[str, Any]) -> LoadBalancer:
    return LoadBalancer(
        requests_per_connection=flags["connection_requests"],
        connection_seconds=flags["connection_seconds"],
        rules=flags["rules"],
        zones=flags["zones"],
        mutual_tls=flags["mutual_tls"],
    )


def _function(flags: dict[str, Any]) -> LambdaFunction:
    return LambdaFunction(
        architecture=flags["architecture"],
        region=flags["region"],
        free_tier=flags["free_tier"],
        provisioned=flags["provisioned"],
        provisioned_hours=flags["provisioned_hours"],
        provisioned_share=flags["provisioned_share"],
        snapstart=flags["snapstart"],
        streaming=flags["streaming"],
        ephemeral_mib=flags["ephemeral_mib"],
        platform_logs=flags["platform_logs"],
        nat_zones=flags["lambda_nat"],
        savings=flags["lambda_savings"] or "",
    )
