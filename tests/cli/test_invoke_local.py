"""`ferryman invoke --local`: one event through a process of the local Lambda."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import os
import ferryman
from aiohttp import web

async def on_message(app, record):
    print("handling", record["messageId"])
    if record["body"] == "bad":
        raise ValueError("no such order")

async def show(request):
    if request.path == "/exit":
        os._exit(4)
    return web.json_response([request.method, str(request.rel_url), await request.text()])

app = web.Application()
app.router.add_route("*", "/{tail:.*}", show)
app[ferryman.triggers] = {"sqs": on_message}

async def fail(app):
    raise OSError("no route to the database")

broken = web.Application()
broken.on_startup.append(fail)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n')
    return tmp_path


def invoke(
    project: Path, *arguments: str, event: object = None, scratch: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ferryman", "invoke", "-C", str(project), "-t", "lambda"]
    return subprocess.run(
        [*command, *arguments],
        input=json.dumps(event),
        env=os.environ | ({"TMPDIR": str(scratch)} if scratch else {}),
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.mark.parametrize("source", ["function-url", "http-api", "rest-api", "alb"])
@pytest.mark.parametrize("local", [(), ("--local",)], ids=["here", "local"])
def test_a_request_is_made_of_options(local: tuple[str, ...], source: str, project: Path) -> None:
    options = ("--fixture", source, "--path", "/x?y=1", "--method", "PUT", "--data", "abc")
    done = invoke(project, *options, *local)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["statusCode"]) == (0, 200), done.stderr
    assert json.loads(answer["body"]) == ["PUT", "/x?y=1", "abc"]


def test_the_log_and_the_bill_go_to_standard_error(project: Path) -> None:
    scratch = project / "scratch"
    scratch.mkdir()
    done = invoke(project, "--local", "--fixture", "sqs", scratch=scratch)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"batchItemFailures": []})
    lines = done.stderr.splitlines()
    assert lines[0] == f"runs the sources in {project}"
    assert lines[1].startswith("START RequestId: ")
    assert lines[2].startswith("handling 059f36b4")
    assert re.search(r"^REPORT RequestId: .*\tMax Memory Used: \d+ MB\t", done.stderr, re.M)
    assert list(scratch.iterdir()) == []


def test_what_fails_ends_with_1(project: Path) -> None:
    record = {"messageId": "b", "body": "bad", "eventSource": "aws:sqs"}
    done = invoke(project, "--local", "-", event={"Records": [record]})
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    done = invoke(project, "--local", "--fixture", "alb", "--path", "/exit")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errorType"] == "Runtime.ExitError"
    done = invoke(project, "--local", "--fixture", "sqs", "--app", "shop:broken")
    assert done.returncode == 1
    assert "no route to the database" in done.stdout


def test_what_cannot_be_is_said(project: Path) -> None:
    assert "there is no 'sqss'" in invoke(project, "--fixture", "sqss").stderr
    done = invoke(project, "--fixture", "http-api", "--path", "/100%25")
    assert done.returncode == 2
    assert "http-api refuses GET /100%25" in done.stderr


def test_the_artifact_has_here_what_the_managed_runtime_provides(project: Path) -> None:
    arguments = ("--artifact", "--fixture", "function-url", "--path", "/x")
    done = invoke(project, *arguments, "--set", 'lambda.provided=["awslambdaric"]')
    assert done.returncode == 0, done.stderr


def test_the_first_file_of_the_artifacts_process_is_where_the_stack_says(project: Path) -> None:
    code = "import inspect, os\nfirst = os.path.dirname(inspect.stack()[-1].filename)\n"
    (project / "shop.py").write_text(f"{code}assert os.path.isdir(first), first\n{APP}")
    done = invoke(project, "--artifact", "--fixture", "function-url", "--path", "/x")
    assert done.returncode == 0, done.stderr


def test_the_artifact_is_run_where_that_is_asked_for(project: Path) -> None:
    (project / "shop.py").write_text(
        APP.replace("await request.text()]", "await request.text(), __file__]")
    )
    done = invoke(project, "--artifact", "--fixture", "function-url", "--path", "/x")
    assert done.returncode == 0, done.stderr
    assert "runs the artifact, built for this machine" in done.stderr
    method, path, _, file = json.loads(json.loads(done.stdout)["body"])
    assert (method, path) == ("GET", "/x")
    assert Path(file).parts[-2:] == ("task", "shop.py")


def test_the_sources_are_run_otherwise_and_it_says_so(project: Path) -> None:
    done = invoke(project, "--fixture", "function-url")
    assert f"runs the sources in {project}" in done.stderr
