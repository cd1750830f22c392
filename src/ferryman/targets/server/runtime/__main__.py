"""Starts the server with the settings of this artifact."""

from __future__ import annotations

import signal
import sys

from ferryman.core.errors import FerrymanError
from ferryman.core.settings import load_settings

__all__ = ("main",)


def main() -> None:
    """Run gunicorn until a signal ends it.

    Raises:
        SystemExit: Always, with gunicorn's status: 0 after a signal to stop, 3 if the app failed to
            start, 2 if the settings are wrong.
    """
    from ferryman.targets.server.runtime.application import ServerApplication

    try:
        ServerApplication(load_settings()).run()
    except FerrymanError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    # Before gunicorn handles Ctrl-C, it would show a traceback of the imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
