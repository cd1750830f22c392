"""`ferryman invoke`: one event, in and out, as a shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ferryman.cli.invoke import FIXTURES

APP = """
import asyncio
import sys
import ferryman
from aiohttp import web
from pathlib import Path

print("the app is imported")
tasks = set()


async def on_message(app, record):
    print("handling", record["messageId"], ferryman.capabilities().target)
    if record["body"] == "bad":
        raise ValueError("no such order")


async def write_later():
    await asyncio.sleep(0.01)
    Path("written").write_text("later")


async def on_object(app, record):
    tasks.add(asyncio.create_task(write_later()))


async def on_note(app, record):
    raise ValueError("no such topic")


async def resource(app):
    yield
    print("the app is stopped")


async def answer(request):
    return web.Response(text="hello")


app = web.Application()
app.router.add_get("/", answer)
app.cleanup_ctx.append(resource)
app[ferryman.triggers] = {"sqs": on_message, "s3": on_object, "sns": on_note}


async def fail(app):
    raise OSError("no route to the database")


broken = web.Application()
broken.on_startup.append(fail)
"""
TARGETS = ("server", "lambda")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n')
    return tmp_path


def invoke(
    project: Path, *arguments: str, event: object = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", "invoke", "-C", str(project), *arguments],
        cwd=cwd or project,
        input=event if isinstance(event, str) else json.dumps(event),
        capture_output=True,
        text=True,
        timeout=30,
    )


def message(id: str, body: str) -> dict[str, str]:
    return {"messageId": id, "body": body, "eventSource": "aws:sqs"}


@pytest.mark.parametrize("target", TARGETS)
def test_the_answer_is_all_that_standard_output_holds(target: str, project: Path) -> None:
    done = invoke(project, "-t", target, "--fixture", "sqs")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"batchItemFailures": []})
    said = done.stderr.splitlines()
    assert said[0] == f"runs the sources in {project}"
    assert (said[1], said[-1]) == ("the app is imported", "the app is stopped")
    assert said[2].startswith("handling 059f36b4")
    assert said[2].endswith(target)


@pytest.mark.parametrize("target", TARGETS)
def test_failed_records_are_named_and_the_status_is_1(target: str, project: Path) -> None:
    event = {"Records": [message("a", "good"), message("b", "bad"), message("c", "good")]}
    done = invoke(project, "-t", target, "-", event=event)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert "ValueError: no such order" in done.stderr
    assert 'shop.py", line' in done.stderr


def test_the_event_is_read_from_where_the_command_is_run(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "event.json").write_text(json.dumps({"Records": [message("a", "good")]}))
    done = invoke(project, "-t", "server", "event.json", cwd=elsewhere)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"batchItemFailures": []})


@pytest.mark.parametrize("target", TARGETS)
def test_tasks_of_a_handler_finish_before_the_app_is_stopped(target: str, project: Path) -> None:
    done = invoke(project, "-t", target, "--fixture", "s3")
    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    assert (project / "written").read_text() == "later"


def test_a_ping_is_answered_by_lambda(project: Path) -> None:
    done = invoke(project, "-t", "lambda", "--fixture", "warm-up")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ferryman": "warm"})


def test_lambda_takes_http_requests_as_well_and_never_streams_them(project: Path) -> None:
    event = {"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}
    arguments = ("-t", "lambda", "--set", "lambda.streaming=true", "-")
    done = invoke(project, *arguments, event=event)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["statusCode"], answer["body"]) == (0, 200, "hello")


@pytest.mark.parametrize(
    ("arguments", "event", "status", "said"),
    [
        (("-t", "server"), None, 2, "no event is given"),
        (("-t", "server", "-", "--fixture", "sqs"), None, 2, "two events are given"),
        (
            ("-t", "lambda", "--fixture", "sqs", "--path", "/x"),
            None,
            2,
            "have no effect on an event",
        ),
        (("-t", "server", "-"), "{", 2, "standard input is not JSON"),
        (("-t", "server", "-"), "[" * 200_000, 2, "standard input is not JSON"),
        (("-t", "server", "none.json"), None, 2, "none.json cannot be read"),
        (("/cards",), None, 2, "hint: an HTTP request is sent by `--fixture http-api --path"),
        (("-t", "server", "--fixture", "sqss"), None, 2, "invalid value for '--fixture'"),
        (("-t", "server", "--fixture", "rest-api"), None, 2, "this event is an HTTP request in"),
        (("-t", "server", "-"), {}, 1, "this event is neither an HTTP request nor"),
        (("-t", "lambda", "-"), [], 1, "this event is neither an HTTP request nor"),
        (("-t", "server", "--fixture", "kinesis"), None, 1, "the application has no handler"),
        (("-t", "server", "--fixture", "sns"), None, 1, "the handler of 'sns' raised ValueError"),
        (("-t", "lambda", "--fixture", "sns"), None, 1, "the handler of 'sns' raised ValueError"),
        (("-t", "server", "--fixture", "s3", "--app", "no:app"), None, 3, "no module 'no'"),
        (("-t", "server", "--fixture", "s3", "--app", "shop:broken"), None, 3, "raised OSError"),
        (("-t", "lambda", "--fixture", "s3", "--app", "shop:broken"), None, 3, "raised OSError"),
    ],
)
def test_what_is_wrong_has_its_status_and_no_traceback_of_ours(
    project: Path, arguments: tuple[str, ...], event: object, status: int, said: str
) -> None:
    done = invoke(project, *arguments, event=event)
    assert (done.returncode, done.stdout) == (status, "")
    assert f"error: {said}" in done.stderr or said in done.stderr
    assert "ferryman/" not in done.stderr


def test_there_is_a_sample_for_every_kind() -> None:
    from ferryman.core.event_kinds import KINDS

    assert {*KINDS, "sqs-fifo", "warm-up"} == set(FIXTURES)
