"""Cold starts: how many Lambda environments there are, and how many requests wait for one.

A closed form for Poisson arrivals, and a simulation for any. In both a request goes to the
newest environment that is idle, and one that idles for the time-out is gone. AWS promises
neither; runs measured on AWS agree with both (see the tests).
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean, stdev

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.shape import HOURS, Shape

__all__ = (
    "IDLE_TIMEOUT",
    "IDLE_TIMEOUT_BAND",
    "ColdStarts",
    "expected",
    "expected_over_week",
    "poisson",
    "shaped",
    "simulate",
    "simulate_to_error",
)

IDLE_TIMEOUT = 600.0
"""Seconds after which an idle environment is taken away. Measured as 10 minutes in 2019
(mikhail.io) and 2020 (Mahmoudi and Khazaei); it is not a contract."""

MOST_BUSY = 50_000

MOST_SIMULATED = 5_000_000
"""Requests: some fifteen seconds."""

LEAST_RUNS = 4
"""Simulations before their spread is believed."""

IDLE_TIMEOUT_BAND = (300.0, 3600.0)
"""The time-outs that others saw: 5 minutes, and the hour of 2017 and 2023."""


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """What to expect.

    Args:
        share: Share of the requests that wait for a new environment.
        environments: Environments there are, busy or idle, on the mean over time.
        standard_error: Of the share, where it was simulated.
    """

    share: float
    environments: float
    standard_error: float | None = None


def expected(rate: float, service: float, timeout: float = IDLE_TIMEOUT) -> ColdStarts:
    """Return the closed form for Poisson arrivals.

    The number of environments is a birth-death process. With n of them one more is born
    when a request finds all busy, at rate x(n) B(n), Erlang's loss. The last of them serves
    only what the others turn away, at rate x = rate * B(n - 1), and dies at the first pause
    longer than the time-out, which takes (e^(xT) - 1) / x * (1 + xs) seconds on the mean.

    Args:
        rate: Requests a second.
        service: Mean duration of a request, seconds.
        timeout: Idle time-out, seconds.

    Raises:
        ConfigError: An argument is not a positive number, or more than `MOST_BUSY`
            environments would be busy.
    """
    _check(rate=rate, service=service, timeout=timeout)
    offered = rate * service
    if offered > MOST_BUSY:
        raise ConfigError(
            f"{offered:,.0f} environments would be busy at once",
            cause="an account may run 1,000 unless it asks for more",
            hint="give fewer requests or shorter ones",
        )
    blocked, log_weight = 1.0, 0.0
    states: list[tuple[float, float]] = []
    while len(states) <= offered or log_weight > max(w for w, _ in states[-64:]) - 40:
        states.append((log_weight, blocked))
        turned_away = rate * blocked
        blocked = offered * blocked / (len(states) + offered * blocked)
        log_weight += math.log(turned_away) + _log_lifetime(turned_away, service, timeout)
    top = max(log_weight for log_weight, _ in states)
    weights = [math.exp(log_weight - top) for log_weight, _ in states]
    cold = sum(weight * blocked for weight, (_, blocked) in zip(weights, states, strict=True))
    mean = sum(weight * count for count, weight in enumerate(weights))
    return ColdStarts(cold / sum(weights), mean / sum(weights))


def _log_lifetime(rate: float, service: float, timeout: float) -> float:
    """Return the log of the mean seconds until a pause between requests exceeds the time-out.

    The log keeps e^(xT) within the range of a float.
    """
    exponent = rate * timeout
    if exponent < 1e-9:
        return math.log(timeout)
    growth = math.log(math.expm1(exponent)) if exponent < 500 else exponent
    return growth - math.log(rate) + math.log1p(rate * service)


def expected_over_week(
    rate: float, service: float, shape: Shape, timeout: float = IDLE_TIMEOUT
) -> ColdStarts:
    """Return the closed form hour by hour, each as if it lasted forever.

    Args:
        rate: Mean requests a second.
        service: Mean duration of a request, seconds.
        shape: The week.
        timeout: Idle time-out, seconds.
    """
    share, environments = 0.0, 0.0
    for weight, hours in shape.levels:
        if weight:
            hour = expected(rate * float(weight), service, timeout)
            share += hour.share * float(weight) * hours / HOURS
            environments += hour.environments * hours / HOURS
    return ColdStarts(share, environments)


def poisson(rate: float, seconds: float, seed: int = 0) -> Iterator[float]:
    """Yield the times of requests that come independently of each other."""
    draw = random.Random(seed)  # noqa: S311  # a simulation, no secret
    now = draw.expovariate(rate)
    while now < seconds:
        yield now
        now += draw.expovariate(rate)


def shaped(rate: float, shape: Shape, seconds: float, seed: int = 0) -> Iterator[float]:
    """Yield the times of requests whose rate follows the hours of the week."""
    draw = random.Random(seed)  # noqa: S311  # a simulation, no secret
    weights = [float(weight) for weight in shape.weights]
    highest = max(weights)
    for now in poisson(rate * highest, seconds, seed + 1):
        if draw.random() * highest < weights[int(now // 3600) % HOURS]:
            yield now


def simulate(
    arrivals: Iterable[float],
    warm: float,
    cold: float,
    timeout: float = IDLE_TIMEOUT,
    *,
    warm_up: float = 0.0,
    seed: int = 0,
) -> ColdStarts:
    """Return what happens to these requests, with exponential durations.

    Args:
        arrivals: When they come, seconds, in order.
        warm: Mean duration of a request that finds an environment, seconds.
        cold: Mean duration of one that does not, seconds.
        timeout: Idle time-out, seconds.
        warm_up: Seconds from the start that are left out of the result.
        seed: What the durations are drawn from.

    Raises:
        ConfigError: A duration is not positive, or no request comes after the warm-up.
    """
    _check(warm=warm, cold=cold, timeout=timeout)
    # Were the seed that of the arrivals, each duration would follow from the pause before it.
    draw = random.Random(f"durations {seed}")  # noqa: S311  # a simulation, no secret
    busy: list[tuple[float, int]] = []
    idle: list[tuple[int, float]] = []
    born = starts = requests = 0
    alive, now = 0.0, warm_up
    for now in arrivals:
        while busy and busy[0][0] <= now:
            since, number = heapq.heappop(busy)
            heapq.heappush(idle, (-number, since))
        number, found = 0, False
        while idle and not found:
            newest, since = heapq.heappop(idle)
            number, found = -newest, since + timeout > now
            if found:
                alive += max(0.0, now - max(since, warm_up))
            else:
                alive += max(0.0, since + timeout - max(since, warm_up))
        if not found:
            born += 1
            number = born
        duration = draw.expovariate(1 / (warm if found else cold))
        heapq.heappush(busy, (now + duration, number))
        alive += max(0.0, now + duration - max(now, warm_up))
        requests += now >= warm_up
        starts += now >= warm_up and not found
    if not requests or now <= warm_up:
        raise ConfigError("no request comes after the warm-up")
    alive += sum(max(0.0, min(now, since + timeout) - max(since, warm_up)) for _, since in idle)
    alive -= sum(max(0.0, end - now) for end, _ in busy)
    return ColdStarts(starts / requests, alive / (now - warm_up))


_SMALL_ERROR = 0.02
"""Of the share's own size; it may be larger where `MOST_SIMULATED` requests are not enough."""


