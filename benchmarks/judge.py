"""How often the judge of `ferryman migrate` calls a healthy side worse, and how soon a bad one.

    python -m benchmarks.judge [--migrations 20000]

Simulates migrations through the real judge: five steps of 4,000 answers each, a look after
every 20. The seed is fixed, so every run prints the same numbers.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy

from ferryman.core.judge import FAILURES, SLOW, Evidence, Stream

STEPS = (0.01, 0.05, 0.25, 0.50, 0.95)
LOOKS, ANSWERS_A_LOOK = 200, 20
BATCH = 500


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated.

    Attributes:
        name: How the table calls it.
        old: The old side's rate of bad answers.
        new: The new side's.
        stream: What kind of bad answer it is.
        outages: Whether outages hit both sides, at 30 times the rate for a tenth of the time.
        burst: How many bad answers a client makes of one fault by repeating.
        by_client: Whether those are counted once.
        steps: The new side's weights, one after the other.
    """

    name: str
    old: float
    new: float
    stream: Stream = FAILURES
    outages: bool = False
    burst: int = 1
    by_client: bool = False
    steps: tuple[float, ...] = STEPS


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one migration ended.

    Attributes:
        alarmed: Whether the judge called the new side worse.
        bad: Bad answers of the new side until then.
        answers: Answers of the new side until then.
    """

    alarmed: bool
    bad: int
    answers: int


HEALTHY = (
    *(Scenario(f"equal rates of {rate:.2%}", rate, rate) for rate in (0, 1e-4, 1e-3, 1e-2, 5e-2)),
    Scenario("equal rates of 0.10%, outages on both", 1e-3, 1e-3, outages=True),
    Scenario("0.10%, bursts of 3, counted once a client", 1e-3, 1e-3, burst=3, by_client=True),
    Scenario("0.10%, bursts of 3, each counted", 1e-3, 1e-3, burst=3),
    Scenario("slow: 5%, as is the old side's", 5e-2, 5e-2, SLOW),
    Scenario("slow: 7.5%, the most that is tolerated", 5e-2, 7.5e-2, SLOW),
)

ILL = (
    *(
        Scenario(f"{old:.2%} to {new:.0%}, at {step:.0%}", old, new, steps=(step,))
        for old, new in ((0, 0.05), (0.001, 0.05), (0.01, 0.05))
        for step in STEPS[:4]
    ),
    # Lognormal times whose logarithm deviates by a half: what is above the old 95th percentile.
    Scenario("slow: 5% to 20% (1.5 times as slow), at 5%", 5e-2, 0.2, SLOW, steps=(0.05,)),
    Scenario("slow: 5% to 40% (twice as slow), at 5%", 5e-2, 0.4, SLOW, steps=(0.05,)),
)


def simulate(scenario: Scenario, migrations: int, seed: int) -> list[Outcome]:
    """Run one batch of migrations of a scenario and return how each ended."""
    generator = numpy.random.default_rng(seed)
    return [_migrate(scenario, generator) for _ in range(migrations)]


def _migrate(scenario: Scenario, generator: numpy.random.Generator) -> Outcome:
    answers = bad = 0
    for new_answers, bad_new, bad_old, evidence in looks(scenario, generator):
        answers, bad = answers + new_answers, bad + bad_new
        if bad_new + bad_old and evidence.log >= -math.log(scenario.stream.alpha):
            return Outcome(True, bad, answers)
    return Outcome(False, bad, answers)


def looks(
    scenario: Scenario, generator: numpy.random.Generator
) -> Iterator[tuple[int, int, int, Evidence]]:
    """Yield each look: answers of the new side, its bad ones, the old side's, the evidence."""
    share = numpy.repeat(scenario.steps, LOOKS)
    answers = generator.binomial(ANSWERS_A_LOOK, share)
    outage = scenario.outages & (generator.random(len(share)) < 0.1)
    factor = numpy.where(outage, 30, 1)
    bad_new = generator.binomial(answers, numpy.minimum(scenario.new * factor, 1))
    bad_old = generator.binomial(ANSWERS_A_LOOK - answers, numpy.minimum(scenario.old * factor, 1))
    times = 1 if scenario.by_client else scenario.burst
    evidence = Evidence()
    for of_new, new, old in zip(
        answers.tolist(), (bad_new * times).tolist(), (bad_old * times).tolist(), strict=True
    ):
        evidence = evidence.weighed(scenario.stream, old, new, of_new / ANSWERS_A_LOOK)
        yield of_new, new, old, evidence


def simulate_many(scenario: Scenario, migrations: int) -> list[Outcome]:
    """Run many migrations of a scenario, on all cores."""
    sizes = [BATCH] * (migrations // BATCH) + [migrations % BATCH]
    with ProcessPoolExecutor() as pool:
        found = pool.map(partial(simulate, scenario), sizes, range(len(sizes)))
        return [outcome for batch in found for outcome in batch]


def false_alarms(migrations: int) -> Iterator[str]:
    """Yield a line for each healthy scenario: how many of its migrations went back."""
    for scenario in HEALTHY:
        outcomes = simulate_many(scenario, migrations)
        rate = sum(outcome.alarmed for outcome in outcomes) / len(outcomes)
        yield f"{scenario.name:45} {rate:7.2%}"


def detections(migrations: int) -> Iterator[str]:
    """Yield a line for each ill scenario: how many were found, and after how much harm."""
    for scenario in ILL:
        outcomes = simulate_many(scenario, migrations)
        found = [outcome for outcome in outcomes if outcome.alarmed]
        bad = sorted(outcome.bad for outcome in found)
        answers = statistics.median(outcome.answers for outcome in found)
        yield (
            f"{scenario.name:45} {len(found) / len(outcomes):7.2%}"
            f"  bad answers: median {statistics.median(bad):.0f},"
            f" 99th percentile {bad[int(0.99 * (len(bad) - 1))]}; answers {answers:.0f}"
        )


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--migrations", type=int, default=20_000)
    options = parser.parse_args()
    print(f"{options.migrations:,} migrations each; went back although healthy, or as healthy:")
    for line in false_alarms(options.migrations):
        print(line, flush=True)
    print("found, and after how many bad answers of the new side:")
    for line in detections(options.migrations // 10):
        print(line, flush=True)


if __name__ == "__main__":
    main()
