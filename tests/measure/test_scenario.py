"""What is sent: read from what users have, and to this machine alone."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ferryman.core.errors import ConfigError
from ferryman.measure.request import Request, schedule
from ferryman.measure.scenario import read_access, read_recorded, read_table

COMBINED = '10.0.0.1 - - [05/Jan/2026:00:00:00 +0000] "{} HTTP/1.1" 200 12 "-" "curl"\n'


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def har(path: Path, *urls: str) -> Path:
    entries: list[dict[str, Any]] = [
        {
            "request": {"method": "GET", "url": url, "headers": []},
            "response": {"status": 200},
        }
        for url in urls
    ]
    return write(path, json.dumps({"log": {"entries": entries}}))


def test_a_table_has_weights(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.toml",
        '[[request]]\ntarget = "/a"\nweight = 3\n'
        '[[request]]\nmethod = "POST"\ntarget = "/b"\nbody = "x"\nheaders = [["A", "b"]]\n',
    )
    found = read_table(path)
    assert found.requests == (
        Request("GET", "/a", weight=3.0),
        Request("POST", "/b", (("A", "b"),), b"x"),
    )
    assert found.shares == (0.75, 0.25)


def test_a_table_may_be_json(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", json.dumps({"request": [{"target": "/a"}]}))
    assert read_table(path).requests == (Request("GET", "/a"),)


def test_the_parity_table_of_the_example_is_a_scenario(repository: Path) -> None:
    found = read_table(repository / "examples" / "postcards" / "requests.toml")
    assert len(found.requests) > 50
    assert sum(found.shares) == pytest.approx(1)


def test_requests_that_are_alike_are_sent_as_one(tmp_path: Path) -> None:
    path = har(tmp_path / "t.har", *["http://localhost:8000/a"] * 3, "http://127.0.0.1/b")
    found = read_recorded(path)
    assert [(each.target, each.weight) for each in found.requests] == [("/a", 3), ("/b", 1)]


@pytest.mark.parametrize(
    "url", ["https://example.com/a", "http://10.0.0.1/", "http://[fe80::1]/", "http://0.0.0.0/"]
)
def test_another_machine_is_refused(tmp_path: Path, url: str) -> None:
    table = write(tmp_path / "t.toml", f'[[request]]\ntarget = "{url}"\n')
    with pytest.raises(ConfigError, match=re.escape(f"{url!r} is not on this machine")):
        read_table(table)
    with pytest.raises(ConfigError, match="is not on this machine"):
        read_recorded(har(tmp_path / "t.har", "http://localhost/", url))


def test_the_app_s_own_name_stands_for_this_machine(tmp_path: Path) -> None:
    path = har(tmp_path / "t.har", "https://shop.example/a?b=%2F")
    assert read_recorded(path, ["shop.example"]).requests[0].target == "/a?b=%2F"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('target = "/a"\nweight = 0', "the weight 0 is not above 0"),
        ('target = "/a"\nweight = "x"', "could not convert"),
        ('target = "/a"\nwieght = 2', "unknown key 'wieght'"),
        ('method = "GET"', "it has no target"),
        ('target = "/a\\r\\nX: y"', "cannot be sent"),
        ('target = "/a b"', "cannot be sent"),
        ('target = "/a"\nheaders = [["A", "b\\nC: d"]]', "cannot be sent"),
        ('target = "/a"\nbody_base64 = "!"', "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path / "t.toml", f"[[request]]\n{row}\n")
    with pytest.raises(ConfigError) as caught:
        read_table(path)
    assert message in f"{caught.value.message} {caught.value.cause}"


@pytest.mark.parametrize("text", ["", "request = 3", "[[", "request = []", "request = [1]"])
def test_a_file_that_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"t\.toml"):
        read_table(write(tmp_path / "t.toml", text))


def test_an_access_log_says_what_is_asked_for_and_how_often(tmp_path: Path) -> None:
    lines = [COMBINED.format("GET /a?x=1"), COMBINED.format("POST /a")]
    lines += [COMBINED.format("GET /b")] * 3 + ['{"method": "GET", "path": "/b"}\n', "noise\n"]
    found = read_access(write(tmp_path / "access.log", "".join(lines)))
    assert [(each.target, each.weight) for each in found.requests] == [("/b", 4), ("/a?x=1", 1)]
    assert "no request was found in 1 line" in found.notes
    assert any("1 of 6 requests left out" in note for note in found.notes)


def test_an_access_log_says_how_each_was_answered(tmp_path: Path) -> None:
    lines = [COMBINED.format("GET /a"), COMBINED.format("GET /gone").replace(" 200 ", " 404 ")]
    lines += [
        '{"method": "GET", "path": "/b", "status": 401}\n',
        '{"method": "GET", "path": "/c"}\n',
    ]
    found = read_access(write(tmp_path / "access.log", "".join(lines)))
    assert {each.target: each.status for each in found.requests} == {
        **{"/a": 200, "/gone": 404, "/b": 401},
        "/c": None,
    }


def test_an_access_log_may_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(COMBINED.format("GET /a").encode()))
    assert read_access(path).requests[0].target == "/a"


def test_a_packed_log_that_ends_half_way(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(COMBINED.format("GET /a").encode() * 100)[:-20])
    with pytest.raises(ConfigError, match="cannot be read as an access log"):
        read_access(path)


@pytest.mark.parametrize("text", ["", "nothing\n" * 3, COMBINED.format("POST /a")])
def test_a_log_that_tells_of_no_request_that_can_be_sent(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="no request that can be sent again"):
        read_access(write(tmp_path / "access.log", text))


def test_every_stretch_of_the_order_is_like_the_whole() -> None:
    shares = (0.5, 0.3, 0.2)
    order = schedule(shares, 1000)
    for start in range(0, 1000, 100):
        part = order[start : start + 100]
        for which, share in enumerate(shares):
            assert part.count(which) == pytest.approx(100 * share, abs=1)
