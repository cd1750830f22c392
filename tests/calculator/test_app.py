"""The application, as a client meets it; it needs no script to be of use."""

from __future__ import annotations

import gzip
import re
import time
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from tests.records.test_measurement import measurement

from ferryman.calculator import upload
from ferryman.calculator.app import create_app
from ferryman.records.measurement_file import to_json

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
    assert "Lambda memory" in text
    assert "<td>the wait and the memory</td><td>79.6 ms a request" in text  # to three digits
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
    assert (await anywhere.post("/file", data=form(b"x"))).status == 404


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
    made.add_field("file", data, filename=name)
    return made


@pytest.mark.parametrize("packed", [False, True])
async def test_a_log_sets_the_page(local: Client, packed: bool) -> None:
    log = gzip.compress(combined()) if packed else combined()
    answer = await local.post("/file?cpu=3", data=form(log), allow_redirects=False)
    assert answer.status == 303
    page = await local.get(answer.headers["Location"].removeprefix("."))
    text = await page.text()
    assert page.status == 200
    assert re.search(r'id="cpu" name="cpu" value="3"', text)
    requests = re.search(r'id="requests" name="requests" value="(\d+)"', text)
    assert requests
    assert int(requests[1]) == pytest.approx(4380, rel=0.001)
    assert "from your log" in text
    assert "512 bytes" in text


async def test_the_log_is_gone_when_it_is_read(
    local: Client,
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await local.post("/file", data=form(combined(), "../../etc/passwd"), allow_redirects=False)
    assert list(tmp_path.iterdir()) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (form(b""), "no line is a request"),
        (form(b"nothing of the kind\n"), "no line is a request"),
        (aiohttp.FormData({"other": "x"}), "that was not a form with a file"),
    ],
    ids=["empty", "no log", "no file"],
)
async def test_a_log_that_is_none_is_said(local: Client, data: aiohttp.FormData, said: str) -> None:
    answer = await local.post("/file", data=data)
    assert answer.status == 400
    assert said in await answer.text()


async def test_a_log_beyond_the_limit_is_refused(
    local: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 10_000)
    assert (await local.post("/file", data=form(combined()))).status == 413


async def test_another_site_cannot_send_a_log(local: Client) -> None:
    headers = {"Origin": "https://evil.example"}
    assert (await local.post("/file", data=form(combined()), headers=headers)).status == 403


def measured(*doubts: str) -> aiohttp.FormData:
    """Return the form with a file of `ferryman measure`, forced where there are doubts."""
    file = to_json(replace(measurement(), app="shop.web:app", doubts=doubts)).encode()
    return form(file, "ferryman-measure.json")


async def test_a_measurement_sets_the_page(local: Client) -> None:
    answer = await local.post("/file?requests=7M&memory=1769", data=measured())
    text = await answer.text()
    assert answer.status == 200
    assert re.search(r'id="cpu" name="cpu" value="10"', text)
    # 40 ms on a whole vCPU, half of one for rounding up, less the CPU time.
    assert re.search(r'id="wait" name="wait" value="30.5"', text)
    assert 'name="resident_mib" value="55"' in text
    assert "at 7\u00a0M requests" in text
    assert "Doubtful" not in text


@pytest.mark.parametrize("page", ["/file", "/portfolio/measured"])
async def test_a_figure_that_was_forced_is_doubted_in_the_headline(
    local: Client, page: str
) -> None:
    answer = await local.post(page, data=measured("the <machine> was busy"))
    text = await answer.text()
    assert answer.status == 200
    assert re.search(r"<h1>Doubtful \((shop )?measured with --force\)", text)
    assert re.search(r"<title>Doubtful \((shop )?measured with --force\)", text)
    assert "the &lt;machine&gt; was busy</p>" in text
    # The doubt is in the address, and so goes along with it.
    part = await local.get(f"{page.rpartition('/')[0]}/first?{answer.url.raw_query_string}")
    assert "<h1>Doubtful (" in await part.text()


async def test_a_measurement_that_is_none_is_said_without_the_place_it_was_kept_in(
    local: Client,
) -> None:
    answer = await local.post("/portfolio/measured", data=form(b"{}", "shop.json"))
    assert answer.status == 400
    text = await answer.text()
    assert "<h1>shop.json is not a measurement" in text
    answer = await local.post("/file", data=form(b'{"schema": 99}', "shop.json"))
    assert "<h1>shop.json: schema: it is 99" in await answer.text()


APPS = "name1=shop&requests1=100/s&wall_ms1=120ms&cpu_ms1=8&response_bytes1=20KB&name7=mail"


async def test_the_page_of_several_applications_is_whole_without_a_script(local: Client) -> None:
    text = await (await local.get(f"/portfolio/?{APPS}&region=eu-west-1")).text()
    assert 'name="requests1" value="262.8M"' in text
    assert 'name="response_bytes1" value="20480"' in text
    assert 'name="name2" value="mail"' in text
    assert '<option value="eu-west-1" selected>' in text
    for part in ("first", "second"):
        answer = await local.get(f"/portfolio/{part}?{APPS}&region=eu-west-1")
        assert await answer.text() in text


async def test_applications_come_and_go(local: Client) -> None:
    added = await local.get(f"/portfolio/?{APPS}&add=one")
    assert added.url.query["name3"] == "app3"
    assert "add" not in added.url.query
    removed = await local.get(f"/portfolio/?{added.url.raw_query_string}&remove=1")
    assert [removed.url.query.get(f"name{n}") for n in (1, 2, 3)] == ["mail", "app3", None]
    assert removed.status == 200
    last = await local.get("/portfolio/?name1=mail&remove=1")
    assert last.url.query["name1"] == "mail"


async def test_a_measured_application_takes_the_place_of_its_namesake(local: Client) -> None:
    answer = await local.post(f"/portfolio/measured?{APPS}", data=measured())
    query = answer.url.query
    assert (query["name1"], query["requests1"]) == ("shop", "262.8M")
    assert query["cpu_ms1"] == "10"
    assert "name3" not in query
    other = await local.post("/portfolio/measured?name1=mail", data=measured())
    assert other.url.query["name2"] == "shop"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("name1=a&requests1=lots", "a: requests: &#x27;lots&#x27; is not a number"),
        ("name1=a&name2=a", "two applications are called &#x27;a&#x27;"),
        ("name1=a&cpu_ms1=500", "500 ms of CPU do not fit"),
        ("region=mars", "there is no &#x27;mars&#x27;"),
        ("&".join(f"name{n}=a{n}" for n in range(31)), "at most 30 applications"),
        ("name1=a&requests1=lots&add=one", "is not a number"),
    ],
)
async def test_what_cannot_be_priced_together_is_said(local: Client, query: str, said: str) -> None:
    answer = await local.get(f"/portfolio/?{query}")
    text = await answer.text()
    assert answer.status == 400
    assert said in text
    assert 'id="controls"' in text


async def test_a_name_is_escaped_wherever_it_stands(local: Client) -> None:
    text = await (await local.get("/portfolio/?name1=%3Cb%3Ex%3C/b%3E")).text()
    assert "&lt;b&gt;x" in text
    assert "<b>x" not in text


async def test_served_elsewhere_no_measurement_is_taken(anywhere: Client) -> None:
    assert 'type="file"' not in await (await anywhere.get("/portfolio/")).text()
    assert (await anywhere.post("/portfolio/measured", data=measured())).status == 404
