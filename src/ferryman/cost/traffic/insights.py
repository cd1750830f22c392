"""The queries for CloudWatch Logs Insights about a function, and how to read the results.

Insights counts at AWS, so no line of a log is transferred. Other modules run the queries. A query
returns at most 10,000 rows, and Insights gives the memory of REPORT lines in bytes, 1,000,000 per
MB. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.calendar import Calendar
from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.log_summary import Durations, LambdaSummary, LogSummary

__all__ = ("MINUTES", "SUMMARY", "from_insights", "slices")

Row = Mapping[str, str]

_REPORTS = 'filter @type = "REPORT" or type = "platform.report"'

SUMMARY = f"""{_REPORTS}
| fields coalesce(@duration, record.metrics.durationMs) as ms,
  coalesce(@billedDuration, record.metrics.billedDurationMs) as billed,
  coalesce(@memorySize / 1000000, record.metrics.memorySizeMB) as given,
  coalesce(@maxMemoryUsed / 1000000, record.metrics.maxMemoryUsedMB) as held,
  coalesce(@initDuration, record.metrics.initDurationMs) as init,
  strcontains(@message, "Status: ") + strcontains(@message, '"status":"timeout"')
  + strcontains(@message, '"status":"error"') + strcontains(@message, '"status":"failure"') as bad
| stats count(*) as requests, avg(ms) as mean, sum(ceil(ms)) as rounded, pct(ms, 50) as p50,
  pct(ms, 95) as p95, pct(ms, 99) as p99, sum(billed) as billed_ms,
  sum(billed * given) as billed_mib_ms, max(given) as memory, count_distinct(given) as sizes,
  avg(held) as used_mean, pct(held, 99) as used_p99, max(held) as used_most,
  count(init) as cold_starts, avg(init) as init_ms, sum(bad) as failed"""
"""The query for one row about all invocations."""

MINUTES = f"""{_REPORTS}
| stats count(*) as requests by bin(1m) as minute
| sort minute asc
| limit 10000"""
"""The query for a row for each minute with invocations."""

SLICE = 6 * 24 * 3600
"""Seconds whose minutes fit into one result."""


def slices(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield parts of a time that each fit into one query for minutes, in seconds since 1970.

    Both ends belong to a part, as in Insights.
    """
    for first in range(start, end, SLICE):
        yield first, min(first + SLICE, end) - 1


def from_insights(group: str, summary: Iterable[Row], minutes: Iterable[Row]) -> LogSummary:
    """Return the figures in the results of the queries.

    Args:
        group: The log group.
        summary: The rows of `SUMMARY`.
        minutes: The rows of all queries for `MINUTES`.

    Raises:
        ConfigError: There were no invocations, or the log has a hole.
    """
    row = next(iter(summary), {})
    requests = int(_number(row, "requests"))
    if not requests:
        raise ConfigError(
            f"{group}: no invocation of a Lambda function was found",
            hint="the log group of a function is /aws/lambda/NAME; --since sets how far back to"
            " look",
        )
    calendar = _calendar(minutes)
    return LogSummary(
        titles=("CloudWatch Logs Insights",),
        name=group,
        requests=requests,
        period=calendar.period(group),
        covered=calendar.covered,
        durations=Durations(
            _number(row, "mean"),
            _number(row, "rounded") / requests,
            _number(row, "p50"),
            _number(row, "p95"),
            _number(row, "p99"),
        ),
        failed_share=_number(row, "failed") / requests,
        use=_use(row),
    )


def _use(row: Row) -> LambdaSummary:
    cold = int(_number(row, "cold_starts"))
    beyond = max(0.0, _number(row, "billed_ms") - _number(row, "rounded"))
    return LambdaSummary(
        memory_mib=round(_number(row, "memory")),
        sizes=int(_number(row, "sizes")),
        memory_mean=_number(row, "billed_mib_ms") / max(1.0, _number(row, "billed_ms")),
        used_mean=_number(row, "used_mean"),
        used_p99=_number(row, "used_p99"),
        used_most=_number(row, "used_most"),
        billed_gb_seconds=_number(row, "billed_mib_ms") / 1024 / 1000,
        cold_starts=cold,
        init_ms=_number(row, "init_ms") if cold else None,
        init_billed_ms=beyond / cold if cold else None,
        app_log_bytes=None,
    )


def _calendar(minutes: Iterable[Row]) -> Calendar:
    calendar, clock = Calendar(by_minute=True), iso_clock()
    for row in minutes:
        calendar.add(clock(row["minute"].encode()), int(_number(row, "requests")))
    return calendar


def _number(row: Row, name: str) -> float:
    # Insights omits a field without a value, and writes numbers with an exponent.
    return float(Decimal(row.get(name) or 0))
