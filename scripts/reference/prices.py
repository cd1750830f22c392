"""The page of the price book: each rate with its source, date and confidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scripts.reference.markdown import GENERATED, table

from ferryman.cost.prices.book import InstanceType, PriceBook, Rate, load_book

__all__ = ("prices_page",)

_SECTIONS = (
    ("AWS Lambda", ("lambda.", "lambda_edge.")),
    ("API Gateway", ("http_api.", "rest_api.", "websocket_api.")),
    ("CloudFront", "cloudfront."),
    ("Application Load Balancer", "alb."),
    ("Network", ("ipv4.", "egress", "nat.", "cross_zone")),
    ("CloudWatch Logs", "logs."),
    ("AWS Fargate", "fargate."),
    ("EBS gp3", "ebs."),
    ("EC2 surplus CPU credits", "ec2.surplus."),
    ("Kubernetes, and Google Cloud's machines and network", ("eks.", "gke.", "gce.", "gcp.")),
    ("Savings plans", "savings."),
    ("Spot, as shares of on demand", "spot."),
    (
        "Databases and caches",
        ("rds.", "rds-multi-az.", "aurora.", "elasticache.", "dynamodb.", "upstash."),
    ),
)


def prices_page() -> str:
    """Return the page in Markdown."""
    book = load_book()
    sources = list(dict.fromkeys(rate.source for rate in book.rates.values()))
    parts = [_introduction(book)]
    for title, prefix in _SECTIONS:
        rates = [rate for rate in book.rates.values() if rate.id.startswith(prefix)]
        parts += [f"## {title}", _rate_table(rates, sources)]
    parts += ["## EC2 on demand, Linux, USD an hour", _instance_table(book)]
    parts += [_instance_sources(book, sources)]
    parts += ["## Sources", "\n".join(f"{i}. {text}" for i, text in enumerate(sources, 1))]
    return "\n\n".join(parts) + "\n"


def _introduction(book: PriceBook) -> str:
    return f"""{GENERATED}# Prices

These are the rates of the price book that ships with ferryman. The newest is of
{book.date}. All amounts are in USD, without tax and without discounts. A region of `*` means
every region. Confidence is `list` (read from a price list or page), `computed` (derived from
other rows) or `unverified` (a single or an indirect source); a bill that uses an unverified
rate says so. The numbers under "source" refer to the list at the end of the page."""


def _rate_table(rates: Iterable[Rate], sources: Sequence[str]) -> str:
    header = ("rate", "region", "USD or amount", "unit", "seen", "confidence", "code", "source")
    return table(header, (_rate_row(rate, sources) for rate in rates)).rstrip()


def _rate_row(rate: Rate, sources: Sequence[str]) -> tuple[str, ...]:
    note = f"; {rate.note}" if rate.note else ""
    return (
        f"`{rate.id}`",
        rate.region.replace("*", "`*`"),
        _price(rate),
        f"{rate.unit}{note}",
        rate.seen,
        rate.confidence,
        rate.code,
        str(sources.index(rate.source) + 1),
    )


def _price(rate: Rate) -> str:
    first, *rest = rate.tiers
    return "; ".join([f"{first.price:,f}", *(f"from {t.start:,f}: {t.price:f}" for t in rest)])


def _instance_table(book: PriceBook) -> str:
    regions = sorted({region for id, region in book.rates if id == "ec2.m7g.large"})
    header = ("type", "vCPU", "MiB", "architecture", "baseline", *regions)
    rows = (_instance_row(shape, book, regions) for shape in book.instances.values())
    return table(header, rows).rstrip()


def _instance_row(shape: InstanceType, book: PriceBook, regions: Sequence[str]) -> tuple[str, ...]:
    rates = (book.rates.get((f"ec2.{shape.name}", region)) for region in regions)
    return (
        shape.name,
        str(shape.vcpu),
        str(shape.memory_mib),
        shape.architecture,
        f"{shape.baseline:.0%}" if shape.baseline < 1 else "",
        *(f"{rate.value:f}{_mark(rate)}" if rate else "" for rate in rates),
    )


def _mark(rate: Rate) -> str:
    return "" if rate.confidence == "list" else " (c)"


def _instance_sources(book: PriceBook, sources: Sequence[str]) -> str:
    rates = [rate for rate in book.rates.values() if rate.id[4:] in book.instances]
    used = dict.fromkeys((sources.index(rate.source) + 1, rate.seen) for rate in rates)
    listed = ", ".join(f"{number} (seen {seen})" for number, seen in used)
    return (
        f"(c) is computed from the `.large` rate: a size up costs twice as much. Sources: {listed}."
        " Shapes are from AWS's DescribeInstanceTypes, baselines from the EC2 user guide."
    )
