"""CloudFront's flat-rate plans: the smallest plan whose allowance covers the traffic.

AWS does not bill traffic above a plan's allowance, but may slow it down. So a month is billed
at the plan that covers all of its traffic. Above the largest plan the platform does not carry
the traffic: it needs pay as you go, or a plan agreed with AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import plain
from ferryman.cost.prices.book import PriceBook, Rate, Tier
from ferryman.cost.quantity import Quantity, larger, smaller
from ferryman.cost.workload import Inputs

__all__ = ("PLANS", "plan_charges")

PLANS = ("free", "pro", "business", "premium")
"""From the smallest to the largest (https://aws.amazon.com/cloudfront/pricing/)."""


def plan_charges(inputs: Inputs, book: PriceBook, region: str) -> Iterator[Charge]:
    """Yield a charge for each plan: what it costs more than the next smaller plan.

    Args:
        inputs: The workload. CloudFront caches nothing, and sends all responses to viewers.
        book: The prices.
        region: An AWS region; the plans cost the same in all.
    """
    caps = [_cap(plan, inputs, book, region) for plan in PLANS]
    rates = [book.rate(f"cloudfront.plan.{plan}", region) for plan in PLANS]
    formula = f"covers {plain(caps[0], 0)} requests"
    yield Charge(_item(PLANS[0]), Usage(fixed=1), rates[0], formula, until=caps[-1])
    for place, plan in enumerate(PLANS[1:], 1):
        before, cap = PLANS[place - 1].title(), caps[place - 1]
        yield Charge(
            f"{_item(plan)}, above {before}",
            Usage(fixed=1, beyond=cap),
            _above(rates[place], rates[place - 1]),
            f"above the {plain(cap, 0)} requests that {before} covers",
        )


def _item(plan: str) -> str:
    return f"CloudFront {plan.title()} plan"


def _cap(plan: str, inputs: Inputs, book: PriceBook, region: str) -> Quantity:
    """Return the requests a month that a plan covers, by their number and by their bytes."""
    requests = int(book.rate(f"cloudfront.plan.{plan}.requests", region).value)
    bytes_held = int(book.rate(f"cloudfront.plan.{plan}.transfer", region).value) * 2**30
    # A response has at least one byte here, because the next line divides by its size.
    return smaller(requests, bytes_held / larger(inputs.response_bytes, 1))


def _above(rate: Rate, before: Rate) -> Rate:
    start, price = rate.tiers[0].start, rate.value - before.value
    return replace(rate, tiers=(Tier(start, price),), note=f"{rate.value} less {before.value} USD")
