"""Sends each request of a scenario once before anything is measured.

A measurement takes minutes, but this finds a mistyped path or an unavailable database in a second.
It does not know how an app is started, or what its figures mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ferryman.core.errors import FerrymanError
from ferryman.local.lambda_.app_log import TITLE
from ferryman.measure.request import Request, Scenario
from ferryman.measure.runner import Runner
from ferryman.records.wording import counted

__all__ = ("try_requests",)

_SHOWN = 5
"""Failing requests that an error names; an app that is down fails all of them."""

_MEANT = (
    "fix the app or the scenario; `status = 404` in a [[request]] marks this status as expected;"
    " --force measures anyway"
)


async def try_requests(runners: Iterable[Runner], scenario: Scenario) -> None:
    """Start the app on each target, send each request once, and stop the app.

    Args:
        runners: One for each target.
        scenario: The requests, in the order in which they are sent.

    Raises:
        AppError: The app does not start.
        FerrymanError: A request is not answered, or its status is 400 or above and not the
            expected one.
    """
    for runner in runners:
        async with runner.start() as running:
            failing = []
            for which, request in enumerate(scenario.requests):
                batch = await running.send([which])
                for _, why in batch.failures:
                    raise not_answered(request, why)
                failing += [
                    f"{request}: {sample.status}"
                    for sample in batch.samples
                    if not _is_expected(request, sample.status)
                ]
            if failing:
                raise _refused(runner.name, failing, scenario, running.errors())


def not_answered(request: Request, why: str) -> FerrymanError:
    """Return the error for a request without an answer.

    Args:
        request: The request.
        why: What was seen instead.
    """
    return FerrymanError(
        f"{request} is not answered",
        cause=why,
        hint="--patience waits longer; leave the request out to measure the others",
    )


def _is_expected(request: Request, status: int) -> bool:
    return status == request.status if request.status is not None else status < 400


def _refused(
    name: str, failing: Sequence[str], scenario: Scenario, logged: Sequence[str]
) -> FerrymanError:
    shown = [*failing[:_SHOWN]]
    if len(failing) > _SHOWN:
        shown.append(f"and {len(failing) - _SHOWN} more")
    verb = "fails" if len(failing) == 1 else "fail"
    count = f"{len(failing)} of {counted(len(scenario.requests), 'request')} {verb}"
    return FerrymanError(
        f"{name}: {count if len(scenario.requests) > 1 else 'the request fails'},"
        " and nothing was measured",
        cause="\n".join(("\n  ".join(shown), *map(_traceback, logged[:1]))),
        hint=_MEANT,
    )


def _traceback(entry: str) -> str:
    """Return an entry of a log from its traceback on."""
    return entry[max(entry.find(TITLE), 0) :]
