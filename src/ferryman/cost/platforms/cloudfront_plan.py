"""CloudFront's flat plans: the smallest that holds the traffic, up to where none does.

A plan has no charge beyond its allowance, but AWS may slow what goes beyond it. So a month is
billed at the plan that holds all of it, and beyond the largest the traffic counts as not
carried: pay as you go, or a plan made with AWS, is for that.
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
    """Yield the plan, as what each costs above the one before it.

    Args:
        inputs: The workload. Nothing is taken as cached, and all transfer to viewers counts.
        book: The prices.
        region: An AWS region; the plans cost the same in all.
    """
    caps = [_cap(plan, inputs, book, region) for plan in PLANS]
    for place, plan in enumerate(PLANS):
        rate = book.rate(f"cloudfront.plan.{plan}", region)
        if not place:
            usage, formula = Usage(fixed=1), f"holds {plain(caps[0], 0)} requests"
            yield Charge(_item(plan), usage, rate, formula, until=caps[-1])
            continue
        before = PLANS[place - 1]
        rate = _above(rate, book.rate(f"cloudfront.plan.{before}", region))
        formula = f"above {plain(caps[place - 1], 0)} requests, which {before.title()} holds"
        yield Charge(
            f"{_item(plan)}, above {before.title()}",
            Usage(fixed=1, beyond=caps[place - 1]),
            rate,
            formula,
        )


def _item(plan: str) -> str:
    return f"CloudFront {plan.title()} plan"


def _cap(plan: str, inputs: Inputs, book: PriceBook, region: str) -> Quantity:
    """Return the requests a month that a plan holds: by their number, and by their bytes."""
    requests = int(book.rate(f"cloudfront.plan.{plan}.requests", region).value)
    bytes_held = int(book.rate(f"cloudfront.plan.{plan}.transfer", region).value) * 2**30
    # A response has a byte at least, or nothing could be divided by its size.
    return smaller(requests, bytes_held / larger(inputs.response_bytes, 1))


def _above(rate: Rate, before: Rate) -> Rate:
    start, price = rate.tiers[0].start, rate.value - before.value
    return replace(rate, tiers=(Tier(start, price),), note=f"{rate.value} less {before.value} USD")
