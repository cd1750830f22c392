"""Starts the server that the settings of this artifact describe."""

from __future__ import annotations

import signal
import sys

from ferryman.core.errors import FerrymanError
from ferryman.core.settings import load_settings

__all__ = ("main",)


def main() -> None:
    """Run gunicorn until a signal ends it.

    Raises:
        SystemExit: Always, with gunicorn's status: 0 when it was told to stop, 3 when the
            app failed to start; 2 when the settings are wrong.
    """
    from ferryman.targets.server.runtime.application import ServerApplication

    try:
        ServerApplication(load_settings()).run()
    except FerrymanError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    # Until gunicorn handles it, Ctrl-C would show a traceback of the imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
