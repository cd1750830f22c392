"""aiohttp's own tests, behind event sources.

Three sources stand for the formats, one of them streaming; `CONFORMANCE=all` in the
environment runs them all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conformance.differences import (
    SOCKET,
    SOURCES,
    STREAMING,
    expected_failures,
    lost_functions,
)
from tests.conformance.fidelity import PAGE, fidelity_page, here, read_record
from tests.conformance.running import Run, run_suite
from tests.conformance.suite import TOOLS, fetch_suite

from ferryman.local.gateway.all_gateways import GATEWAYS

ALL = os.environ.get("CONFORMANCE") == "all"
CHOSEN = (SOCKET, *SOURCES) if ALL else ("function-url-streaming", "rest-api", "alb")

MOST = 25


@pytest.fixture(scope="module")
def suite() -> Path:
    return fetch_suite(TOOLS)


@pytest.mark.parametrize("source", CHOSEN)
def test_all_pass_but_those_that_a_source_cannot_carry(suite: Path, source: str) -> None:
    run = run_suite(suite, source)
    assert run.failures == {}
    assert run.expected == len(expected_failures(source))
    if source != SOCKET:
        assert run.crossed > 0.95 * run.passed
    check_record(source, run)


def check_record(source: str, run: Run) -> None:
    """Hold the numbers of the reference page to a run, where they can be compared."""
    record = read_record()
    if record.machine == here():
        assert run == record.runs[source], "run `python -m tests.conformance.fidelity --run`"


@pytest.mark.parametrize("source", SOURCES)
def test_no_source_has_a_long_list(source: str) -> None:
    assert len(lost_functions(source)) <= MOST


def test_every_source_is_held_to_the_suite() -> None:
    assert {source.removesuffix(STREAMING) for source in SOURCES} == set(GATEWAYS)
    assert set(read_record().runs) == {SOCKET, *SOURCES}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == fidelity_page()
