"""aiohttp's gunicorn worker, with a loop of its own and a clear word when the app fails.

It knows nothing of settings: the application hands it a runner.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp.worker import GunicornWebWorker
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as BaseWorker

from ferryman.core.errors import FerrymanError
from ferryman.core.lifecycle import start_failure

__all__ = ("Worker",)


class Worker(GunicornWebWorker):
    """Runs the app on one event loop, and ends with status 3 if it fails to start."""

    def init_process(self) -> None:
        """Make the loop, and go on as gunicorn does.

        aiohttp's own asks for a current loop first, which Python 3.14 refuses where
        there is none.
        """
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        BaseWorker.init_process(self)

    def run(self) -> None:
        """Serve until told to stop.

        Raises:
            SystemExit: Always; with the status that makes gunicorn stop instead of
                starting the worker again, if the app failed to start.
        """
        try:
            super().run()
        except Exception as error:
            if self.booted:
                raise
            failure = error if isinstance(error, FerrymanError) else start_failure(error)
            self.log.error("%s", failure)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
