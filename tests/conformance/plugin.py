"""A pytest plugin for the run of aiohttp's tests: it puts an event source in their way.

It runs in a process of its own, with aiohttp's fixtures and without ours. A test that is
known to fail must fail; the outcome of each test is written to a file.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from aiohttp import test_utils
from tests.conformance.differences import SOCKET, STREAMING, expected_failures
from tests.conformance.server import EventServer

from ferryman.local.gateway.all_gateways import GATEWAYS

_SERVED = frozenset({"aiohttp_client", "aiohttp_server"})
# One file is about the client. What it says of cookies is about both ends.
_OF_CLIENT = "test_client_functional.py"

_results = pytest.StashKey["Results"]()
_requests_before = pytest.StashKey[int]()


class Results:
    """The outcomes so far."""

    def __init__(self) -> None:
        self.counts = Counter(passed=0, crossed=0, expected=0, skipped=0)
        self.failures: dict[str, str] = {}

    def add(self, name: str, report: pytest.TestReport, crossed: bool) -> None:
        """Add the report of one phase of a test.

        Args:
            name: The test.
            report: Its report.
            crossed: Whether the application was sent a request.
        """
        if report.failed:
            self.failures[name] = str(report.longrepr)
        elif hasattr(report, "wasxfail"):
            self.counts["expected"] += 1
        elif report.skipped:
            self.counts["skipped"] += 1
        elif report.when == "call":
            self.counts["passed"] += 1
            self.counts["crossed"] += crossed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--source", default=SOCKET, help="the event source, or a plain socket")
    parser.addoption("--results", type=Path, help="the file that the results are written to")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before aiohttp's conftest is loaded, and with it the fixtures that make servers.
    source = early_config.known_args_namespace.source
    if source != SOCKET:
        EventServer.gateway = GATEWAYS[source.removesuffix(STREAMING)]
        EventServer.streaming = source.endswith(STREAMING)
        test_utils.TestServer = EventServer  # type: ignore[misc]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_results] = Results()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if is_served(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept
    failures = expected_failures(config.getoption("source"))
    for item in items:
        reason = failures.pop(name_of(item), None)
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    if failures:
        raise pytest.UsageError(f"there are no such tests: {', '.join(failures)}")


def is_served(item: pytest.Item) -> bool:
    """Return whether a test serves an application to a client."""
    if item.path.name == _OF_CLIENT and "cookie" not in item.name:
        return False
    return not _SERVED.isdisjoint(getattr(item, "fixturenames", ()))


def name_of(item: pytest.Item) -> str:
    """Return a test's file, name and parameters, without that of the event loop."""
    name = re.sub(r"\[pyloop\]|(?<=\[)pyloop-|-pyloop(?=[]-])", "", item.name)
    return f"{item.path.name}::{name}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "setup":
        item.stash[_requests_before] = EventServer.requests
    crossed = EventServer.requests > item.stash[_requests_before]
    item.config.stash[_results].add(name_of(item), report, crossed)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    results = session.config.stash[_results]
    path = session.config.getoption("results")
    if path is not None:
        path.write_text(json.dumps({**results.counts, "failures": results.failures}))
