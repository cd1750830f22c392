"""Hooks around a snapshot, and resources that are closed before it and opened after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from aiohttp import web

import ferryman
from ferryman.core import snapshot
from ferryman.core.snapshot import (
    SnapshotHookFailed,
    prepare_for_snapshot,
    resume_from_snapshot,
)

POOL = web.AppKey("pool", list)


@pytest.fixture(autouse=True)
def no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test with nothing registered, and leave nothing behind."""
    for name in ("_before", "_after", "_open"):
        monkeypatch.setattr(snapshot, name, [])


@pytest.fixture
def said() -> list[str]:
    return []


def saying(said: list[str], what: str, asynchronous: bool) -> Callable[[], object]:
    async def say_later() -> None:
        said.append(what)

    return say_later if asynchronous else lambda: said.append(what)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_hooks_run_in_turn_and_the_ones_before_backwards(
    said: list[str], asynchronous: bool
) -> None:
    for what in ("first", "second"):
        ferryman.before_snapshot(saying(said, f"before {what}", asynchronous))
        ferryman.after_restore(saying(said, f"after {what}", asynchronous))
    await prepare_for_snapshot()
    assert said == ["before second", "before first"]
    await resume_from_snapshot()
    assert said[2:] == ["after first", "after second"]


async def test_after_hooks_run_after_every_restore(said: list[str]) -> None:
    ferryman.after_restore(saying(said, "after", False))
    await resume_from_snapshot()
    await resume_from_snapshot()
    assert said == ["after", "after"]


@pytest.mark.parametrize("register", [ferryman.before_snapshot, ferryman.after_restore])
def test_a_hook_stays_the_function_that_it_was(
    register: Callable[[Callable[[], int]], Callable[[], int]],
) -> None:
    def answer() -> int:
        return 42

    assert register(answer) is answer


def application(said: list[str]) -> web.Application:
    app = web.Application()

    def resource(name: str) -> Callable[[web.Application], AsyncIterator[None]]:
        async def hold(app: web.Application) -> AsyncIterator[None]:
            app[POOL] = [name]
            said.append(f"open {name}")
            yield
            said.append(f"close {name}")

        return hold

    app.cleanup_ctx.append(ferryman.reopened(resource("pool")))
    app.cleanup_ctx.append(resource("plain"))
    app.cleanup_ctx.append(ferryman.reopened(resource("cache")))
    return app


async def started(app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    return runner


async def test_without_a_snapshot_a_reopened_resource_is_like_any_other(said: list[str]) -> None:
    runner = await started(application(said))
    assert said == ["open pool", "open plain", "open cache"]
    await runner.cleanup()
    assert said[3:] == ["close cache", "close plain", "close pool"]


async def test_a_reopened_resource_is_closed_for_the_snapshot_and_opened_after_it(
    said: list[str],
) -> None:
    app = application(said)
    runner = await started(app)
    del said[:]
    ferryman.before_snapshot(saying(said, "before", False))
    ferryman.after_restore(saying(said, "after", False))
    await prepare_for_snapshot()
    # The app's hooks find its resources open, on both sides.
    assert said == ["before", "close cache", "close pool"]
    await resume_from_snapshot()
    assert said[3:] == ["open pool", "open cache", "after"]
    assert app[POOL] == ["cache"]
    await runner.cleanup()
    assert said[6:] == ["close cache", "close plain", "close pool"]


async def test_what_is_closed_already_is_not_closed_again_at_the_end(said: list[str]) -> None:
    runner = await started(application(said))
    await prepare_for_snapshot()
    await runner.cleanup()
    assert [said.count(f"close {name}") for name in ("pool", "plain", "cache")] == [1, 1, 1]


async def test_an_app_that_has_ended_leaves_nothing_to_reopen(said: list[str]) -> None:
    runner = await started(application(said))
    await runner.cleanup()
    del said[:]
    await prepare_for_snapshot()
    await resume_from_snapshot()
    assert said == []


def fails() -> None:
    raise LookupError("no such table")


@pytest.mark.parametrize(
    ("register", "run", "named"),
    [
        (ferryman.before_snapshot, prepare_for_snapshot, "the before_snapshot hook fails"),
        (ferryman.after_restore, resume_from_snapshot, "the after_restore hook fails"),
    ],
)
async def test_a_hook_that_raises_is_named(
    register: Callable[[Callable[[], None]], object],
    run: Callable[[], object],
    named: str,
) -> None:
    register(fails)
    with pytest.raises(SnapshotHookFailed, match=f"{named} raised LookupError") as caught:
        await run()  # type: ignore[misc]
    assert "no such table" in str(caught.value)


async def test_a_resource_that_does_not_open_again_is_named() -> None:
    openings: Iterator[bool] = iter([True, False])

    @ferryman.reopened
    async def database(app: web.Application) -> AsyncIterator[None]:
        if not next(openings):
            raise OSError("no route to the database")
        yield

    app = web.Application()
    app.cleanup_ctx.append(database)
    runner = await started(app)
    await prepare_for_snapshot()
    with pytest.raises(SnapshotHookFailed, match=r"opening .*database again raised OSError"):
        await resume_from_snapshot()
    await runner.cleanup()
