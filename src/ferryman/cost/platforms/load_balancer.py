"""An AWS Application Load Balancer: its hours, its LCUs, its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.network import public_addresses
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, is_array, larger
from ferryman.cost.workload import Inputs

__all__ = ("LoadBalancer", "lcu_hours")

NEW_CONNECTIONS = 25
ACTIVE_CONNECTIONS = 3000
MUTUAL_TLS_CONNECTIONS = 1500
BYTES_AN_HOUR = 10**9
LAMBDA_BYTES_AN_HOUR = 4 * 10**8
RULE_EVALUATIONS = 1000
FREE_RULES = 10
"""What one LCU covers: new connections a second, open connections (fewer if clients present
certificates), bytes an hour (decimal, as in AWS's worked example; fewer for Lambda targets), and
rule evaluations a second above ten free rules.
Source: https://aws.amazon.com/elasticloadbalancing/pricing/."""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """An Application Load Balancer and how its clients connect.

    Args:
        requests_per_connection: Requests that a client sends on one connection. The default
            is that of AWS's worked example; 1 means no keep-alive, which costs the most.
        connection_seconds: How long a connection stays open. The default is from the same
            example.
        rules: Rules that the balancer evaluates for each request; ten are free.
        zones: Availability zones; the balancer has a public address in each.
        mutual_tls: Whether clients present certificates: an LCU then covers half as many open
            connections.
    """

    requests_per_connection: int | Decimal = 5
    connection_seconds: int | Decimal = 120
    rules: int = 1
    zones: int = 2
    mutual_tls: bool = False

    def __post_init__(self) -> None:
        for name in ("requests_per_connection", "connection_seconds"):
            value = Decimal(getattr(self, name))
            if not (value.is_finite() and 0 < value <= 10**9):
                raise ConfigError(
                    f"{name}: {value} is out of range", hint="give a number above 0, up to 1e9"
                )
        for name, least in (("rules", 0), ("zones", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name}: {getattr(self, name)} is below {least}")

    @property
    def assumptions(self) -> str:
        """How clients connect, as half a sentence."""
        return f"{plain(self.requests_per_connection)} requests per connection"

    def charges(
        self,
        inputs: Inputs,
        book: PriceBook,
        region: str,
        hours: int = MONTH_HOURS,
        *,
        to_lambda: bool = False,
    ) -> Iterator[Charge]:
        """Yield what the balancer costs in a month of ``hours``.

        Args:
            inputs: The workload.
            book: The prices.
            region: An AWS region.
            hours: Hours in the month.
            to_lambda: Whether the targets are Lambda functions: an LCU then covers fewer bytes.
        """
        yield Charge(
            "Load balancer", Usage(fixed=hours), book.rate("alb.hours", region), f"{hours} h"
        )
        need, dimension = _largest(lcu_hours(self, inputs, to_lambda))
        yield Charge(
            "Load balancer capacity",
            Usage(per_request=need),
            book.rate("alb.lcu", region),
            f"requests x {plain(need * 10**6, 3)} LCU-hours per million, set by {dimension}",
        )
        zones = Usage(fixed=self.zones)
        yield public_addresses("the load balancer", zones, book, region, hours)


def lcu_hours(
    balancer: LoadBalancer, inputs: Inputs, to_lambda: bool = False
) -> tuple[tuple[Quantity, str], ...]:
    """Return the LCU-hours that one request uses in each of the four dimensions.

    AWS bills the largest dimension, hour by hour. All four are proportional to the rate, so
    the same dimension is the largest in every hour, and the hours add up.
    """
    connections = 1 / Fraction(balancer.requests_per_connection)
    opened = MUTUAL_TLS_CONNECTIONS if balancer.mutual_tls else ACTIVE_CONNECTIONS
    size = inputs.request_bytes + inputs.response_bytes
    rules = max(0, balancer.rules - FREE_RULES)
    return (
        (connections / (NEW_CONNECTIONS * 3600), "new connections"),
        (
            connections * Fraction(balancer.connection_seconds) / (opened * 3600),
            "open connections",
        ),
        (size / (LAMBDA_BYTES_AN_HOUR if to_lambda else BYTES_AN_HOUR), "bytes"),
        (Fraction(rules, RULE_EVALUATIONS * 3600), "rule evaluations"),
    )


def _largest(dimensions: tuple[tuple[Quantity, str], ...]) -> tuple[Quantity, str]:
    needs = [need for need, _ in dimensions]
    if any(map(is_array, needs)):
        return reduce(larger, needs), "the largest dimension"
    return max(dimensions, key=lambda pair: pair[0])
