"""SnapStart in the app: hooks around a snapshot, and resources that are reopened after it.

On a platform that takes snapshots (Lambda, with SnapStart) the runtime runs them. Elsewhere a hook
is never called, and a resource is opened once and closed once.
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
    """A hook raised, or a resource raised while it was closed or opened again."""


def before_snapshot(hook: Hook) -> Hook:
    """Register a function to call before a snapshot is taken. A decorator.

    Hooks run in the reverse order of registration, after the app has started and before resources
    are closed.

    Args:
        hook: A function without parameters; it may be async.
    """
    _before.append(hook)
    return hook


def after_restore(hook: Hook) -> Hook:
    """Register a function to call each time the process resumes from a snapshot. A decorator.

    Hooks run in the order of registration, after resources are open again.

    Args:
        hook: A function without parameters; it may be async.
    """
    _after.append(hook)
    return hook


def reopened(resource: Resource) -> Resource:
    """Close a resource of the app before a snapshot and open it again after. A decorator.

    A connection does not survive a snapshot, so use this for a connection pool in `cleanup_ctx`.
    The generator runs once each time the resource is opened.

    Args:
        resource: An async generator function, as for `cleanup_ctx`.
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
    """Run the hooks, the last one first, and close the `reopened` resources.

    Raises:
        SnapshotHookFailed: A hook or a resource raised; the others do not run.
    """
    await _run(reversed(_before), "before_snapshot")
    with _state_may_change():
        for resource in reversed(_open):
            with _told(f"closing {resource.name}"):
                await resource.close()


async def resume_from_snapshot() -> None:
    """Open the resources again, and run the hooks.

    Raises:
        SnapshotHookFailed: A hook or a resource raised; the others do not run.
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
        """Open the resource."""
        held = self._make()
        await held.__aenter__()
        self._held = held

    async def close(self) -> None:
        """Close the resource, if it is open."""
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
            hint="fix it: the function cannot start from a snapshot without it",
        ) from error


@contextmanager
def _state_may_change() -> Iterator[None]:
    """Silence aiohttp's warning when a reopened resource stores itself in the running app."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Changing state of started", DeprecationWarning)
        yield
