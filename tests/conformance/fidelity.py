"""Makes the reference page on what event sources cannot carry of aiohttp's tests.

The reasons are those of the table that the tests are held to; the numbers are those of a
run, kept beside it. Run as a module, it writes the page, and with `--run` first runs the
tests behind every source.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.conformance.differences import DIFFERENCES, SOCKET, SOURCES, Difference, lost_functions
from tests.conformance.running import ROOT, Run, run_suite
from tests.conformance.suite import TOOLS, fetch_suite

__all__ = ("PAGE", "Machine", "Record", "fidelity_page", "here", "read_record")

PAGE = ROOT / "docs" / "reference" / "fidelity.md"
_RECORD = Path(__file__).with_name("results.json")

_COUNTED = ("passed", "crossed", "expected", "skipped")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the numbers of a run depend on besides the code.

    Attributes:
        aiohttp: The version of aiohttp.
        python: The minor version of Python.
        root: Whether the tests ran as root, who may read every file.
    """

    aiohttp: str
    python: str
    root: bool


@dataclass(frozen=True, slots=True)
class Record:
    """The last run behind every source.

    Attributes:
        machine: Where it was.
        runs: The outcomes, by source; `socket` is aiohttp's own server.
    """

    machine: Machine
    runs: dict[str, Run]


def here() -> Machine:
    """Return what a run would depend on in this process."""
    python = ".".join(platform.python_version_tuple()[:2])
    return Machine(aiohttp.__version__, python, os.geteuid() == 0)


def read_record() -> Record:
    """Return the last run."""
    read = json.loads(_RECORD.read_text(encoding="utf-8"))
    runs = {source: Run(**counts, failures={}) for source, counts in read["runs"].items()}
    return Record(Machine(**read["machine"]), runs)


def write_record(runs: dict[str, Run]) -> None:
    """Keep a run.

    Raises:
        ValueError: Something failed in it that must not.
    """
    for source, run in runs.items():
        if run.failures:
            raise ValueError(f"behind {source} failed {', '.join(run.failures)}")
    counts = {
        source: {name: asdict(run)[name] for name in _COUNTED} for source, run in runs.items()
    }
    kept: dict[str, Any] = {"machine": asdict(here()), "runs": counts}
    _RECORD.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def fidelity_page() -> str:
    """Return the page, as Markdown."""
    record = read_record()
    forms = [difference for difference in DIFFERENCES if not difference.size]
    sizes = [difference for difference in DIFFERENCES if difference.size]
    sections = (
        _introduction(record),
        _numbers(record),
        "## What is not carried\n",
        *(_section(difference) for difference in forms),
        "## What is too large\n",
        *(_section(difference) for difference in sizes),
    )
    return "\n".join(sections)


def count_tests(differences: Iterable[Difference], source: str) -> int:
    """Return how many tests fail behind a source for these reasons."""
    return sum(len(found.tests) for found in differences if source in found.sources)


def _introduction(record: Record) -> str:
    nowhere = record.runs[SOCKET].expected
    as_root = (
        f"\nIt ran as root, who may read every file: {nowhere} tests of files that may not be "
        "read fail\nover a socket as well, and are counted nowhere.\n"
        if nowhere
        else ""
    )
    return f"""\
<!-- Made by `python -m tests.conformance.fidelity`; do not edit. -->
# Fidelity

aiohttp's own tests are run, unedited, behind every event source. They come from aiohttp's
source distribution, of the version that is installed. Its `TestServer` is replaced by one that
turns each request of the test's client into an event, has the runtime answer that, and turns
the result into HTTP again. Event and result go through JSON, and no socket is in between.

What a source cannot carry is listed below with its reason. Each test on the list must fail, and
no other may. What each source does to a message is told in [event sources](events.md).

Taken are the tests that serve an application to a client: those of aiohttp's server, and of its
client those on cookies. Left out are WebSockets, which no source carries, and the tests that
serve nothing, which are the same wherever they run: all of `test_web_response.py` are such.

Answers are buffered in this run, but behind `function-url-streaming`: there they are streamed to
a Runtime API of the tests' own, which collects each and takes it apart as Lambda would.

## The last run

With aiohttp {record.machine.aiohttp} and Python {record.machine.python}. A test counts once for
each set of its parameters. *Through the source* are those that passed in which the source
carried at least one request. *Of these, tests* counts what is not carried and what is too large
once for each test, whatever its parameters. Skipped are those that want a library that is not
installed, of compression for the most part.
{as_root}"""


def _numbers(record: Record) -> str:
    lines = [
        "| source | passed | through the source | not carried | too large | of these, tests "
        "| skipped |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for source, run in record.runs.items():
        large = count_tests([found for found in DIFFERENCES if found.size], source)
        lost = count_tests(DIFFERENCES, source) - large
        crossed = "" if source == SOCKET else str(run.crossed)
        name = "a plain socket" if source == SOCKET else f"`{source}`"
        tests = "" if source == SOCKET else str(len(lost_functions(source)))
        cells = (name, str(run.passed), crossed, str(lost), str(large), tests, str(run.skipped))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _section(difference: Difference) -> str:
    tests = "".join(f"- `{test}`\n" for test in difference.tests)
    what = difference.what[0].upper() + difference.what[1:]
    return f"**{what}**: {difference.why}. Behind {_names(difference.sources)}:\n\n{tests}"


def _names(sources: tuple[str, ...]) -> str:
    if len(sources) == len(SOURCES):
        return "every source"
    return ", ".join(f"`{source}`" for source in sources)


def main() -> None:
    """Write the page, after a run if that is asked for."""
    if "--run" in sys.argv:
        suite = fetch_suite(TOOLS)
        write_record({source: run_suite(suite, source) for source in (SOCKET, *SOURCES)})
    PAGE.write_text(fidelity_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
