"""Checks, before anything starts, for the packages that a run on this machine needs."""

from __future__ import annotations

from importlib.util import find_spec

from ferryman.core.errors import ConfigError

__all__ = ("need_gunicorn", "need_lambda_client", "need_watchfiles")


def need_gunicorn() -> None:
    """Check that gunicorn is installed, which the server needs.

    Raises:
        ConfigError: gunicorn is not installed.
    """
    _need("gunicorn", "server")


def need_lambda_client() -> None:
    """Check that awslambdaric is installed, which the Lambda runtime needs.

    Raises:
        ConfigError: awslambdaric is not installed.
    """
    _need("awslambdaric", "lambda")


def need_watchfiles() -> None:
    """Check that watchfiles is installed, which `ferryman dev` needs.

    Raises:
        ConfigError: watchfiles is not installed.
    """
    _need("watchfiles", "dev")


def _need(module: str, extra: str) -> None:
    if find_spec(module) is None:
        raise ConfigError(f"{module} is not installed", hint=f"pip install 'ferryman[{extra}]'")
