"""Starts the app, passes one event to its handler, and stops it: one process for each event.

`python -m ferryman.core.one_event NAME` calls the app's handler for `schedule`, in an artifact. It
is for schedulers outside AWS, such as a CronJob.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from ferryman.core.app_settings import provide_settings
from ferryman.core.capabilities import PLAIN_SERVER, declare
from ferryman.core.context import RequestContext, current_context
from ferryman.core.errors import FerrymanError
from ferryman.core.lifecycle import start_app
from ferryman.core.loader import AppSource, run_with_app
from ferryman.core.logs import configure
from ferryman.core.serving import GRACEFUL_TIMEOUT
from ferryman.core.settings import load_settings
from ferryman.core.triggers import deliver

__all__ = ("handle_once", "main", "scheduled_event")

_TASK_BUDGET = 5.0
"""Seconds that the tasks of a handler get to finish before the app stops."""

_log = logging.getLogger("ferryman.schedule")


async def handle_once(event: object, source: AppSource) -> Any:
    """Start an app, pass an event to its handler, stop the app, and return the answer.

    Args:
        event: The event, as parsed JSON.
        source: The application, or its factory.

    Raises:
        AppError: The app could not be loaded, or failed to start.
        TriggerFailed: The handler raised.
        UnknownEvent, MalformedEvent: The app has no handler for the event.
    """
    runner = await start_app(source, shutdown_timeout=GRACEFUL_TIMEOUT)
    try:
        resident = asyncio.all_tasks()
        current_context.set(RequestContext(str(uuid4()), cold_start=True))
        answer = await deliver(runner.app, event)
        if started := asyncio.all_tasks() - resident:
            # On a server the tasks would go on; this process ends.
            await asyncio.wait(started, timeout=_TASK_BUDGET)
        return answer
    finally:
        await runner.cleanup()


def scheduled_event(name: str, time: datetime) -> dict[str, Any]:
    """Return the event of a schedule, in EventBridge's format.

    Args:
        name: The schedule's name, which is the only one of the event's resources.
        time: The scheduled time, in UTC.
    """
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "",
        "resources": [name],
        "detail": {},
    }


def main(name: str) -> None:
    """Call the `schedule` handler of the app in this artifact.

    Args:
        name: The schedule's name.

    Raises:
        SystemExit: Always: with 0 if the event was handled, 1 if the handler failed or was stopped,
            2 for wrong settings, 3 if the app failed to start.
    """
    # Process 1 of a container ignores signals that it does not handle, and a shell makes its
    # background jobs ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        settings = load_settings()
        options = {"log_format": "auto", "log_level": "INFO", **settings.options}
        configure(str(options["log_format"]), str(options["log_level"]))
        provide_settings(settings.settings, os.environ)
        declare(PLAIN_SERVER._replace(target=settings.target))
        event = scheduled_event(name, datetime.now(UTC))
        run_with_app(settings.app, partial(handle_once, event))
    except FerrymanError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(f"error: the schedule {name} was told to stop before it was handled")
    _log.info("the schedule %s was handled", name)
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
