"""The options for the platforms to compare, and for how each is sized and bought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import click

from ferryman.cli.completed_values import complete_platforms, complete_regions
from ferryman.cli.cost.options import about, naming_flags, option, whole
from ferryman.cli.cost.values import (
    a_budget,
    a_disk,
    a_platform,
    a_share,
    a_task,
    flat_hosts,
    free_tier_names,
    hours,
    hours_of_work,
    milliseconds,
    number,
    runs,
    seconds,
    three_rates,
)
from ferryman.core.errors import ConfigError
from ferryman.cost.capacity import Objective
from ferryman.cost.platforms.catalog import USUAL, Choices
from ferryman.cost.platforms.fargate import Fargate, check_size
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import PriceBook

__all__ = (
    "FunctionOptions",
    "PlatformOptions",
    "ServerOptions",
    "check_servers",
    "given_platforms",
    "make_choices",
)


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """What is compared, and where it runs."""

    platforms: tuple[str, ...] = option(
        "A platform to compare; repeat for several.",
        USUAL,
        a_platform,
        flag="--platform",
        metavar="PLATFORM",
        shell_complete=complete_platforms,
    )
    everything: bool = option("Compare one of each platform.", False, flag="--all")
    flat: tuple[str, ...] = option(
        "Also compare a host at a flat monthly price.", (), metavar="NAME=USD/VCPUS/GB"
    )
    web_function: tuple[Decimal, Decimal, Decimal] | None = option(
        "Also compare a Lambda Web Function at these prices in USD, of a million requests, a"
        " vCPU-hour and a GB-hour; AWS has published none.",
        None,
        three_rates,
        metavar="REQUESTS/CPU/MEMORY",
    )
    region: str = option(
        "AWS region.", "us-east-1", metavar="REGION", shell_complete=complete_regions
    )
    architecture: str = option(
        "Architecture of Lambda, Fargate and the usual instances.",
        "arm64",
        type=click.Choice(["arm64", "x86_64"]),
    )
    stores: tuple[str, ...] = option(
        "Also bill rds:TYPE[/GB], rds-multi-az:TYPE[/GB], rds-proxy[:VCPUS], elasticache:TYPE,"
        " dynamodb[:READS/WRITES[/GB]], upstash[:COMMANDS[/GB]] or"
        " aurora-serverless[:ACUS[/GB[/IOS]]]; repeat for several.",
        (),
        flag="--store",
        metavar="STORE",
    )
    ops_hours: Mapping[str, Decimal] | None = option(
        "Also bill hours of operations work a month, for lambda, server and k8s; needs --hourly.",
        None,
        hours_of_work,
        metavar="KIND=HOURS,...",
    )
    hourly: Decimal | None = option("Price of an hour of that work, USD.", None, a_budget)
    no_free_tier: frozenset[str] = option(
        "Free tiers of the account that are used up: all, none, or some of lambda, egress,"
        " logs, cloudfront and gke, between commas.",
        "none",
        free_tier_names,
        is_flag=False,
        flag_value="all",
        metavar="[NAMES]",
    )


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How servers are sized, bought and reached."""

    size: tuple[str, ...] = option(
        "Compare only this size, such as m7g.large or 0.5/1; once for instances, once for tasks. By"
        " default the cheapest size at each volume.",
        (),
        metavar="SIZE",
    )
    task: tuple[Decimal, Decimal] | None = option(
        "Size of a Fargate task.", None, a_task, metavar="VCPUS/GB"
    )
    pod: tuple[Decimal, Decimal] | None = option(
        "Size of a Kubernetes pod; by default 0.5/1.", None, a_task, metavar="VCPUS/GB"
    )
    instance: str | None = option("EC2 instance type, such as m7g.large.", metavar="TYPE")
    box: str | None = option("Instance type of the single box, such as t4g.small.", metavar="TYPE")
    gke_machine: str = option("Machine type of Google's nodes.", "e2-standard-2", metavar="TYPE")
    minimum: int = option(
        "Minimum number of running servers; 1 does not survive the loss of a zone.", "2", whole
    )
    spare: int = option("Servers in addition to those that the busiest hour needs.", "0", whole)
    utilisation: Decimal = option("Share of the CPU that the busiest hour may use.", "0.6", a_share)
    wait_ms: Decimal = option(
        "How long requests may wait for a CPU, ms; 0 for no objective.", "100", milliseconds
    )
    wait_share: Decimal = option(
        "Share of the requests that may not wait longer than --wait-ms.",
        "0.95",
        a_share,
        needs=("wait_ms",),
    )
    workers: int | None = option(
        "Processes of each server; 0 for one a vCPU. By default as in [tool.ferryman.server]:"
        " one in a container, one a vCPU on a machine.",
        None,
        whole,
    )
    imbalance: Decimal = option(
        "Load of a server's busiest process divided by the mean of its processes.", "1.2", number
    )
    autoscale: bool = option("Let the number of servers follow the load, hour by hour.", False)
    private: bool = option("Put servers behind NAT gateways.", False)
    disk: Disk | None = option(
        "gp3 volume of each instance; by default 8 GB, and 20 GB for a Kubernetes node.",
        None,
        a_disk,
        metavar="GB[/IOPS[/MBPS]]",
    )
    task_disk: int = option("GB of storage of a Fargate task.", "20", whole)
    task_runs: tuple[int, Decimal] | None = option(
        "Also bill one-off Fargate tasks: runs a month times duration, such as 30x10min.",
        None,
        runs,
        metavar="RUNSxTIME",
    )
    connection_requests: Decimal = option(
        "Requests that a client sends on one connection to a load balancer.", "5", number
    )
    connection_seconds: Decimal = option("How long that connection stays open, s.", "120", seconds)
    rules: int = option("Rules of the load balancer.", "1", whole)
    mutual_tls: bool = option(
        "Have clients authenticate to the load balancer with certificates.", False
    )
    zones: int = option("Zones of the load balancer and of NAT gateways.", "2", whole)
    extended_support: bool = option("Use a Kubernetes version in extended support on EKS.", False)


