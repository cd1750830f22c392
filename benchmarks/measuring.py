"""The throughput that `ferryman measure` finds, beside the one that wrk finds.

Both are sent to the same app, whose request burns a millisecond of CPU time, and both count
requests for each second of CPU time that the app's processes spend: so other work on the machine
hardly counts. They take turns, and the medians are printed.

Run it with `make bench-measure`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
from pathlib import Path

from tests.measure.conftest import figures_of, resolved, subject

from ferryman.local.process_usage import cpu_seconds
from ferryman.measure.request import Request
from ferryman.measure.server_runner import ServerRunner
from ferryman.project.project import Project

PATH = "/work?burn=1"


async def measured(project: Project, scratch: Path) -> float:
    """Return the requests a CPU second that ferryman finds."""
    found = await figures_of(project, scratch, "server", PATH)
    assert found.capacity is not None
    return found.capacity.value


async def counted_by_wrk(project: Project, scratch: Path) -> float:
    """Return the requests a CPU second that wrk gets answered in two seconds."""
    runner = ServerRunner(project, [Request("GET", "/work")], scratch)
    async with runner.start() as running:
        before = cpu_seconds(running.pid)
        process = await asyncio.create_subprocess_exec(
            *("wrk", "-t1", "-c16", "-d2", f"http://127.0.0.1:{running.port}{PATH}"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        spent = cpu_seconds(running.pid) - before
    answered = re.search(rb"(\d+) requests in", out)
    assert answered
    assert b"Non-2xx" not in out
    return int(answered[1]) / spent


async def main(turns: int) -> None:
    """Let both take turns, and print what each found."""
    ours, theirs = [], []
    for turn in range(turns):
        with tempfile.TemporaryDirectory(prefix="measuring-") as directory:
            project = resolved(subject(Path(directory)))
            ours.append(await measured(project, Path(directory)))
            theirs.append(await counted_by_wrk(project, Path(directory)))
        found = f"ferryman {ours[-1]:.0f}, wrk {theirs[-1]:.0f} requests a CPU second"
        print(f"turn {turn + 1}: {found}")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    print(f"ratio: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    asyncio.run(main(parser.parse_args().turns))
