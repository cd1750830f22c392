"""The workload that logs show, and the inputs of the cost model that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.traffic.calendar import Period, three_places
from ferryman.cost.traffic.histogram import Histogram
from ferryman.cost.traffic.response_sizes import LARGEST, ResponseSizes
from ferryman.cost.traffic.shape import Shape
from ferryman.cost.traffic.tally import LambdaTally, Tally

__all__ = ("Durations", "LambdaSummary", "LogSummary", "Unread", "from_tally")

LOWEST_WALL_MS = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Durations:
    """How long the requests took, milliseconds; the percentiles are exact to 1%.

    Args:
        mean: The mean.
        rounded: The mean with each duration rounded up to a whole millisecond, as Lambda bills.
        p50: 50 % of the requests took no longer.
        p95: 95 % of the requests took no longer.
        p99: 99 % of the requests took no longer.
    """

    mean: float
    rounded: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class LambdaSummary:
    """Figures from Lambda's reports.

    Args:
        memory_mib: The function's memory; if it changed, the memory of most invocations.
        sizes: The number of different memory sizes.
        memory_mean: The mean memory over the billed time, MiB.
        used_mean: The mean of the used memory, MiB.
        used_p99: The used memory that 99 % of the invocations did not exceed, MiB.
        used_most: The most memory that an invocation used, MiB.
        billed_gb_seconds: The billed GB-seconds.
        cold_starts: Invocations that started an environment.
        init_ms: Mean duration of a cold start; ``None`` without cold starts.
        init_billed_ms: Mean billed time of a cold start besides its request; ``None`` without
            cold starts.
        app_log_bytes: Bytes that the function logged per invocation; ``None`` if unknown.
    """

    memory_mib: int
    sizes: int
    memory_mean: float
    used_mean: float
    used_p99: float
    used_most: float
    billed_gb_seconds: float
    cold_starts: int
    init_ms: float | None
    init_billed_ms: float | None
    app_log_bytes: float | None


@dataclass(frozen=True, slots=True)
class Unread:
    """Lines that could not be read.

    Args:
        lines: The number of such lines.
        where: The file and line number of the first.
        text: The beginning of the first.
        why: What is wrong with the first.
    """

    lines: int
    where: str = ""
    text: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The figures from logs.

    Args:
        titles: The formats of the logs.
        name: The name for all logs together.
        requests: Requests in the logs.
        period: When the requests came; ``None`` without times, or if they cover less than an
            hour.
        covered: Seconds from the first request to the last; 0 without times.
        durations: How long the requests took; ``None`` if the logs do not say.
        failed_share: Share of failed requests, among those whose outcome is known.
        response_bytes: Mean size of a response.
        request_bytes: Mean size of a request.
        sizes: The distribution of response sizes; ``None`` if all responses are small.
        use: What Lambda billed; ``None`` in other logs.
        other: Lines that are not requests to the application.
        unread: Lines that could not be read.
        notes: What else a reader must know.
    """

    titles: tuple[str, ...]
    name: str
    requests: int
    period: Period | None
    covered: float
    durations: Durations | None = None
    failed_share: float | None = None
    response_bytes: float | None = None
    request_bytes: float | None = None
    sizes: ResponseSizes | None = None
    use: LambdaSummary | None = None
    other: int = 0
    unread: Unread = Unread(0)
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape | None:
        """The week; ``None`` if the logs do not cover a whole one."""
        return self.period.shape if self.period else None

    @property
    def inputs(self) -> dict[str, Decimal]:
        """The fields of `Workload` that the logs give."""
        values: dict[str, float | Decimal | None] = {
            "response_bytes": self.response_bytes,
            "request_bytes": self.request_bytes,
        }
        if self.period:
            values |= {
                "requests": self.period.requests,
                "peak_to_mean": self.period.peak_to_mean,
                "burst": self.period.burst,
            }
        if self.durations:
            values["wall_ms"] = max(LOWEST_WALL_MS, three_places(self.durations.rounded))
        if self.use:
            values |= _lambda_inputs(self.use, self.requests)
        return {
            name: value if isinstance(value, Decimal) else three_places(value)
            for name, value in values.items()
            if value is not None
        }


def _lambda_inputs(use: LambdaSummary, requests: int) -> dict[str, float | Decimal | None]:
    return {
        "memory_mib": Decimal(use.memory_mib),
        "cold_start_share": Decimal(f"{use.cold_starts / requests:.8f}"),
        # Lambda bills the init since August 2025, so the bill includes it for older logs too.
        "init_ms": use.init_billed_ms or use.init_ms,
        "log_bytes": use.app_log_bytes,
    }


def from_tally(
    tally: Tally,
    titles: tuple[str, ...],
    name: str,
    other: int = 0,
    unread: Unread | None = None,
    notes: tuple[str, ...] = (),
) -> LogSummary:
    """Return the figures of a tally.

    Args:
        tally: The tally, with at least one request.
        titles: As in `LogSummary`.
        name: As in `LogSummary`.
        other: As in `LogSummary`.
        unread: As in `LogSummary`.
        notes: As in `LogSummary`.

    Raises:
        ConfigError: The log has a hole.
    """
    return LogSummary(
        titles=titles,
        name=name,
        requests=tally.requests,
        period=tally.calendar.period(name),
        covered=tally.calendar.covered,
        durations=_durations(tally.wall, tally.rounded_ms) if tally.wall.count else None,
        failed_share=_mean(tally.failed, tally.judged),
        response_bytes=_mean(tally.bytes_out, tally.sized_out),
        request_bytes=_mean(tally.bytes_in, tally.sized_in),
        sizes=_sizes(tally) if tally.large_out.count else None,
        use=_functions(tally.functions) if tally.functions.sizes else None,
        other=other,
        unread=unread or Unread(0),
        notes=notes,
    )


def _durations(wall: Histogram, rounded_ms: int) -> Durations:
    p50, p95, p99 = (wall.percentile(share) for share in (0.5, 0.95, 0.99))
    return Durations(wall.mean, rounded_ms / wall.count, p50, p95, p99)


def _functions(tally: LambdaTally) -> LambdaSummary:
    return LambdaSummary(
        memory_mib=tally.sizes.most_common(1)[0][0],
        sizes=len(tally.sizes),
        memory_mean=tally.billed_mib_ms / tally.billed_ms if tally.billed_ms else 0.0,
        used_mean=tally.used.mean,
        used_p99=tally.used.percentile(0.99),
        used_most=tally.used.most,
        billed_gb_seconds=tally.billed_mib_ms / 1024 / 1000,
        cold_starts=tally.init.count,
        init_ms=tally.init.mean if tally.init.count else None,
        init_billed_ms=_mean(tally.init_billed_ms, tally.init.count),
        app_log_bytes=_mean(tally.logged_bytes, tally.logged),
    )


def _sizes(tally: Tally) -> ResponseSizes:
    """Return the sizes of large responses by bucket, and all small responses at their mean."""
    large = list(tally.large_out.parts())
    total = round(tally.large_out.total)
    # A bucket gives only its middle, so scale all buckets to the exact total.
    scale = Fraction(total) / sum(round(size) * count for size, count in large)
    few = tally.sized_out - tally.large_out.count
    small = Fraction(max(0, tally.bytes_out - total), max(1, few))
    parts = [(min(Fraction(LARGEST), round(size) * scale), Fraction(n)) for size, n in large]
    return ResponseSizes(((small, Fraction(few)), *parts))


def _mean(total: float, count: int) -> float | None:
    return total / count if count else None
