"""Runs a test suite on several targets: `pytest --ferryman-target=server,lambda:alb`.

Every test that uses pytest-aiohttp's `aiohttp_client` or `aiohttp_server`, makes a `TestServer`
of aiohttp or is of an `AioHTTPTestCase` runs once on each target named, unedited. One that makes a
server in a way that is not seen is counted, for it ran on none. Without the option nothing is
imported and nothing changes.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from aiohttp.test_utils import TestServer

    from ferryman.core.capabilities import Capabilities

__all__ = ("pytest_addoption", "pytest_configure")

_FIXTURES = frozenset({"aiohttp_client", "aiohttp_server"})
_MARKER = "ferryman_requires"
_TARGET, _TEST, _BARE = "ferryman_target", "ferryman_test", "ferryman_bare"

# How many tests that ran on no target are named.
_NAMED = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and find the artifact's modules first where a suite runs on one."""
    if task := os.environ.get("FERRYMAN_SUITE_ARTIFACT"):
        from ferryman.local.lambda_.artifact_suite import prefer_artifact

        prefer_artifact(task)
    group = parser.getgroup("ferryman")
    group.addoption(
        "--ferryman-artifact",
        action="store_true",
        help="build the zip for this machine, and import the app and its packages from it",
    )
    group.addoption(
        "--ferryman-target",
        metavar="TARGETS",
        help="run tests of aiohttp_client and aiohttp_server on each of these targets, with "
        "commas between: server, k8s, lambda, lambda:rest-api, lambda:alb, ...",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the rest if targets are named or an artifact is asked for.

    Raises:
        pytest.UsageError: There is no such target.
    """
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*names, **limits): skip on a target that lacks these capabilities, such as "
        "'websockets', or has a lower limit, such as response_limit=5_000_000",
    )
    if config.getoption("--ferryman-artifact") and "FERRYMAN_SUITE_ARTIFACT" not in os.environ:
        _start_on_artifact(config)
    if names := config.getoption("--ferryman-target"):
        config.pluginmanager.register(_Targets(names), "ferryman-targets")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the header line that names what the suite runs on: sources or an artifact."""
    if task := os.environ.get("FERRYMAN_SUITE_ARTIFACT"):
        return (
            f"ferryman: runs the artifact in {task}; pytest and its plugins are this environment's"
        )
    named = config.getoption("--ferryman-target")
    return (
        "ferryman: runs the sources; --ferryman-artifact runs what a build makes" if named else None
    )


def _start_on_artifact(config: pytest.Config) -> None:
    from ferryman.core.errors import FerrymanError
    from ferryman.local.lambda_.artifact_suite import start_on_artifact

    try:
        start_on_artifact(config.rootpath, config.invocation_params.args)
    except FerrymanError as error:
        raise pytest.UsageError(f"--ferryman-artifact: {error}") from None


class _Found(NamedTuple):
    """A target, as tests meet it.

    Attributes:
        offered: What it offers the app.
        server: What stands in for TestServer; None is aiohttp's own.
        lacks: What of HTTP it does not carry.
    """

    offered: Capabilities
    server: type[TestServer] | None
    lacks: frozenset[str]


class _Targets:
    """Puts each target in the way of each test, and tells where they differ.

    Args:
        names: The targets, with commas between.
    """

    def __init__(self, names: str) -> None:
        self._targets = {name: _find(name) for name in names.split(",") if name}
        self._outcomes: dict[str, dict[str, str]] = {}
        self._bare: dict[str, None] = {}
        self._target_of_case: str | None = None
        self._running: pytest.Item | None = None
        self._patch = pytest.MonkeyPatch()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that uses a server once on each target."""
        if _is_case(metafunc.cls):
            return  # unittest's cannot be parametrized
        fixtures = getattr(metafunc, "_arg2fixturedefs", {}).values()
        functions = (metafunc.function, *(one.func for found in fixtures for one in found))
        if not _FIXTURES.isdisjoint(metafunc.fixturenames) or any(map(_makes_server, functions)):
            metafunc.parametrize(_TARGET, list(self._targets), indirect=True)

    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run a test of an `AioHTTPTestCase` once on each target."""
        self._running = item
        if not _is_case(getattr(item, "cls", None)):
            return None
        from _pytest.runner import runtestprotocol

        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for number, name in enumerate(self._targets, start=1):
            self._target_of_case = name
            item.user_properties.clear()
            for made in ("_instance", "_obj"):  # unittest runs an instance once
                vars(item).pop(made, None)
            item._initrequest()  # type: ignore[attr-defined]
            # What is said to follow stays set up, and this item must not: its class may.
            following = nextitem if number == len(self._targets) else item.parent
            runtestprotocol(item, nextitem=following)  # type: ignore[arg-type]
        self._target_of_case = None
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Name the target in the report of a test that has none in its name."""
        outcome: Any = yield
        if self._target_of_case:
            outcome.get_result().nodeid = f"{item.nodeid}[{self._target_of_case}]"

    def pytest_sessionstart(self) -> None:
        """Note from now on the tests that start a server of aiohttp's own, and no target's."""
        from aiohttp import test_utils

        start = test_utils.BaseTestServer.start_server

        def noted(server: TestServer, *args: Any, **options: Any) -> Any:
            if type(server) is _own_server() and self._running:
                self._note_bare(self._running)
            return start(server, *args, **options)

        self._patch.setattr(test_utils.BaseTestServer, "start_server", noted)

    def pytest_sessionfinish(self) -> None:
        """Leave aiohttp as it was."""
        self._patch.undo()

    def _note_bare(self, item: pytest.Item) -> None:
        facts = dict(item.user_properties)
        name = facts.get(_TARGET)
        if name is None or self._targets[str(name)].server is not None:
            item.user_properties.append((_BARE, True))

    @pytest.fixture(autouse=True)
    def ferryman_target(self, request: pytest.FixtureRequest) -> Iterator[str | None]:
        """Make aiohttp's servers those of the target, for one test."""
        name = getattr(request, "param", self._target_of_case)
        if name is None:
            yield None
            return
        from ferryman.core import capabilities

        offered, server, lacks = self._targets[name]
        request.node.user_properties += [(_TARGET, name), (_TEST, _without(request.node, name))]
        for mark in request.node.iter_markers(_MARKER):
            _skip_what_is_lacking(name, offered, lacks, mark)
        before = capabilities.current()
        capabilities.declare(offered)
        with pytest.MonkeyPatch.context() as patch:
            if server is not None:
                own = _own_server()
                for module in tuple(sys.modules.values()):
                    if getattr(module, "__dict__", {}).get("TestServer") is own:
                        patch.setattr(module, "TestServer", server)
            yield name
        capabilities.declare(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of a test on a target."""
        facts: dict[str, Any] = dict(report.user_properties)
        if _BARE in facts:
            self._bare[report.nodeid] = None
        if _TARGET in facts and (report.when == "call" or report.outcome != "passed"):
            outcomes = self._outcomes.setdefault(facts[_TEST], {})
            if outcomes.get(facts[_TARGET]) != "failed":
                outcomes[facts[_TARGET]] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name each test that failed on some targets and passed on others, or ran on none."""
        self._tell_bare(terminalreporter)
        differing = {
            test: outcomes
            for test, outcomes in self._outcomes.items()
            if {"failed", "passed"} <= set(outcomes.values())
        }
        if not differing:
            return
        terminalreporter.section("targets that differ")
        for test, outcomes in differing.items():
            parts = [
                f"{outcome} on {', '.join(n for n, o in outcomes.items() if o == outcome)}"
                for outcome in ("failed", "passed", "skipped")
                if outcome in outcomes.values()
            ]
            terminalreporter.write_line(f"{test}: {'; '.join(parts)}")
        failed = {
            n for outcomes in differing.values() for n, o in outcomes.items() if o == "failed"
        }
        for name in sorted(failed):
            if lacks := self._targets[name].lacks:
                terminalreporter.write_line(f"{name} lacks {', '.join(sorted(lacks))}")
        terminalreporter.write_line(
            f"@pytest.mark.{_MARKER}(NAME) skips a test where NAME is lacking"
        )

    def _tell_bare(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._bare:
            return
        terminalreporter.section("tests that ran on no target")
        for test in [*self._bare][:_NAMED]:
            terminalreporter.write_line(test)
        if more := len(self._bare) - _NAMED if len(self._bare) > _NAMED else 0:
            terminalreporter.write_line(f"and {more} more")
        terminalreporter.write_line(
            f"{len(self._bare)} started a TestServer of aiohttp where it is not seen: use "
            "aiohttp_client, or make the TestServer in the test or in a fixture of its own"
        )


def _own_server() -> type[TestServer]:
    """Return aiohttp's own server, whatever stands in for it."""
    from ferryman.local.lambda_.event_server import EventServer

    own: type[TestServer] = EventServer.__bases__[0]
    return own


def _is_case(cls: type | None) -> bool:
    """Return whether a class is a test case of aiohttp's."""
    module = sys.modules.get("aiohttp.test_utils")
    return bool(cls and module and issubclass(cls, module.AioHTTPTestCase))


def _makes_server(function: Any) -> bool:
    """Return whether a function itself names aiohttp's `TestServer`, or the module that has it."""
    function = inspect.unwrap(function)
    code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    module = sys.modules.get("aiohttp.test_utils")
    if code is None or module is None:
        return False
    wanted = (module, module.TestServer)
    return "TestServer" in code.co_names or any(names.get(n) in wanted for n in code.co_names)


def _find(name: str) -> _Found:
    """Return a target by its name.

    Raises:
        pytest.UsageError: There is no such target.
    """
    from ferryman.core.errors import ConfigError
    from ferryman.targets.registry import find_target, runs_like

    target, _, source = name.partition(":")
    try:
        found = find_target(target)
        if runs_like(found) != "lambda":
            if source:
                raise ConfigError(f"tests cannot run on '{name}'", hint="lambda:SOURCE can")
            return _Found(found.capabilities, None, frozenset())
        from ferryman.local.lambda_.event_server import event_server
        from ferryman.local.lambda_.event_source_capabilities import lacking, offered_behind

        source = source or "function-url"
        return _Found(offered_behind(source), event_server(source), lacking(source))
    except ConfigError as error:
        parts = (error.message, error.cause, error.hint)
        text = "; ".join(part for part in parts if part)
        raise pytest.UsageError(f"--ferryman-target: {text}") from None


def _skip_what_is_lacking(
    target: str, offered: Capabilities, lacks: frozenset[str], mark: pytest.Mark
) -> None:
    from ferryman.local.lambda_.event_source_capabilities import NAMES

    for name in (*mark.args, *mark.kwargs):
        if name not in NAMES and name not in offered._fields:
            known = ", ".join([*offered._fields, *NAMES])
            message = f"{_MARKER}: unknown capability '{name}'; the capabilities are {known}"
            pytest.fail(message, pytrace=False)
    for name in mark.args:
        if name in lacks or not getattr(offered, name, True):
            pytest.skip(f"{target} does not offer {name}")
    for name, wanted in mark.kwargs.items():
        limit = getattr(offered, name)
        if limit is not None and limit < wanted:
            pytest.skip(f"{target} has a {name} of {limit}")


def _without(item: pytest.Item, target: str) -> str:
    """Return a test's id without that of the target."""
    path, _, parameters = item.nodeid.removesuffix("]").partition("[")
    pattern = rf"(^|-){re.escape(target)}(-|$)"
    rest = re.sub(pattern, lambda found: found[1] and found[2], parameters, count=1)
    return f"{path}[{rest}]" if rest else path
