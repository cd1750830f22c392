"""What gunicorn is told, and what is refused before it is told anything."""

from __future__ import annotations

import pytest

from ferryman.core.errors import ConfigError
from ferryman.core.serving import (
    GRACEFUL_TIMEOUT,
    KEEP_ALIVE,
    LOAD_BALANCER_IDLE_TIMEOUT,
    TERMINATION_GRACE,
)
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.application import ServerApplication, gunicorn_options


def settings(**options: object) -> RuntimeSettings:
    return RuntimeSettings("shop:app", "shop", "1", "server", options)


def test_by_default_it_listens_on_loopback_alone() -> None:
    assert gunicorn_options(settings())["bind"] == "127.0.0.1:8000"


def test_gunicorn_takes_every_option() -> None:
    config = ServerApplication(settings(bind="127.0.0.1:1", workers=3)).cfg
    assert config.bind == ["127.0.0.1:1"]
    assert config.workers == 3
    assert config.proc_name == "shop"
    assert config.graceful_timeout == GRACEFUL_TIMEOUT
    assert config.control_socket_disable is True
    assert config.preload_app is False


@pytest.mark.parametrize("workers", [0, -1, "2", None, 1.5])
def test_workers_that_make_no_sense_are_refused(workers: object) -> None:
    with pytest.raises(ConfigError, match="workers"):
        gunicorn_options(settings(workers=workers))


def test_an_idle_connection_outlasts_the_load_balancers() -> None:
    assert KEEP_ALIVE > LOAD_BALANCER_IDLE_TIMEOUT


def test_the_pod_is_not_killed_before_its_requests_are_done() -> None:
    assert TERMINATION_GRACE > GRACEFUL_TIMEOUT
