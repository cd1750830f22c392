"""Cold starts: the number of Lambda environments, and of requests that wait for a new one.

There is a closed form for Poisson arrivals, and a simulation for any arrivals. Both assume that a
request goes to the newest idle environment, and that an environment ends after it was idle for the
time-out. AWS guarantees neither, but both agree with measurements on AWS (see the tests).
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
"""Seconds after which Lambda ends an idle environment. Measured as 10 minutes in 2019
(mikhail.io) and 2020 (Mahmoudi and Khazaei); AWS does not guarantee it."""

MOST_BUSY = 50_000
"""The most busy environments for which the closed form is computed."""

MOST_SIMULATED = 5_000_000
"""The most simulated requests, which take some fifteen seconds."""

LEAST_RUNS = 4
"""Simulations before their spread is taken as the error."""

IDLE_TIMEOUT_BAND = (300.0, 3600.0)
"""The range of measured time-outs: 5 minutes, and one hour in 2017 and 2023."""


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """The expected cold starts.

    Args:
        share: Share of the requests that wait for a new environment.
        environments: The mean number of environments over time, busy or idle.
        standard_error: The standard error of the share if it was simulated.
    """

    share: float
    environments: float
    standard_error: float | None = None


def expected(rate: float, service: float, timeout: float = IDLE_TIMEOUT) -> ColdStarts:
    """Return the cold starts of Poisson arrivals, by the closed form.

    The number of environments is a birth-death process. With n environments, another one starts
    when a request finds all of them busy, at the rate x(n) B(n), where B is Erlang's loss. The last
    environment serves only the requests that the others reject, at the rate x = rate * B(n - 1). It
    ends at the first pause longer than the time-out, on the mean after (e^(xT) - 1) / x * (1 + xs)
    seconds.

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
            hint="give fewer requests, or shorter ones",
        )
    blocked, log_weight = 1.0, 0.0
    states: list[tuple[float, float]] = []
    while len(states) <= offered or log_weight > max(w for w, _ in states[-64:]) - 40:
        states.append((log_weight, blocked))
        rejected = rate * blocked
        blocked = offered * blocked / (len(states) + offered * blocked)
        log_weight += math.log(rejected) + _log_lifetime(rejected, service, timeout)
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
    """Return the mean of the closed form over the hours of a week, each as if it lasted forever.

    Args:
        rate: Mean requests a second.
        service: Mean duration of a request, seconds.
        shape: The distribution of the traffic over the week.
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
    """Yield the arrival times of independent requests, in seconds."""
    draw = random.Random(seed)  # noqa: S311  # a simulation, no secret
    now = draw.expovariate(rate)
    while now < seconds:
        yield now
        now += draw.expovariate(rate)


def shaped(rate: float, shape: Shape, seconds: float, seed: int = 0) -> Iterator[float]:
    """Yield the arrival times of independent requests whose rate changes from hour to hour."""
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
    """Simulate requests with exponential durations, and return their cold starts.

    Args:
        arrivals: The arrival times of the requests, in seconds, in order.
        warm: Mean duration of a request that finds an idle environment, seconds.
        cold: Mean duration of a request that starts cold, seconds.
        timeout: Idle time-out, seconds.
        warm_up: Seconds at the start that the result leaves out.
        seed: The seed of the random durations.

    Raises:
        ConfigError: A duration is not positive, or no request comes after the warm-up.
    """
    _check(warm=warm, cold=cold, timeout=timeout)
    # With the seed of the arrivals, each duration would depend on the pause before it.
    draw = random.Random(f"durations {seed}")  # noqa: S311  # a simulation, no secret
    busy: list[tuple[float, int]] = []
    idle: list[tuple[int, float]] = []
    created = starts = requests = 0
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
            created += 1
            number = created
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
"""The wanted standard error relative to the share; `MOST_SIMULATED` requests may not reach it."""


def simulate_to_error(
    rate: float,
    durations: tuple[float, float],
    shape: Shape | None = None,
    timeout: float = IDLE_TIMEOUT,
) -> ColdStarts:
    """Repeat the simulation until the error is small, and return the mean of the runs.

    Args:
        rate: Mean requests a second.
        durations: Mean seconds of a warm request, and of a request that starts cold.
        shape: The distribution of the traffic over the week; ``None`` for a constant rate.
        timeout: Idle time-out, seconds.

    Raises:
        ConfigError: One simulation would take more than `MOST_SIMULATED` requests.
    """
    warm_up = 2 * timeout
    # The hours of a week differ, so each run covers a whole week.
    least = HOURS * 3600.0 if shape else 0.0
    span = max(least, min(50_000 / rate, 4 * HOURS * 3600.0)) + warm_up
    if rate * span > MOST_SIMULATED:
        raise ConfigError(
            f"a simulation would take {rate * span:,.0f} requests",
            cause=f"it must cover at least twice the idle time-out of {timeout:g} s",
            hint="leave --simulate out: with so much traffic, cold starts are too rare to matter",
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
