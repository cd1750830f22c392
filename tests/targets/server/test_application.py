"""What gunicorn is told, and what is refused before it is told anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Timing
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.options import ServerOptions, deployed, local
from ferryman.targets.server.runtime.application import ServerApplication
from ferryman.targets.server.runtime.cgroup import available_workers
from ferryman.targets.server.runtime.gunicorn_options import refuse_gunicorn_options, unheeded
from ferryman.targets.server.runtime.options import ServerSettings


def settings(**options: object) -> RuntimeSettings:
    return RuntimeSettings("shop:app", "shop", "1", "server", options)


def test_gunicorn_takes_every_option() -> None:
    config = ServerApplication(settings(bind="127.0.0.1:1", workers=3, worker_timeout=7)).cfg
    assert config.bind == ["127.0.0.1:1"]
    assert config.workers == 3
    assert config.timeout == 7
    assert config.proc_name == "shop"
    assert config.control_socket_disable is True
    assert config.preload_app is False


def test_by_default_one_worker_listens_on_loopback_alone() -> None:
    config = ServerApplication(settings()).cfg
    assert config.bind == ["127.0.0.1:8000"]
    assert config.workers == 1


def test_workers_can_be_left_to_the_cpus() -> None:
    assert ServerApplication(settings(workers=0)).cfg.workers == available_workers()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"workers": -1}, "workers"),
        ({"workers": "2"}, "workers"),
        ({"workers": True}, "workers"),
        ({"workers": None}, "workers"),
        ({"workrs": 2}, "did you mean workers"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"readiness_path": "readyz"}, "start it with /"),
        ({"liveness_path": "/a b"}, "needs no escaping"),
        ({"liveness_path": "/{x}"}, "needs no escaping"),
        ({"liveness_path": "/readyz"}, "are not three paths"),
        ({"readiness_path": "/metrics"}, "are not three paths"),
        ({"bind": "everywhere"}, "write HOST:PORT"),
        ({"bind": "127.0.0.1:http"}, "write HOST:PORT"),
        ({"bind": "127.0.0.1:65536"}, "write HOST:PORT"),
        ({"bind": "::1:8000"}, "such as [::1]:8000"),
        ({"bind": "unix:app.sock"}, "write HOST:PORT"),
        ({"admin_bind": "unix:/run/admin.sock"}, "health checks come by TCP"),
        ({"log_format": "xml"}, "auto, json or text"),
        ({"trusted_proxies": ["10.0.0.1/8"], "proxy": "nginx"}, "host bits"),
        ({"trusted_proxies": ["10.0.0.0/8"]}, "proxy"),
        ({"proxy": "nginx"}, "trusted_proxies"),
        ({"socket_mode": "999"}, "octal digits"),
        ({"socket_mode": "rw"}, "octal digits"),
        ({"socket_mode": 660}, "socket_mode"),
        ({"max_connections": 10_000_000}, "raise the limit"),
        ({"keep_alive": 60}, "a 502"),
        ({"certificate": "a.pem"}, "set both"),
        ({"certificate": "a.pem", "private_key": "b.pem"}, "cannot be used"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ServerApplication(settings(**options))
    assert says in str(refused.value)


def test_a_key_with_a_password_is_refused_and_nobody_asked_for_it(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    issued.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    names = {key: str(tmp_path / f"{key}.pem") for key in ("chain", "key")}
    with pytest.raises(ConfigError, match="private_key is encrypted"):
        ServerApplication(settings(certificate=names["chain"], private_key=names["key"]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--workers 4", "--workers is workers"),
        ("--forwarded-allow-ips=*", "--forwarded-allow-ips is trusted_proxies"),
        ("--bind '127.0.0.1:80", "--bind is bind"),
        ("--limit-request-line 50 --threads 2", "here --threads would do nothing"),
    ],
)
def test_gunicorns_own_configuration_is_refused_by_name(arguments: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_gunicorn_options({"GUNICORN_CMD_ARGS": arguments})
    assert says in str(refused.value)


def test_without_gunicorns_own_configuration_nothing_is_refused() -> None:
    refuse_gunicorn_options({"GUNICORN_CMD_ARGS": " ", "WEB_CONCURRENCY": "2"})


def test_what_platforms_set_for_gunicorn_is_said_to_have_no_effect(tmp_path: Path) -> None:
    assert list(unheeded({"FORWARDED_ALLOW_IPS": ""}, tmp_path)) == []
    (tmp_path / "gunicorn.conf.py").touch()
    environment = {"FORWARDED_ALLOW_IPS": "*", "WEB_CONCURRENCY": "4"}
    said = list(unheeded(environment, tmp_path))
    assert [text.partition(" has no effect here: it")[0] for text in said] == [
        *("FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "gunicorn.conf.py"),
    ]


def test_what_is_refused_is_named_by_settings_that_exist() -> None:
    from ferryman.targets.server.runtime import gunicorn_options

    named = {*gunicorn_options._OURS.values(), *gunicorn_options._VARIABLES.values()}
    assert named <= set(ServerOptions.model_fields)


def test_every_setting_of_the_runtime_can_be_set_in_the_project() -> None:
    runtime = set(ServerSettings.__slots__)
    assert runtime == set(ServerOptions.model_fields) - {"base_image", "deploy", "image", "systemd"}


def test_a_container_listens_to_all_and_a_machine_to_itself() -> None:
    inside = ServerSettings.read(deployed(ServerOptions()))
    assert (inside.bind, inside.admin_bind) == ("0.0.0.0:8000", "0.0.0.0:8001")
    assert (inside.workers, inside.drain_delay) == (1, 5)
    machine = ServerSettings.read(deployed(ServerOptions(), contained=False))
    assert (machine.bind, machine.admin_bind) == ("127.0.0.1:8000", "127.0.0.1:8001")
    assert (machine.workers, machine.drain_delay) == (0, 5)


def test_here_nobody_waits_for_a_drain() -> None:
    here = ServerSettings.read(local(ServerOptions(), "127.0.0.1:1"))
    assert (here.bind, here.admin_bind, here.drain_delay) == ("127.0.0.1:1", None, 0)


def test_an_idle_connection_outlasts_the_load_balancers() -> None:
    with pytest.raises(ConfigError, match="keep_alive is 2 s"):
        Timing(keep_alive=2).check()
    alone = Timing(keep_alive=2, load_balancer_idle_timeout=0)
    assert alone.check() == alone


def test_the_server_is_not_killed_before_its_requests_are_done() -> None:
    timing = Timing(drain_delay=5, graceful_timeout=30, pre_stop_delay=5)
    assert timing.shutdown == 47
    assert timing.check(termination_grace=timing.termination_grace) == timing
    with pytest.raises(ConfigError, match="killed after 30 s and may need 52 s"):
        timing.check(termination_grace=30)


def test_a_port_that_is_taken_is_said_by_its_setting(tmp_path: Path, unused_tcp_port: int) -> None:
    import socket

    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        taken = ServerApplication(settings(admin_bind=f"127.0.0.1:{unused_tcp_port}"))
        with pytest.raises(ConfigError, match="admin_bind"):
            taken.run()


def test_ctrl_c_while_the_modules_load_shows_no_traceback(tmp_path: Path) -> None:
    """An import that takes long stands for those of a slow machine."""
    (tmp_path / "gunicorn.py").write_text(
        f"import time\nopen({str(tmp_path / 'loading')!r}, 'w').close()\ntime.sleep(60)\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", "ferryman.targets.server.runtime"],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
    )
    try:
        while not (tmp_path / "loading").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, said) == (-signal.SIGINT, b"")
