"""Writes gunicorn's log records in the format and place of all others."""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

__all__ = ("MasterLog",)


class MasterLog(Logger):  # type: ignore[misc]
    """Passes gunicorn's records to the root logger, instead of writing them."""

    def setup(self, cfg: Config) -> None:
        """Remove gunicorn's handlers."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True
