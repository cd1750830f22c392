"""Runs a test suite on several targets: `pytest --ferryman-target=server,lambda:alb`.

Every test that uses pytest-aiohttp's `aiohttp_client` or `aiohttp_server` runs once on each
target named, unedited. Without the option nothing is imported and nothing changes.
"""

from __future__ import annotations

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
_TARGET, _TEST = "ferryman_target", "ferryman_test"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the targets."""
    parser.getgroup("ferryman").addoption(
        "--ferryman-target",
        metavar="TARGETS",
        help="run tests of aiohttp_client and aiohttp_server on each of these targets, with "
        "commas between: server, k8s, lambda, lambda:rest-api, lambda:alb, ...",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the rest if targets are named.

    Raises:
        pytest.UsageError: There is no such target.
    """
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*names, **limits): skip on a target that lacks these capabilities, such as "
        "'websockets', or has a lower limit, such as response_limit=5_000_000",
    )
    if names := config.getoption("--ferryman-target"):
        config.pluginmanager.register(_Targets(names), "ferryman-targets")


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

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that uses a server once on each target."""
        if not _FIXTURES.isdisjoint(metafunc.fixturenames):
            metafunc.parametrize(_TARGET, list(self._targets), indirect=True)

    @pytest.fixture(autouse=True)
    def ferryman_target(self, request: pytest.FixtureRequest) -> Iterator[str | None]:
        """Make aiohttp's servers those of the target, for one test."""
        name = getattr(request, "param", None)
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
                for module in ("pytest_aiohttp.plugin", "aiohttp.pytest_plugin"):
                    if module in sys.modules:
                        patch.setattr(sys.modules[module], "TestServer", server)
            yield name
        capabilities.declare(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what came of a test on a target."""
        facts: dict[str, Any] = dict(report.user_properties)
        if _TARGET in facts and (report.when == "call" or report.outcome != "passed"):
            outcomes = self._outcomes.setdefault(facts[_TEST], {})
            if outcomes.get(facts[_TARGET]) != "failed":
                outcomes[facts[_TARGET]] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name each test that failed on some targets and passed on others."""
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


def _find(name: str) -> _Found:
    """Return a target by its name.

    Raises:
        pytest.UsageError: There is no such target.
    """
    from ferryman.core.build.target import find_target
    from ferryman.core.errors import ConfigError

    target, _, source = name.partition(":")
    try:
        offered = find_target(target).capabilities
        if target != "lambda":
            if source or target not in ("server", "k8s"):
                raise ConfigError(f"tests cannot run on '{name}'", hint="lambda:SOURCE can")
            return _Found(offered, None, frozenset())
        from ferryman.targets.lambda_.local.carrying import lacking, offered_behind
        from ferryman.targets.lambda_.local.in_process import event_server

        source = source or "function-url"
        return _Found(offered_behind(source), event_server(source), lacking(source))
    except ConfigError as error:
        parts = (error.message, error.cause, error.hint)
        text = "; ".join(part for part in parts if part)
        raise pytest.UsageError(f"--ferryman-target: {text}") from None


def _skip_what_is_lacking(
    target: str, offered: Capabilities, lacks: frozenset[str], mark: pytest.Mark
) -> None:
    from ferryman.targets.lambda_.local.carrying import CARRIED

    for name in (*mark.args, *mark.kwargs):
        if name not in CARRIED and name not in offered._fields:
            known = ", ".join([*offered._fields, *CARRIED])
            message = f"{_MARKER}: there is no capability '{name}'; there are {known}"
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
