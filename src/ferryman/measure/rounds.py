"""The procedure: start the app several times, and observe the same things each time.

Runs differ from process to process as well as from minute to minute, so each round has a
process of its own. It only observes; `estimates` turns the observations into figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from ferryman.core.errors import ConfigError
from ferryman.measure.request import Scenario, schedule
from ferryman.measure.runner import Batch, ConcurrentlyRunning, Runner, Running
from ferryman.measure.send_times import offsets
from ferryman.measure.throughput import is_past_knee
from ferryman.measure.trial import not_answered
from ferryman.records.progress import Progress

__all__ = (
    *("QUICK", "SHORTEST", "USUAL", "Pace", "Point", "Round"),
    *("observe", "pace_within"),
)

_FEWEST_ROUNDS = 2

SHORTEST = 10.0
"""The least seconds for measuring a target."""

_REPEATS = 4
"""Batches of each request in a round."""

_MOST_IN_BATCH = 1000
_LEAST_CONCURRENT = 16
_MOST_CONCURRENT = 512
_ORDER = 1000
"""The length of the order in which requests are mixed."""

_SHARES = (0.3, 0.6, 0.8)
"""Rates at which requests arrive, as shares of the greatest throughput."""

_LONGER, _FEWEST_ARRIVALS = 1.5, 20
"""How much longer than a point of the curve this lasts, and the least number of requests."""

_ROOM = 3.0
"""How many mean response times a point of the curve lasts at least."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much time a measurement takes.

    Attributes:
        rounds: How often the app is started, at least.
        warm_up: Seconds of mixed requests before anything is recorded, in each round.
        batches: Seconds for batches of each request, in each round.
        point: Seconds for each point of the throughput curve, in each round.
        limit: Seconds after which no further round begins, even if the figures are not settled.
        bounded: Whether the limit applies even before all rounds, but not before the second: one
            round has no interval.
    """

    rounds: int
    warm_up: float
    batches: float
    point: float
    limit: float
    bounded: bool = False

    def is_over(self, rounds: int, elapsed: float, settled: bool) -> bool:
        """Return whether no further round begins.

        Args:
            rounds: How many rounds there were.
            elapsed: Seconds since the first began, plus those of one more.
            settled: Whether the rounds agree.
        """
        late = elapsed > self.limit
        if self.bounded and late:
            return rounds >= _FEWEST_ROUNDS
        return rounds >= self.rounds and (late or settled)


USUAL = Pace(rounds=5, warm_up=0.5, batches=4.0, point=0.4, limit=42.0)
QUICK = Pace(rounds=3, warm_up=0.2, batches=0.9, point=0.15, limit=0.0)


def pace_within(seconds: float) -> Pace:
    """Return the most precise pace at which a target can be measured in a time.

    Args:
        seconds: For one target, its starts included.

    Raises:
        ConfigError: Two rounds at the quickest pace take longer.
    """
    if seconds < SHORTEST:
        raise ConfigError(
            f"--time: {seconds:g} seconds for each target are too few",
            hint=f"give at least {SHORTEST:g} for each, or measure fewer targets with -t",
        )
    share = min(1.0, (seconds - SHORTEST) / (USUAL.limit - SHORTEST))
    quick, usual = QUICK, USUAL
    return Pace(
        rounds=usual.rounds,
        warm_up=quick.warm_up + share * (usual.warm_up - quick.warm_up),
        batches=quick.batches + share * (usual.batches - quick.batches),
        point=quick.point + share * (usual.point - quick.point),
        limit=seconds,
        bounded=True,
    )


class Point(NamedTuple):
    """One point of the throughput curve.

    Attributes:
        concurrency: Requests in flight.
        batch: The responses and failures.
        peak_mib: The most memory that the process had by then, MiB.
    """

    concurrency: int
    batch: Batch
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Round:
    """The observations of one process.

    Attributes:
        init_ms: How long its start took, milliseconds.
        rest_mib: Its memory before the first request.
        batches: Batches of one request each: the request and its outcome.
        curve: The mixture at rising concurrency.
        arrivals: The mixture at its own times, at shares of the greatest rate of the curve.
        memory: Requests so far, and the memory then, MiB, while they came one at a time.
        peak_mib: Its peak memory.
    """

    init_ms: float
    rest_mib: float
    batches: tuple[tuple[int, Batch], ...]
    curve: tuple[Point, ...]
    arrivals: tuple[tuple[float, Batch], ...]
    memory: tuple[tuple[int, float], ...]
    peak_mib: float


async def observe(
    runner: Runner,
    scenario: Scenario,
    pace: Pace,
    progress: Progress,
    settled: Callable[[Sequence[Round]], bool],
) -> tuple[Round, ...]:
    """Return the observations of as many rounds as needed.

    Args:
        runner: Starts the app.
        scenario: The requests to send.
        pace: How much time a measurement takes.
        progress: Called with each step.
        settled: Returns whether rounds agree well enough.

    Raises:
        AppError: The app does not start.
        FerrymanError: The app stalls, or its process ended.
    """
    began = time.monotonic()
    elapsed = 0.0
    rounds: list[Round] = []
    levels: Sequence[int] = ()
    while True:
        progress(f"{runner.name}: round {len(rounds) + 1}{_time_left(pace, len(rounds), elapsed)}")
        round_began = time.monotonic()
        async with runner.start() as running:
            found = await _Observer(running, scenario).round(pace, runner.concurrent, levels)
        rounds.append(found)
        levels = levels or _levels_again(found.curve)
        took = time.monotonic() - round_began
        elapsed = time.monotonic() - began
        if pace.is_over(len(rounds), elapsed + took, settled(rounds)):
            return tuple(rounds)


def _levels_again(curve: Sequence[Point]) -> list[int]:
    """Return the concurrencies of the rounds after the first.

    The last level of a curve past its knee has only shown that the knee was before it, and takes
    half of the curve's time.
    """
    levels = [point.concurrency for point in curve]
    return levels[:-1] if _is_past_knee(curve) else levels


def _is_past_knee(curve: Sequence[Point]) -> bool:
    return is_past_knee([(point.concurrency, point.batch.rate) for point in curve])


def _time_left(pace: Pace, rounds: int, elapsed: float) -> str:
    """Return the longest remaining time, in words; empty before the first round."""
    if not rounds:
        return ""
    whole = pace.limit if pace.bounded else max(pace.limit, pace.rounds * elapsed / rounds)
    return f", at most {max(whole - elapsed, elapsed / rounds):.0f} s left for it"


@dataclass(slots=True)
class _Observer:
    """One round with one process."""

    running: Running
    scenario: Scenario
    sent: int = 0
    memory: list[tuple[int, float]] = field(default_factory=list)

    async def round(self, pace: Pace, concurrent: bool, levels: Sequence[int]) -> Round:
        order = schedule(self.scenario.shares, _ORDER)
        await self._first_pass()
        await self._send(order, seconds=pace.warm_up)
        walls = await self._second_pass()
        batches = await self._batches(walls, pace.batches)
        curve = await self._curve(order, max(walls), pace.point, levels) if concurrent else []
        arrivals = await self._arrivals(order, curve, pace.point) if concurrent else []
        return Round(
            init_ms=self.running.init_ms(),
            rest_mib=self.running.rest_mib,
            batches=batches,
            curve=tuple(curve),
            arrivals=tuple(arrivals),
            memory=tuple(self.memory),
            peak_mib=self.running.peak_mib(),
        )

    async def _first_pass(self) -> None:
        """Send each request once, in their order; an app that stalls is not measured."""
        for which, request in enumerate(self.scenario.requests):
            batch = await self._send([which])
            for _, why in batch.failures:
                raise not_answered(request, why)

    async def _second_pass(self) -> list[float]:
        """Return how long each request takes when the app is warm, in seconds."""
        walls = []
        for which in range(len(self.scenario.requests)):
            batch = await self._send([which, which])
            walls.append(max(batch.seconds / 2, 1e-5))
        return walls

    async def _batches(
        self, walls: Sequence[float], seconds: float
    ) -> tuple[tuple[int, Batch], ...]:
        """Send batches that share the time evenly, forwards and then backwards."""
        slice_ = seconds / _REPEATS / len(walls)
        found = []
        self._note_memory()
        for repeat in range(_REPEATS):
            places = list(enumerate(walls))
            for which, wall in reversed(places) if repeat % 2 else places:
                count = min(_MOST_IN_BATCH, max(1, round(slice_ / wall)))
                found.append((which, await self._send([which] * count)))
            self._note_memory()
        return tuple(found)

    async def _curve(
        self, order: list[int], slowest: float, seconds: float, levels: Sequence[int]
    ) -> list[Point]:
        """Send the mixture at rising concurrency, at these levels or until more bring nothing."""
        found: list[Point] = []
        concurrency, best = 1, 0.0
        while concurrency <= (levels[-1] if levels else _MOST_CONCURRENT):
            mean = concurrency / best if best else 0.0
            lasting = max(seconds, _ROOM * mean, 2 * slowest)
            # Opening connections costs CPU time; open them before counting.
            await self._send(order[:concurrency], concurrency)
            batch = await self._send(order, concurrency, lasting)
            found.append(Point(concurrency, batch, self.running.peak_mib()))
            best = max(best, batch.rate)
            enough = concurrency >= _LEAST_CONCURRENT
            if not levels and enough and _is_past_knee(found):
                break
            concurrency *= 2
        return found

    async def _arrivals(
        self, order: Sequence[int], curve: Sequence[Point], seconds: float
    ) -> list[tuple[float, Batch]]:
        """Send the mixture at its own times, at rates below the greatest."""
        running = cast("ConcurrentlyRunning", self.running)
        most = max(point.batch.rate for point in curve)
        found = []
        for share in _SHARES:
            rate = share * most
            lasting = max(_LONGER * seconds, _FEWEST_ARRIVALS / rate) if rate else 0.0
            times = offsets(self.scenario.gaps, rate, lasting) if rate else []
            found.append((share, await running.arrive(order, times)))
        return found

    async def _send(
        self, order: Sequence[int], concurrency: int = 1, seconds: float | None = None
    ) -> Batch:
        batch = await self.running.send(order, concurrency, seconds)
        self.sent += batch.requests
        return batch

    def _note_memory(self) -> None:
        self.memory.append((self.sent, self.running.memory_mib()))
