"""The application as a whole: settings, start and stop, failures."""

import asyncio
import re
import tomllib
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from postcards import __version__
from postcards.app import create_app


async def test_the_environment_names_the_wall(aiohttp_client, monkeypatch):
    monkeypatch.setenv("POSTCARDS_TITLE", "Cards & Co")
    client = await aiohttp_client(create_app())
    assert '<a href="/">Cards &amp; Co</a>' in await (await client.get("/")).text()


async def test_the_environment_sets_the_largest_body(aiohttp_client, monkeypatch):
    monkeypatch.setenv("POSTCARDS_MAX_UPLOAD", "10")
    client = await aiohttp_client(create_app())
    assert (await client.post("/echo/body", data=b"x" * 10)).status == 200
    assert (await client.post("/echo/body", data=b"x" * 11)).status == 413


@pytest.mark.parametrize(("secret", "warnings"), [("", 1), ("ours alone", 0)])
async def test_a_public_secret_is_warned_of(secret, warnings, monkeypatch, caplog):
    if secret:
        monkeypatch.setenv("POSTCARDS_SECRET", secret)
    async with TestServer(create_app()):
        assert caplog.text.count("POSTCARDS_SECRET is not set") == warnings


async def test_nothing_is_left_running_when_the_application_stops():
    before = asyncio.all_tasks()
    async with TestServer(create_app()):
        assert "sorting office" in {task.get_name() for task in asyncio.all_tasks() - before}
    assert "sorting office" not in {task.get_name() for task in asyncio.all_tasks()}


@pytest.mark.parametrize(
    "path", ["/", "/api/cards", "/nowhere", "/events", "/static/wall.css", "/failure"]
)
async def test_every_answer_names_the_version(client, path):
    assert (await client.get(path)).headers["X-Postcards-Version"] == __version__


async def test_a_file_is_kept_for_a_year_under_the_address_of_its_content(client):
    wall = await (await client.get("/")).text()
    (address,) = re.findall(r'href="(/static/wall[^"]+)"', wall)
    answer = await client.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/static/wall.css", "/static/wall.css?v=other", "/static/none.css?v=1"):
        assert "Cache-Control" not in (await client.get(other)).headers


@pytest.mark.parametrize(("path", "status"), [("/failure", 500), ("/timeout", 504)])
async def test_a_failure_is_told_without_its_details(client, path, status):
    answer = await client.get(path)
    assert answer.status == status
    assert "bicycle" not in await answer.text()


@pytest.mark.ferryman_requires("raw_query")
async def test_the_echo_shows_what_was_sent(client):
    headers = [("X-Postmark", "Lisbon"), ("X-Postmark", "Cairo, Oslo")]
    answer = await client.put("/echo/a//b?x=1&x=+&y=", data=b"abc", headers=headers)
    seen = await answer.json()
    assert seen["raw_path"] == "/echo/a//b?x=1&x=+&y="
    assert seen["query"] == [["x", "1"], ["x", " "], ["y", ""]]
    assert [part for name, part in seen["headers"] if name == "X-Postmark"] == [
        "Lisbon",
        "Cairo",
        "Oslo",
    ]
    assert seen["body"]["length"] == 3


def test_the_project_and_the_package_agree_on_the_version():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == __version__
