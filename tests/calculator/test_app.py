"""The application, as a client meets it; it needs no script to be of use."""

from __future__ import annotations

import gzip
import re
import time

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from ferryman.calculator import upload
from ferryman.calculator.app import create_app

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def local(aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(create_app(local=True))


@pytest.fixture
async def anywhere(aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(create_app())


async def test_the_page_is_whole_without_a_script(local: Client) -> None:
    text = await (await local.get("/?requests=40M&cpu=8&wait=52&chosen=yes&fargate=on")).text()
    assert "USD a month at 40\u00a0M requests" in text
    assert 'value="40M"' in text
    assert '<form method="get" action="./"' in text
    assert "How much memory" in text
    assert not re.search(r'name="ec2"[^>]* checked', text)


async def test_the_parts_are_those_of_the_page(local: Client) -> None:
    page = await (await local.get("/?requests=7M")).text()
    for part in ("first", "second"):
        answer = await local.get(f"/{part}?requests=7M")
        assert answer.status == 200
        assert await answer.text() in page


@pytest.mark.parametrize("path", ["/", "/first", "/second"])
async def test_a_wrong_number_is_said_and_the_form_stays(local: Client, path: str) -> None:
    answer = await local.get(f"{path}?requests=lots")
    text = await answer.text()
    assert answer.status == 400
    assert 'role="alert"' in text
    assert "Traffic: &#x27;lots&#x27; is not a number" in text
    assert ('id="controls"' in text) == (path == "/")


async def test_what_comes_from_the_address_is_escaped(local: Client) -> None:
    text = await (await local.get('/?requests="><script>alert(1)</script>')).text()
    assert "<script>alert(1)" not in text


async def test_every_answer_carries_the_policy(local: Client) -> None:
    for path in ("/", "/first", "/nowhere"):
        answer = await local.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::"])
async def test_a_name_that_is_not_this_machines_is_refused(local: Client, host: str) -> None:
    assert (await local.get("/", headers={"Host": host})).status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765"])
async def test_a_name_of_this_machine_is_answered(local: Client, host: str) -> None:
    assert (await local.get("/first", headers={"Host": host})).status == 200


async def test_served_elsewhere_it_answers_to_any_name_and_takes_no_log(anywhere: Client) -> None:
    answer = await anywhere.get("/", headers={"Host": "calculator.example"})
    assert answer.status == 200
    assert 'type="file"' not in await answer.text()
    assert (await anywhere.post("/log", data=form(b"x"))).status == 404


def combined(hours: int = 24 * 15) -> bytes:
    """Return fifteen days of nginx's log, a request each ten minutes: 4,380 a month."""
    start = 1_790_553_600 - 1_790_553_600 % 604_800
    lines = []
    for step in range(hours * 6):
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(start + step * 600))
        lines.append(f'10.0.0.1 - - [{when}] "GET / HTTP/1.1" 200 512 "-" "x"\n')
    return "".join(lines).encode()


def form(data: bytes, name: str = "access.log") -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field("log", data, filename=name)
    return made


@pytest.mark.parametrize("packed", [False, True])
async def test_a_log_sets_the_page(local: Client, packed: bool) -> None:
    log = gzip.compress(combined()) if packed else combined()
    answer = await local.post("/log?cpu=3", data=form(log), allow_redirects=False)
    assert answer.status == 303
    page = await local.get(answer.headers["Location"].removeprefix("."))
    text = await page.text()
    assert page.status == 200
    assert re.search(r'id="cpu" name="cpu" value="3"', text)
    requests = re.search(r'id="requests" name="requests" value="(\d+)"', text)
    assert requests
    assert int(requests[1]) == pytest.approx(4380, rel=0.001)
    assert "that of your log" in text
    assert "512 bytes" in text


async def test_the_log_is_gone_when_it_is_read(
    local: Client,
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await local.post("/log", data=form(combined(), "../../etc/passwd"), allow_redirects=False)
    assert list(tmp_path.iterdir()) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (form(b""), "no line tells of a request"),
        (form(b"nothing of the kind\n"), "no line tells of a request"),
        (aiohttp.FormData({"other": "x"}), "that was not a form with a file"),
    ],
    ids=["empty", "no log", "no file"],
)
async def test_a_log_that_is_none_is_said(local: Client, data: aiohttp.FormData, said: str) -> None:
    answer = await local.post("/log", data=data)
    assert answer.status == 400
    assert said in await answer.text()


async def test_a_log_beyond_the_limit_is_refused(
    local: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 10_000)
    assert (await local.post("/log", data=form(combined()))).status == 413


async def test_another_site_cannot_send_a_log(local: Client) -> None:
    headers = {"Origin": "https://evil.example"}
    assert (await local.post("/log", data=form(combined()), headers=headers)).status == 403
