"""Reads CloudWatch's metrics of a side: a target group behind a load balancer, or a function.

They cover whole minutes and arrive some minutes late, so a rollback that relies on them alone is
later: at 100 requests a second and 1 % of the traffic, a fault of one in twenty costs about 4 bad
answers more than with a live log. Only settled minutes count.

Sources: "CloudWatch metrics for your Application Load Balancer"; "Using CloudWatch metrics with
Lambda"; "CloudWatch statistics definitions" for the trimmed count, TC(limit:).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ferryman.aws.refusals import explained
from ferryman.core.errors import ConfigError
from ferryman.core.judge import Counts
from ferryman.migrate.observers import SideSight
from ferryman.migrate.options import MigrateOptions, SideOptions

__all__ = ("CloudWatch", "Series", "dimensions_of")

_MINUTE = 60
_SETTLED = 120
"""Seconds after which a minute's numbers no longer change; AWS names none, so a margin."""

_BASELINE = 3 * 3600
_LEAST = 100


@dataclass(frozen=True, slots=True)
class Series:
    """The metrics of a side.

    Attributes:
        namespace: The namespace of its metrics.
        dimensions: The dimensions that select them.
        answers: The metric of all answers.
        failures: The metrics of failures, which are added up.
        rejections: The metrics of rejections.
        times: The metric of how long an answer took.
        unit: How many of its units a second has.
    """

    namespace: str
    dimensions: Mapping[str, str]
    answers: str
    failures: tuple[str, ...]
    rejections: tuple[str, ...]
    times: str
    unit: int


@dataclass(frozen=True, slots=True)
class CloudWatch:
    """A side.

    Attributes:
        client: boto3's client of CloudWatch.
        series: The side's metrics.
        clock: Seconds since 1970.
    """

    client: Any
    series: Series
    clock: Callable[[], float] = time.time

    def look(self, cursor: Any, slow_limit: float | None) -> SideSight:
        """Return the observations since a cursor, which is the last minute read."""
        end = int((self.clock() - _SETTLED) // _MINUTE * _MINUTE)
        limit = None if slow_limit else self._limit(end)
        if not isinstance(cursor, int) or cursor >= end:
            return SideSight(Counts(), max(end, cursor or 0), limit)
        return SideSight(self._counts(cursor, end, slow_limit), end, limit)

    def _counts(self, start: int, end: int, slow_limit: float | None) -> Counts:
        series = self.series
        names = (series.answers, *series.failures, *series.rejections)
        wanted = [(name, "Sum") for name in names]
        if slow_limit:
            wanted.append((series.times, f"TC({slow_limit * series.unit:g}:)"))
        sums = self._sums(wanted, start, end)
        answers, rest = sums[0], sums[1:]
        failures = sum(rest[: len(series.failures)])
        rejections = sum(rest[len(series.failures) : len(names) - 1])
        slow = sums[-1] if slow_limit else 0
        # The targets' answers do not include failures of the load balancer itself.
        answers = max(answers, failures, rejections, slow)
        return Counts(answers, failures, rejections, slow)

    def _limit(self, end: int) -> float | None:
        series, start = self.series, end - _BASELINE
        if self._sums([(series.answers, "Sum")], start, end)[0] < _LEAST:
            return None
        values = self._values([(series.times, "p95")], start, end, _BASELINE)[0]
        return max(values) / series.unit if values else None

    def _sums(self, wanted: Sequence[tuple[str, str]], start: int, end: int) -> list[int]:
        return [round(sum(values)) for values in self._values(wanted, start, end, _MINUTE)]

    def _values(
        self, wanted: Sequence[tuple[str, str]], start: int, end: int, period: int
    ) -> list[list[float]]:
        series = self.series
        dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions.items()]
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": series.namespace,
                        "MetricName": name,
                        "Dimensions": dimensions,
                    },
                    "Period": period,
                    "Stat": statistic,
                },
            }
            for number, (name, statistic) in enumerate(wanted)
        ]
        with explained("cloudwatch", "get_metric_data"):
            found = self.client.get_metric_data(
                MetricDataQueries=queries,
                StartTime=datetime.fromtimestamp(start, UTC),
                EndTime=datetime.fromtimestamp(end, UTC),
            )
        values = {each["Id"]: each["Values"] for each in found["MetricDataResults"]}
        return [values.get(query["Id"], []) for query in queries]


def dimensions_of(options: MigrateOptions, side: SideOptions, name: str) -> Series:
    """Return the metrics of a side.

    Raises:
        ConfigError: The side has neither a target group nor a version.
    """
    if side.target_group:
        group = side.target_group.rpartition(":")[2]
        rule = options.alb.rule.partition(":listener-rule/")[2]
        balancer = "/".join(rule.split("/")[:3])
        return Series(
            "AWS/ApplicationELB",
            {"TargetGroup": group, "LoadBalancer": balancer},
            "RequestCount",
            ("HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount"),
            ("HTTPCode_Target_4XX_Count",),
            "TargetResponseTime",
            1,
        )
    if side.version and options.alias.function:
        function = options.alias.function
        return Series(
            "AWS/Lambda",
            {
                "FunctionName": function,
                "Resource": f"{function}:{options.alias.name}",
                "ExecutedVersion": side.version,
            },
            "Invocations",
            ("Errors", "Throttles"),
            (),
            "Duration",
            1000,
        )
    raise ConfigError(
        f"[tool.ferryman.migrate.sides.{name}] has neither target_group nor version",
        hint="CloudWatch counts by one of them; metrics = ... reads a server's own metrics",
    )
