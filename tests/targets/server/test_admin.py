"""What the operator of a server learns of it: through its admin port, and by its log."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from scripts.ports import free_port
from tests.targets.server.running import APP, Server, get, running

CHECKED = (
    APP
    + """
import ferryman, logging, pathlib

log = logging.getLogger("cards")
log.setLevel("INFO")
app["tasks"] = []

async def database(app):
    if pathlib.Path("away").exists():
        raise ConnectionError("secret")

app[ferryman.health_checks] = {"database": database}

async def whoami(request):
    return web.json_response([request.remote, request.scheme, request.host])

async def start_task(request):
    log.info("now %s", request.query["n"])
    request.app["tasks"].append(asyncio.create_task(outlive(request.query["n"])))
    return web.Response()

async def outlive(number):
    while not pathlib.Path("finish").exists():
        await asyncio.sleep(0.02)
    log.info("afterwards %s", number)

async def later(app):
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.02)

app.on_startup.append(later)
app.router.add_get("/task", start_task)
app.router.add_get("/whoami", whoami)
app.router.add_get("/cards/{number}", echo)
"""
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "go").touch()
    return tmp_path


def start(place: Path, port: int, **options: Any) -> Any:
    return running(place, CHECKED, plain=False, admin_bind=f"127.0.0.1:{port}", **options)


def is_ready(port: int) -> bool:
    return get(port, "/readyz")[0] == 200


def access_lines(server: Server) -> list[dict[str, Any]]:
    return [record for record in lines(server) if record["logger"] == "ferryman.access"]


def lines(server: Server) -> list[dict[str, Any]]:
    found = (line for line in server.log.read_text().splitlines() if line.startswith("{"))
    return [json.loads(line) for line in found]


def test_it_is_ready_after_the_app_has_started_while_its_checks_pass_until_it_ends(
    place: Path,
) -> None:
    (place / "go").unlink()
    admin = free_port()
    with start(place, admin, drain_delay=3) as server:
        time.sleep(0.5)
        assert not is_ready(admin)
        (place / "go").touch()
        server.wait_until(lambda: is_ready(admin))
        assert json.loads(get(admin, "/readyz")[1]) == {
            "status": "ready",
            "checks": {"database": "ok"},
        }
        (place / "away").touch()
        status, text = get(admin, "/readyz")
        assert (status, json.loads(text)["status"]) == (503, "failing")
        assert "secret" not in text
        assert get(admin, "/livez")[0] == 200
        (place / "away").unlink()
        server.signal(signal.SIGTERM)
        server.wait_until(lambda: not is_ready(admin), timeout=8)
        assert json.loads(get(admin, "/readyz")[1])["status"] == "draining"
        assert get(admin, "/livez")[0] == 200
        assert get(server.port, "/echo?n=1") == (200, "1")
        assert server.process.wait(15) == 0


def test_the_admin_port_is_not_the_apps_and_the_app_is_not_on_it(place: Path) -> None:
    admin = free_port()
    with start(place, admin) as server:
        server.wait_until(lambda: is_ready(admin))
        assert get(admin, "/echo?n=1")[0] == 404
        assert get(admin, "/debug/tasks")[0] == 404
        for path in ("/livez", "/readyz", "/metrics"):
            assert get(server.port, path)[0] == 404


def test_health_is_on_the_apps_port_and_tasks_are_shown_where_that_is_asked_for(
    place: Path,
) -> None:
    admin = free_port()
    options = {"health_on_app_port": True, "readiness_path": "/healthy", "debug_tasks": True}
    with start(place, admin, **options) as server:
        server.wait_until(lambda: get(server.port, "/healthy")[0] == 200)
        assert get(server.port, "/livez")[0] == 200
        assert "ferryman.monitor" in get(admin, "/debug/tasks")[1]


GUARDED = (
    CHECKED
    + """
@web.middleware
async def guard(request, handler):
    if "Authorization" not in request.headers:
        raise web.HTTPUnauthorized()
    return await handler(request)

