"""The flags of ``ferryman cost`` that say what is compared, and how each of it is bought."""

from __future__ import annotations

import click

from ferryman.cli.cost import values
from ferryman.cli.cost.group import group
from ferryman.cost.platforms.catalog import USUAL

__all__ = ("lambda_options", "platform_options", "server_options")

platform_options = group(
    click.option(
        "--platform",
        "platforms",
        multiple=True,
        default=USUAL,
        show_default=True,
        help="What to compare; repeat for several.",
    ),
    click.option("--all", "everything", is_flag=True, help="Compare one of each."),
    click.option("--flat", "flat", multiple=True, help="A host: NAME=USD/vCPUs/GB a server."),
    click.option("--region", default="us-east-1", show_default=True, help="AWS region."),
    click.option(
        "--architecture",
        type=click.Choice(["arm64", "x86_64"]),
        default="arm64",
        show_default=True,
        help="Of Lambda, Fargate and the usual instances.",
    ),
    click.option(
        "--store",
        "stores",
        multiple=True,
        metavar="STORE",
        help="Also bill rds:TYPE[/GB], rds-multi-az:TYPE[/GB], elasticache:TYPE or"
        " dynamodb[:READS/WRITES[/GB]]; repeat.",
    ),
    click.option(
        "--free-tier/--no-free-tier",
        default=True,
        show_default=True,
        help="The account's free tiers are left for this.",
    ),
)

server_options = group(
    click.option(
        "--task",
        default="0.5/1",
        callback=values.task,
        show_default=True,
        help="vCPUs/GB of a Fargate task.",
    ),
    click.option(
        "--pod",
        default="0.5/1",
        callback=values.task,
        show_default=True,
        help="vCPUs/GB of a Kubernetes pod.",
    ),
    click.option("--instance", help="EC2 instance type, such as m7g.large."),
    click.option("--box", help="Type of the single box, such as t4g.small."),
    click.option(
        "--minimum", default=2, show_default=True, help="Servers kept running; 1 is not HA."
    ),
    click.option("--spare", default=0, show_default=True, help="Servers beyond the need."),
    click.option(
        "--utilisation",
        default="0.6",
        callback=values.number,
        show_default=True,
        help="Share of the CPU that the busy hour may use.",
    ),
    click.option(
        "--wait-ms",
        default="100",
        callback=values.number,
        show_default=True,
        help="How long requests may wait for a CPU, ms; 0 for no objective.",
    ),
    click.option(
        "--wait-share",
        default="0.95",
        callback=values.number,
        show_default=True,
        help="Share of the requests that must wait no longer.",
    ),
    click.option("--autoscale", is_flag=True, help="Count servers hour by hour of the week."),
    click.option("--private", is_flag=True, help="Servers behind NAT gateways."),
    click.option(
        "--disk",
        metavar="GB[/IOPS[/MBPS]]",
        callback=values.disk,
        help="gp3 volume of each instance; 8 GB, or 20 on a Kubernetes node.",
    ),
    click.option(
        "--task-disk", default=20, show_default=True, help="GB of storage of a Fargate task."
    ),
    click.option(
        "--connection-requests",
        default="5",
        callback=values.number,
        show_default=True,
        help="Requests on one connection to a load balancer.",
    ),
    click.option(
        "--connection-seconds",
        default="120",
        callback=values.number,
        show_default=True,
        help="How long such a connection stays open, s.",
    ),
    click.option("--rules", default=1, show_default=True, help="Rules of the load balancer."),
    click.option("--mutual-tls", is_flag=True, help="Its clients show certificates."),
    click.option(
        "--zones", default=2, show_default=True, help="Zones it stands in, and NAT gateways."
    ),
    click.option("--extended-support", is_flag=True, help="EKS runs an old Kubernetes version."),
    click.option(
        "--gke-machine", default="e2-standard-2", show_default=True, help="Type of Google's nodes."
    ),
)

lambda_options = group(
    click.option("--provisioned", default=0, show_default=True, help="Lambda kept ready."),
    click.option(
        "--provisioned-hours",
        default="730",
        callback=values.number,
        show_default=True,
        help="Hours of the month for which they are.",
    ),
    click.option(
        "--provisioned-share",
        callback=values.optional_number,
        help="Share of the requests in those hours; by default that of the hours.",
    ),
    click.option("--snapstart", is_flag=True, help="Restore Lambda from snapshots."),
    click.option("--streaming", is_flag=True, help="Stream Lambda's responses."),
    click.option("--ephemeral-mib", default=512, show_default=True, help="Lambda's /tmp."),
    click.option(
        "--platform-logs/--no-platform-logs",
        default=True,
        show_default=True,
        help="Lambda's own log lines.",
    ),
    click.option(
        "--lambda-nat",
        default=0,
        show_default=True,
        help="NAT gateways of a Lambda function in private subnets.",
    ),
    click.option(
        "--lambda-savings",
        type=click.Choice(["1y", "3y"]),
        help="A Compute Savings Plan on Lambda's duration.",
    ),
)