@dataclass(frozen=True, slots=True)
class FunctionOptions:
    """Costs of the Lambda function besides requests and duration."""

    provisioned: int = option("Lambda environments that are kept ready.", "0", whole)
    provisioned_hours: Decimal = option(
        "Hours of the month during which they are kept ready.", "730", hours, needs=("provisioned",)
    )
    provisioned_share: Decimal | None = option(
        "Share of the requests in those hours; by default that of the hours.",
        None,
        a_share,
        needs=("provisioned",),
    )
    tenant_isolation: bool = option("Give each tenant Lambda environments of its own.", False)
    snapstart: bool = option("Start Lambda environments from a snapshot.", False)
    streaming: bool = option("Stream Lambda's responses.", False)
    ephemeral_mib: int = option("Size of Lambda's /tmp, MiB.", "512", whole)
    platform_logs: bool = option("Bill Lambda's own log lines, too.", True)
    lambda_nat: int = option("NAT gateways of a function in private subnets.", "0", whole)
    lambda_savings: str | None = option(
        "Pay Lambda's duration with a Compute Savings Plan.",
        type=click.Choice(["1y", "3y"]),
    )


def given_platforms(options: PlatformOptions, choices: Choices) -> Iterator[Platform]:
    """Yield the platforms at the user's own prices.

    Raises:
        ConfigError: A price or a size is not valid.
    """
    yield from flat_hosts(options.flat, choices.sizing)
    if options.web_function:
        from ferryman.cost.platforms.lambda_web import WebFunction

        yield WebFunction(options.web_function, choices.region, choices.free_tiers)


def make_choices(
    common: PlatformOptions, servers: ServerOptions, function: FunctionOptions
) -> Choices:
    """Return the choices of the options for all platforms.

    Raises:
        ConfigError: An option is out of range.
    """
    with naming_flags(ServerOptions, FunctionOptions, also=_ALSO):
        return _choices(common, servers, function)