app.middlewares.append(guard)
app.router.add_get("/{anything:.*}", echo)
"""
)


def test_health_on_the_apps_port_needs_no_password_of_the_app(place: Path) -> None:
    with running(place, GUARDED, plain=False, health_on_app_port=True, drain_delay=3) as server:
        server.wait_until(lambda: is_ready(server.port))
        assert get(server.port, "/livez")[0] == 200
        assert get(server.port, "/echo?n=1")[0] == 401
        assert get(server.port, "/echo?n=1", {"Authorization": "x"}) == (200, "1")
        (place / "away").touch()
        assert get(server.port, "/readyz")[0] == 503
        (place / "away").unlink()
        server.signal(signal.SIGTERM)
        server.wait_until(lambda: not is_ready(server.port), timeout=8)
        assert get(server.port, "/livez")[0] == 200


def samples(text: str, name: str) -> dict[str, float]:
    found = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_figures_are_those_of_all_workers_and_outlive_each_of_them(place: Path) -> None:
    admin = free_port()
    with start(place, admin, workers=2) as server:
        server.wait_until(lambda: is_ready(admin) and len(server.workers()) == 2)
        for number in range(40):
            get(server.port, f"/cards/{number}?n=1")
            get(server.port, f"/nowhere/{number}")
        # The worker that answers knows the others' figures of a second ago.
        server.wait_until(lambda: _holds(admin, 40), timeout=10)
        victim = min(server.workers())
        os.kill(victim, signal.SIGKILL)
        server.wait_until(lambda: len(server.workers() - {victim}) == 2)
        server.wait_until(lambda: _holds(admin, 40), timeout=10)
        (restarts,) = samples(get(admin, "/metrics")[1], "ferryman_worker_restarts_total").values()
        assert restarts == 1


def test_requests_in_flight_are_told_by_method_and_scheme_of_all_workers(place: Path) -> None:
    admin = free_port()
    with start(place, admin, workers=2) as server:
        server.wait_until(lambda: is_ready(admin) and len(server.workers()) == 2)
        requests = [
            b"GET /slow?for=20 HTTP/1.1",
            b"GET /slow?for=20 HTTP/1.1",
            b"POST /upload HTTP/1.1\r\nContent-Length: 9",
            b"FROB /slow?for=20 HTTP/1.1",
            b"",  # a connection that asks for nothing
        ]
        expected = {"GET": 2, "POST": 1, "_OTHER": 0}  # that one has got its 405
        found = [socket.create_connection(("127.0.0.1", server.port)) for _ in requests]
        for client, head in zip(found, requests, strict=True):
            client.sendall(head + b"\r\nHost: x\r\n\r\n" if head else b"")
        server.wait_until(lambda: _active(admin) == expected, timeout=10)
        for client in found:
            client.close()
        server.signal(signal.SIGINT)
        server.signal(signal.SIGINT)


def test_what_was_answered_and_is_not_asked_any_more_is_in_flight_0_times(place: Path) -> None:
    admin = free_port()
    with start(place, admin) as server:
        server.wait_until(lambda: is_ready(admin))
        assert get(server.port, "/echo?n=1")[0] == 200
        assert _active(admin) == {"GET": 0}


def _active(admin: int) -> dict[str, float]:
    found = samples(get(admin, "/metrics")[1], "http_server_active_requests")
    return {
        method: value
        for labels, value in found.items()
        for method in re.findall('http_request_method="(.*)",url_scheme="http"', labels)
    }


def _holds(admin: int, count: int) -> bool:
    text = get(admin, "/metrics")[1]
    name = "http_server_request_duration_seconds"
    counts = samples(text, f"{name}_count")
    get_ = 'http_request_method="GET",url_scheme="http"'
    route = f'{get_},http_route="/cards/{{number}}",http_response_status_code="200"'
    # However many paths there are that no route matches, they are one line.
    unknown = f'{{{get_},http_response_status_code="404"}}'
    assert set(counts) <= {f"{{{route}}}", unknown}
    if counts != {f"{{{route}}}": count, unknown: count}:
        return False
    assert samples(text, f"{name}_bucket")[f'{{{route},le="+Inf"}}'] == count
    return samples(text, "ferryman_workers") == {"": 2}


def test_a_request_is_one_line_with_its_route_and_no_secret(place: Path) -> None:
    admin = free_port()
    with start(place, admin, access_log=True, log_format="json") as server:
        server.wait_until(lambda: is_ready(admin))
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        answer = server.send(
            b"GET /cards/7?n=1&token=s3cret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Authorization: Bearer s3cret\r\nCookie: s=s3cret\r\nX-Request-Id: mine\r\n"
            b"traceparent: " + trace.encode() + b"\r\n\r\n"
        )
        server.wait_until(lambda: bool(access_lines(server)))
        (line,) = access_lines(server)
        assert "s3cret" not in server.log.read_text()
    assert line["route"] == "/cards/{number}"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/cards/7", 200)
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert line["client"] == "127.0.0.1"
    assert line["response_bytes"] == len(answer)
    assert 0 < line["duration"] < 5
    assert line["request_id"] not in ("", "mine")


def test_whatever_a_request_started_logs_its_id_and_no_later_ones(place: Path) -> None:
    """Two requests come at once over one connection, and their tasks end after both."""
    admin = free_port()
    ask = b"GET /task?n=%d HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n\r\n"
    with start(place, admin, access_log=True, log_format="json") as server:
        server.wait_until(lambda: is_ready(admin))
        server.send(ask % (1, b"keep-alive") + ask % (2, b"close"))
        (place / "finish").touch()
        server.wait_until(lambda: len([line for line in lines(server) if "request_id" in line]) > 5)
        records = [line for line in lines(server) if "request_id" in line]
    said = {line["message"]: line["request_id"] for line in records if line["logger"] == "cards"}
    served = [line["request_id"] for line in records if line["logger"] == "ferryman.access"]
    assert [said[f"now {n}"] for n in (1, 2)] == served
    assert [said[f"afterwards {n}"] for n in (1, 2)] == served
    assert len(set(served)) == 2


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_is_believed_only_where_it_is_trusted(place: Path, trusted: bool) -> None:
    admin = free_port()
    names = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id"]
    networks = ["127.0.0.0/8"] if trusted else ["10.0.0.0/8"]
    trust = {"trusted_proxies": networks, "proxy": names}
    headers = {
        "X-Forwarded-For": "6.6.6.6, 192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Request-Id": "from-the-proxy",
    }
    with start(place, admin, **trust, access_log=True) as server:
        server.wait_until(lambda: is_ready(admin))
        told = json.loads(get(server.port, "/whoami", headers)[1])
        server.wait_until(lambda: bool(access_lines(server)))
        (line,) = access_lines(server)
    own = f"127.0.0.1:{server.port}"
    believed = ["192.0.2.7", "https", "shop.example"]
    assert told == (believed if trusted else ["127.0.0.1", "http", own])
    assert line["client"] == told[0]
    assert (line["request_id"] == "from-the-proxy") is trusted
