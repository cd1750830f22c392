"""Apps that cannot be measured, or not believed: what the user is told, on both targets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from tests.measure.conftest import BRISK, figures_of, resolved, rounds_of, subject

from ferryman.core.errors import AppError, ConfigError, FerrymanError
from ferryman.measure.estimates import summarize
from ferryman.measure.measuring import RUNNERS
from ferryman.measure.reliability import doubts_of, notes_of, refusals
from ferryman.measure.request import Request, Scenario
from ferryman.measure.rounds import observe
from ferryman.measure.routes import find_routes
from ferryman.project.project import Project

both_targets = pytest.mark.parametrize("target", ["server", "lambda"])


@both_targets
async def test_answers_of_500_are_counted_and_doubted(
    project: Project, tmp_path: Path, target: str
) -> None:
    found = await figures_of(project, tmp_path, target, "/work", "/fail")
    good, bad = found.routes
    assert (good.cost.errors, bad.cost.errors) == (0, bad.cost.requests)
    doubts = [doubt for doubt in doubts_of(target, found) if "/fail" in doubt]
    assert doubts == [
        f"{target}: GET /fail failed {bad.cost.requests:,} times of {bad.cost.requests:,}:"
        " the figures are those of its failure"
    ]


@both_targets
async def test_a_failure_that_is_expected_is_none(
    project: Project, tmp_path: Path, target: str
) -> None:
    scenario = Scenario("test", (Request("GET", "/fail", status=503),))
    runner = RUNNERS[target](project, scenario.requests, tmp_path, 10.0)
    rounds = await observe(runner, scenario, BRISK, lambda _: None, lambda _: True)
    assert summarize(rounds, scenario).total.errors == 0


@both_targets
async def test_a_path_that_is_not_there_is_doubted(
    project: Project, tmp_path: Path, target: str
) -> None:
    """A 404 costs next to nothing: a mistyped path would make any app look cheap."""
    requests = Request("GET", "/work"), Request("GET", "/wrok"), Request("GET", "/no", status=404)
    scenario = Scenario("test", requests)
    runner = RUNNERS[target](project, requests, tmp_path, 10.0)
    rounds = await observe(runner, scenario, BRISK, lambda _: None, lambda _: True)
    (doubt,) = refusals(target, rounds, scenario)
    assert doubt.startswith(f"{target}: GET /wrok was answered with status 404, ")
    assert "`status = 404`" in doubt


def test_an_app_without_a_route_to_guess_says_what_it_has() -> None:
    app = web.Application()
    with pytest.raises(ConfigError) as caught:
        find_routes(app)
    assert caught.value.cause == "it has no routes at all"
    app.router.add_post("/orders", respond)
    app.router.add_get("/orders/{id}", respond)
    with pytest.raises(ConfigError) as caught:
        find_routes(app)
    assert caught.value.cause == "it has POST /orders, GET /orders/{id}"
    assert "[[request]]" in (caught.value.hint or "")


async def respond(request: web.Request) -> web.Response:
    return web.Response()


@both_targets
async def test_a_request_that_stalls_is_named(
    project: Project, tmp_path: Path, target: str
) -> None:
    requests = (Request("GET", "/work"), Request("GET", "/stall"))
    runner = RUNNERS[target](project, requests, tmp_path, 1.0)
    scenario = Scenario("test", requests)
    with pytest.raises(FerrymanError, match="GET /stall is not answered") as caught:
        await observe(runner, scenario, BRISK, lambda _: None, lambda _: True)
    assert caught.value.cause
    assert "--patience" in str(caught.value.hint)


@both_targets
async def test_an_app_whose_database_is_not_there(tmp_path: Path, target: str) -> None:
    project = resolved(subject(tmp_path, "create_broken_app"))
    with pytest.raises(AppError) as caught:
        await figures_of(project, tmp_path, target, "/work")
    assert caught.value.exit_code == 3
    assert "there is no database at 127.0.0.1:5432" in str(caught.value)


@both_targets
async def test_a_process_that_ends_in_a_request_is_told_of(
    project: Project, tmp_path: Path, target: str
) -> None:
    with pytest.raises(FerrymanError, match="/end is not answered"):
        await figures_of(project, tmp_path, target, "/end")


@both_targets
async def test_a_leak_is_noted(project: Project, tmp_path: Path, target: str) -> None:
    pace = replace(BRISK, batches=1.0)
    rounds, scenario = await rounds_of(project, tmp_path, target, "/work?leak=512", pace=pace)
    notes = list(notes_of(target, summarize(rounds, scenario), rounds))
    assert any("did not level off: the app may leak" in note for note in notes), notes


async def test_an_app_that_does_not_leak_is_not_said_to(project: Project, tmp_path: Path) -> None:
    rounds, scenario = await rounds_of(project, tmp_path, "server", "/work?size=100000")
    notes = list(notes_of("server", summarize(rounds, scenario), rounds))
    assert not any("leak" in note for note in notes), notes


async def test_a_pool_that_is_the_limit_is_named(project: Project, tmp_path: Path) -> None:
    rounds, scenario = await rounds_of(project, tmp_path, "server", "/narrow")
    found = summarize(rounds, scenario)
    assert found.capacity is not None
    assert 100 < found.capacity.value < 210
    assert any("a pool, a lock or another service" in x for x in notes_of("server", found, rounds))