_ALSO = {
    "share": "--wait-share",
    "requests_per_connection": "--connection-requests",
    "nat_zones": "--lambda-nat",
}
"""Flags, by the names of their values in errors."""


def _sizes(servers: ServerOptions) -> tuple[list[tuple[Decimal, Decimal]], list[str]]:
    """Return the task and the instance type that ``--size`` names, each at most once.

    Raises:
        ConfigError: There are two sizes of one kind.
    """
    tasks = [a_task("--size", text) for text in servers.size if "/" in text]
    types = [text for text in servers.size if "/" not in text]
    if len(tasks) > 1 or len(types) > 1:
        raise ConfigError(
            f"--size: {' and '.join(servers.size)} are two sizes of one kind",
            hint="give one instance type and one task, or none for the cheapest at each volume",
        )
    return tasks, types


def check_servers(common: PlatformOptions, servers: ServerOptions, book: PriceBook) -> None:
    """Check that every chosen size is sold, also for platforms that are not compared.

    Raises:
        ConfigError: A size, a type or a region is not sold.
    """
    tasks, types = _sizes(servers)
    chosen = [("--size", name) for name in types]
    chosen += [("--instance", servers.instance or ""), ("--box", servers.box or "")]
    for flag, name in chosen:
        with about(flag):
            if name:
                book.instance(name)
    for flag, task in [*(("--size", task) for task in tasks), ("--task", servers.task)]:
        with about(flag):
            if task:
                check_size(*task)
    with about("--task-disk"):
        Fargate(disk_gb=servers.task_disk)
    with about("--gke-machine"):
        Gke(servers.gke_machine)
    with about("--region"):
        book.check_region(common.region)


def _choices(common: PlatformOptions, servers: ServerOptions, function: FunctionOptions) -> Choices:
    tasks, types = _sizes(servers)
    instance = servers.instance or next(iter(types), None)
    return Choices(
        region=common.region,
        architecture=common.architecture,
        free_tiers=ALL_FREE_TIERS - common.no_free_tier,
        task=servers.task or next(iter(tasks), None),
        instance=instance,
        box=servers.box or next(iter(types), None),
        sizing=_sizing(servers),
        private=servers.private,
        pod=Pod(servers.pod[0], int(servers.pod[1] * 1024)) if servers.pod else None,
        balancer=_balancer(servers),
        disk=servers.disk,
        task_disk_gb=servers.task_disk,
        extended=servers.extended_support,
        machine=servers.gke_machine,
        function=_function(common, function),
        every_size=True,
    )


def _sizing(options: ServerOptions) -> Sizing:
    objective = Objective(options.wait_ms, options.wait_share) if options.wait_ms else None
    return Sizing(
        minimum=options.minimum,
        spare=options.spare,
        utilisation=options.utilisation,
        objective=objective,
        scaling="hourly" if options.autoscale else "fixed",
        workers=options.workers,
        imbalance=options.imbalance,
    )


def _balancer(options: ServerOptions) -> LoadBalancer:
    return LoadBalancer(
        requests_per_connection=options.connection_requests,
        connection_seconds=options.connection_seconds,
        rules=options.rules,
        zones=options.zones,
        mutual_tls=options.mutual_tls,
    )


def _function(common: PlatformOptions, options: FunctionOptions) -> LambdaFunction:
    return LambdaFunction(
        architecture=common.architecture,
        region=common.region,
        free_tiers=ALL_FREE_TIERS - common.no_free_tier,
        provisioned=options.provisioned,
        provisioned_hours=options.provisioned_hours,
        provisioned_share=options.provisioned_share,
        tenant_isolation=options.tenant_isolation,
        snapstart=options.snapstart,
        streaming=options.streaming,
        ephemeral_mib=options.ephemeral_mib,
        platform_logs=options.platform_logs,
        nat_zones=options.lambda_nat,
        savings=options.lambda_savings or "",
    )
