"""`ferryman check` without arguments, as a shell and a pipeline see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

APP = """
from aiohttp import web

ORDERS = []

async def order(request):
    ORDERS.append(request.path)
    return web.json_response(len(ORDERS))

async def chat(request):
    return web.WebSocketResponse()

def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    app.router.add_get("/chat", chat)
    return app
"""
SETTINGS = """
[tool.ferryman]
app = "a shop:create_app"
[[tool.ferryman.portability.ignore]]
code = "M101"
where = "a*.py:11"
reason = "the chat stays on the server"
"""

# The part of the standard's schema that is written, without what it leaves open.
TEXT = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1}},
    "required": ["text"],
    "additionalProperties": False,
}


def of(required: str, optional: str = "", /, **properties: Any) -> dict[str, Any]:
    names = {*required.split(), *optional.split()}
    assert names == properties.keys()
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def many(item: dict[str, Any], **bounds: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **bounds}


STRING = {"type": "string", "minLength": 1}
URI = {"type": "string", "format": "uri", "pattern": "^https://"}
SARIF = of(
    "schema version runs",
    schema=URI,
    version={"const": "2.1.0"},
    runs=many(
        of(
            "tool results columnKind",
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            tool=of(
                "driver",
                driver=of(
                    "name version informationUri rules",
                    name=STRING,
                    version=STRING,
                    informationUri=URI,
                    rules=many(
                        of(
                            "id shortDescription help",
                            "fullDescription helpUri",
                            id=STRING,
                            shortDescription=TEXT,
                            fullDescription=TEXT,
                            help=TEXT,
                            helpUri=URI,
                        ),
                        uniqueItems=True,
                    ),
                ),
            ),
            results=many(
                of(
                    "ruleId ruleIndex level message locations",
                    "suppressions properties",
                    ruleId=STRING,
                    ruleIndex={"type": "integer", "minimum": 0},
                    level={"enum": ["none", "note", "warning", "error"]},
                    message=TEXT,
                    properties={"type": "object"},
                    suppressions=many(
                        of(
                            "kind justification",
                            kind={"enum": ["inSource", "external"]},
                            justification=STRING,
                        )
                    ),
                    locations=many(
                        of(
                            "physicalLocation",
                            physicalLocation=of(
                                "artifactLocation region",
                                artifactLocation=of(
                                    "uri uriBaseId",
                                    uri={"type": "string", "pattern": "^[^ /\\\\][^ \\\\]*$"},
                                    uriBaseId=STRING,
                                ),
                                region=of("startLine", startLine={"type": "integer", "minimum": 1}),
                            ),
                        )
                    ),
                )
            ),
        ),
        minItems=1,
    ),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "a_shop.py").write_text(APP)
    (root / "pyproject.toml").write_text(SETTINGS.replace("a shop", "a_shop"))
    return root


def check(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", "check", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_findings_are_told_by_target_with_the_fix(project: Path) -> None:
    done = check(project, "-t", "lambda", "-t", "server")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        "a_shop.py:7: M302 error: order changes a_shop.ORDERS",
        "    lambda  each environment has its own copy, and Lambda discards environments",
        "    server  a restart loses it, and a second worker would have its own copy",
        "    fix: keep it in ferryman.cache, Redis or a database",
    ]
    assert done.stderr == ("the app has errors on lambda: 1 error, 1 ignored, 2 requests sent\n")


def test_warnings_fail_where_they_are_to(project: Path) -> None:
    done = check(project, "-t", "server", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["moves"], told["targets"], told["ignored"]) == (True, ["server"], [])
    (finding,) = told["findings"]
    assert (finding["code"], finding["level"]) == ("M302", "warning")
    assert finding["place"] == {"file": "a_shop.py", "line": 7}
    assert check(project, "-t", "server", "--strict").returncode == 1


def test_sarif_is_what_the_standard_says(project: Path) -> None:
    done = check(project, "--sarif")
    assert done.returncode == 1, done.stderr
    log = json.loads(done.stdout)
    log["schema"] = log.pop("$schema")
    Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results = {rules[each["ruleIndex"]]: each for each in run["results"]}
    assert [*results] == [each["ruleId"] for each in run["results"]] == ["M302", "M101"]
    assert results["M101"]["suppressions"][0]["justification"] == "the chat stays on the server"
    assert "suppressions" not in results["M302"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--json", "--sarif"), 2, "pass one of them"),
        (("-t", "lamda"), 2, "did you mean 'lambda'?"),
        (("-t", "server:alb"), 2, "the target server has no event sources"),
        (("-t", "lambda:albb"), 2, "there is no event source 'albb'"),
        (("--requests", "nothing.toml"), 2, "nothing.toml cannot be read"),
        (("--requests", "a_shop.py"), 2, "cannot be read as a table of requests"),
        (("--app", "a_shop:nothing"), 3, "has no attribute 'nothing'"),
        (("--set", "portability.ignor=[]"), 2, "did you mean 'portability.ignore'?"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: tuple[str, ...], status: int, said: str, project: Path
) -> None:
    done = check(project, *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_build_tells_the_gravest_in_a_line_each(project: Path) -> None:
    command = [sys.executable, "-m", "ferryman", "build", "-t", "k8s", "--out", "built"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "M302" in line or "check" in line]
    assert told == [
        "note: a_shop.py:7: M302 order changes a_shop.ORDERS: each pod has its own copy, and the "
        "next request may miss it",
        "note: `ferryman check` shows more, and the fixes",
    ]
