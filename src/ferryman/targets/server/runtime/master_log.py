"""gunicorn's own log, in the same shape and place as every other record."""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

__all__ = ("MasterLog",)


class MasterLog(Logger):  # type: ignore[misc]
    """Hands gunicorn's records on, in place of writing them itself."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's own handlers away again."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True
