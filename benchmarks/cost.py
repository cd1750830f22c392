"""How fast the cost model answers: on the command line, and over many workloads at once.

    python benchmarks/cost.py

Prints medians. The command line is measured against ``python -c pass`` in the same run, run
by run in turn, so that a busy machine slows both; the CPU time of each is beside its wall time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

RUNS = 15
FERRYMAN = str(Path(sys.executable).with_name("ferryman"))
DEFAULT = (FERRYMAN, "cost", "-C", "/")
FULL = (*DEFAULT, "--all", "--pairs", "--draws", "10000")
REPORT_FILE = str(Path(tempfile.gettempdir()) / "ferryman-bench-report.html")
REPORT = (*DEFAULT, "--all", "--shape", "consumer", "--html", REPORT_FILE)

BATCH, BATCHES = 10_000, 20


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def command(arguments: Sequence[str]) -> tuple[float, float]:
    """Return how long a command takes: wall time and CPU time, in seconds."""
    before = os.times()
    wall = seconds(lambda: subprocess.run(arguments, capture_output=True, check=True))
    after = os.times()
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system


def on_the_command_line() -> dict[str, dict[str, float]]:
    """Return the medians of an empty Python, the usual answer and a full one, in ms."""
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "import numpy": (sys.executable, "-c", "import numpy"),
        "ferryman cost": DEFAULT,
        "ferryman cost --all --pairs, 10,000 draws": FULL,
        "ferryman cost --all --html": REPORT,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for arguments in commands.values():
        command(arguments)
    for _ in range(RUNS):
        for name, arguments in commands.items():
            times[name].append(command(arguments))
    return {
        name: {
            kind: round(statistics.median(run[place] for run in found) * 1000, 1)
            for place, kind in enumerate(("wall", "cpu"))
        }
        for name, found in times.items()
    }


def evaluations_a_second() -> float:
    """Return workloads times platforms per second on one core, with new charges each time."""
    import numpy

    from ferryman.cost import Workload, load_book
    from ferryman.cost.platforms.catalog import ALL, make_platforms
    from ferryman.cost.ranges import RANGED
    from ferryman.cost.vector import costs_of
    from ferryman.cost.workload import Inputs

    generator = numpy.random.default_rng(1)
    work = Workload.of(requests=1, wall_ms=100, cpu_ms=10)
    # What a hybrid sends on is found for one workload at a time.
    platforms = make_platforms(name for name in ALL if not name.endswith("+lambda"))
    book = load_book()

    def batch() -> None:
        inputs = {name: float(getattr(work, name)) for name in RANGED}
        inputs["wall_ms"] = generator.uniform(50, 200, BATCH)
        inputs["cpu_ms"] = generator.uniform(1, 40, BATCH)
        inputs["response_bytes"] = generator.uniform(0, 50_000, BATCH)
        requests = generator.uniform(0, 10**8, BATCH)
        for platform in platforms:
            costs_of(platform, Inputs(**inputs), book).at(requests)

    batch()
    taken = statistics.median(seconds(batch) for _ in range(BATCHES))
    return round(BATCH * len(platforms) / taken)


def exact() -> dict[str, float]:
    """Return how long exact bills, curves and crossovers take in a running Python, in ms."""
    from ferryman.cost import Choices, Workload, compare, load_book
    from ferryman.cost.platforms.catalog import ALL, USUAL, make_platforms
    from ferryman.cost.portfolio import App, find_portfolio

    sizes = Choices(every_size=True)

    def question() -> Workload:
        # Another value each time: what was asked a moment ago is remembered.
        return Workload.of(requests=Decimal(10**7), wall_ms=100, cpu_ms=10)

    def hybrid() -> None:
        compare(question(), make_platforms(("lambda-url", "ec2+lambda"), sizes))

    def portfolio() -> None:
        find_portfolio(
            [App(f"app {number}", question()) for number in range(20)], sizes, load_book()
        )

    compare(question(), make_platforms(ALL))
    return {
        name: round(statistics.median(seconds(call) for _ in range(5)) * 1000, 1)
        for name, call in (
            ("four platforms", lambda: compare(question(), make_platforms(USUAL))),
            (
                "one of each, every pair",
                lambda: compare(question(), make_platforms(ALL), pairs="all"),
            ),
            ("a function, and servers with it behind them", hybrid),
            ("a portfolio of twenty", portfolio),
        )
    }


def main() -> None:
    """Measure, and print the figures as JSON."""
    found = {
        "command line, ms": on_the_command_line(),
        "exact comparison, ms": exact(),
        "evaluations a second": evaluations_a_second(),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
