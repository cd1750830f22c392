"""SnapStart in the app: hooks around a snapshot, and resources that reopen.

A platform that takes snapshots (Lambda, with SnapStart) runs them; it is a runtime's
affair when. Elsewhere a hook is never called, and a resource is opened once and closed once.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial, wraps
from typing import TypeAlias, TypeVar

from aiohttp import web

from ferryman.core.errors import AppError
from ferryman.core.tracebacks import user_traceback

__all__ = (
    "SnapshotHookFailed",
    "after_restore",
    "before_snapshot",
    "prepare_for_snapshot",
    "reopened",
    "resume_from_snapshot",
)

Hook = TypeVar("Hook", bound=Callable[[], object])
Resource: TypeAlias = Callable[[web.Application], AsyncIterator[None]]

_before: list[Callable[[], object]] = []
_after: list[Callable[[], object]] = []
_open: list[_ReopenedResource] = []


class SnapshotHookFailed(AppError):
    """A hook raised, or a resource did while it was closed or opened again."""


def before_snapshot(hook: Hook) -> Hook:
    """Have a function called before a snapshot is taken. A decorator.

    Hooks run in the reverse order of their registration, the app being started, and before
    resources are closed.

    Args:
        hook: A function without parameters; it may be async.
    """
    _before.append(hook)
    return hook


def after_restore(hook: Hook) -> Hook:
    """Have a function called each time the process resumes from a snapshot. A decorator.

    Hooks run in the order of their registration, resources being open again.

    Args:
        hook: A function without parameters; it may be async.
    """
    _after.append(hook)
    return hook


def reopened(resource: Resource) -> Resource:
    """Have a resource of the app closed before a snapshot and opened after it. A decorator.

    A connection does not live through a snapshot, so a pool that is one of `cleanup_ctx`
    wants this. Its generator runs once for each time that it is opened.

    Args:
        resource: A generator as `cleanup_ctx` takes it.
    """

    @wraps(resource)
    async def kept(app: web.Application) -> AsyncIterator[None]:
        name = getattr(resource, "__qualname__", repr(resource))
        held = _ReopenedResource(name, partial(asynccontextmanager(resource), app))
        await held.open()
        _open.append(held)
        try:
            yield
        finally:
            _open.remove(held)
            await held.close()

    return kept


async def prepare_for_snapshot() -> None:
    """Run the hooks, the last one first, and close the resources that want it.

    Raises:
        SnapshotHookFailed: One of them raised; the others are left.
    """
    await _run(reversed(_before), "before_snapshot")
    with _state_may_change():
        for resource in reversed(_open):
            with _told(f"closing {resource.name}"):
                await resource.close()


async def resume_from_snapshot() -> None:
    """Open the resources again, and run the hooks.

    Raises:
        SnapshotHookFailed: One of them raised; the others are left.
    """
    with _state_may_change():
        for resource in _open:
            with _told(f"opening {resource.name} again"):
                await resource.open()
    await _run(_after, "after_restore")


class _ReopenedResource:
    """One resource of an app, which can be opened more than once."""

    def __init__(self, name: str, make: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self.name = name
        self._make = make
        self._held: AbstractAsyncContextManager[None] | None = None

    async def open(self) -> None:
        """Open it."""
        held = self._make()
        await held.__aenter__()
        self._held = held

    async def close(self) -> None:
        """Close it, if it is open."""
        held, self._held = self._held, None
        if held is not None:
            await held.__aexit__(None, None, None)


async def _run(hooks: Iterable[Callable[[], object]], kind: str) -> None:
    for hook in hooks:
        name = getattr(hook, "__qualname__", repr(hook))
        with _told(f"the {kind} hook {name}"):
            result = hook()
            if inspect.isawaitable(result):
                await result


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Name what raised."""
    try:
        yield
    except Exception as error:
        raise SnapshotHookFailed(
            f"{what} raised {type(error).__name__}",
            cause=user_traceback(error),
            hint="mend it: the function cannot start from a snapshot without it",
        ) from error


@contextmanager
def _state_may_change() -> Iterator[None]:
    """Let a resource put itself into the app, which aiohttp advises against once it runs."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Changing state of started", DeprecationWarning)
        yield