def simulate_to_error(
    rate: float,
    durations: tuple[float, float],
    shape: Shape | None = None,
    timeout: float = IDLE_TIMEOUT,
) -> ColdStarts:
    """Return the mean of independent simulations, as many as it takes for a small error.

    Args:
        rate: Mean requests a second.
        durations: Mean seconds of a warm request, and of one that starts cold.
        shape: The week; ``None`` for a rate that does not change.
        timeout: Idle time-out, seconds.

    Raises:
        ConfigError: One simulation would take more than `MOST_SIMULATED` requests.
    """
    warm_up = 2 * timeout
    # A week has hours that differ, so that each run has a whole one.
    least = HOURS * 3600.0 if shape else 0.0
    span = max(least, min(50_000 / rate, 4 * HOURS * 3600.0)) + warm_up
    if rate * span > MOST_SIMULATED:
        raise ConfigError(
            f"a simulation would take {rate * span:,.0f} requests",
            cause=f"idle environments go after {timeout:g} s, and twice that is the least",
            hint="leave --simulate out: so much traffic starts cold too rarely to matter",
        )
    runs: list[ColdStarts] = []
    while True:
        seed = 3 * len(runs)
        arrivals = shaped(rate, shape, span, seed) if shape else poisson(rate, span, seed)
        runs.append(simulate(arrivals, *durations, timeout, warm_up=warm_up, seed=seed))
        if len(runs) < LEAST_RUNS:
            continue
        share = fmean(run.share for run in runs)
        deviation = stdev(run.share for run in runs) / math.sqrt(len(runs))
        enough = deviation <= _SMALL_ERROR * share or rate * span * (len(runs) + 1) > MOST_SIMULATED
        if enough:
            return ColdStarts(share, fmean(run.environments for run in runs), deviation)


def _check(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ConfigError(f"{name}: {value} is not a number above 0")
